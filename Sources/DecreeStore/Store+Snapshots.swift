package import Paxos

/// How far the reading back of a snapshot has come.
package struct SnapshotVerification: Sendable, Equatable {
    /// The group.
    package let group: GroupID
    /// The snapshot.
    package let header: SnapshotHeader
    /// Chunks that were found right.
    package fileprivate(set) var chunks = 0
    fileprivate var digest = SnapshotDigest()
    fileprivate var id: UInt32?

    /// Nothing read yet.
    package init(group: GroupID, header: SnapshotHeader) {
        self.group = group
        self.header = header
    }
}

/// What the reading back of a snapshot came to.
package enum SnapshotVerdict: Sendable, Equatable {
    /// Right so far: to be gone on with.
    case more(SnapshotVerification)
    /// Everything is there as it was written, and is what the header says: `snapshotComplete` may be committed.
    case good
    /// It is not that snapshot, and why: to be dropped.
    case bad(String)
}

extension Store {
    /// Reads back at most `chunks` chunks of a snapshot and goes on reckoning its digest: a little at a time, for
    /// nothing else is written meanwhile. No snapshot becomes complete without (invariant FloorSafe).
    package func verify(
        _ verification: SnapshotVerification, chunks: Int
    ) throws(StoreError) -> SnapshotVerdict {
        try checkUsable()
        precondition(chunks > 0, "no chunk is no progress")
        let header = verification.header
        guard let snapshot = lifecycle.snapshot(verification.group, header),
            verification.id.map({ $0 == snapshot.id.rawValue }) ?? true
        else { return .bad("it is not there any more") }
        var next = verification
        next.id = snapshot.id.rawValue
        var flaw: String?
        try reading {
            for index in next.chunks..<min(next.chunks + chunks, header.chunkCount) {
                let read = try snapshotRows.chunk(index, of: snapshot)
                guard case .intact(let bytes) = read else {
                    flaw = read.flaw(index)
                    return
                }
                next.digest.add(bytes[...])
                next.chunks += 1
            }
        }
        if let flaw { return .bad(flaw) }
        guard next.chunks == header.chunkCount else { return .more(next) }
        guard next.digest.value == header.digest else {
            return .bad("its bytes have the digest \(next.digest.value), not \(header.digest)")
        }
        lifecycle.noteVerified(snapshot.id)
        return .good
    }

    /// All bytes of a snapshot, which has been read back then; nil if they are not all there, or not right.
    package func loadSnapshot(
        _ group: GroupID, _ header: SnapshotHeader
    ) throws(StoreError) -> Snapshot? {
        try checkUsable()
        guard let kept = lifecycle.snapshot(group, header) else { return nil }
        var loaded: Snapshot?
        try reading {
            if case .success(let snapshot) = try snapshotRows.load(kept) { loaded = snapshot }
        }
        if loaded != nil { lifecycle.noteVerified(kept.id) }
        return loaded
    }

    /// Forgets an incomplete snapshot: one that turned out bad, or that nobody wants any more. Its rows go with later
    /// trims; if the node stops before, it is found again, and found bad again.
    package func dropSnapshot(_ group: GroupID, _ header: SnapshotHeader) {
        guard let snapshot = lifecycle.snapshot(group, header), !snapshot.isComplete else { return }
        lifecycle.forget(snapshot.id)
    }
}

extension SnapshotRows {
    /// All bytes of a snapshot, held against its header, or in words what is wrong with them.
    func load(_ kept: KeptSnapshot) throws(SQLiteError) -> Result<Snapshot, SnapshotFlaw> {
        let header = kept.header
        guard kept.hasAllChunks else {
            return .failure(SnapshotFlaw(detail: "chunk \(kept.chunks) is missing"))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(header.byteCount))
        for index in 0..<header.chunkCount {
            let read = try chunk(index, of: kept)
            guard case .intact(let chunk) = read else {
                return .failure(SnapshotFlaw(detail: read.flaw(index) ?? ""))
            }
            bytes.append(contentsOf: chunk)
        }
        let snapshot = Snapshot(slot: header.slot, chain: header.chain, bytes: bytes)
        guard snapshot.header == header else {
            return .failure(
                SnapshotFlaw(
                    detail: "its bytes have the digest \(snapshot.header.digest), not \(header.digest)"))
        }
        return .success(snapshot)
    }
}

/// What is wrong with a snapshot's bytes.
struct SnapshotFlaw: Error {
    let detail: String
}
