import Testing

@testable import DecreeStore
@testable import Paxos

/// Snapshots: written a chunk at a time, read back, completed, restored (invariants FloorSafe and ApplyAtomic).
@Suite struct StoreSnapshotTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private let texts = (1...10).map { "value \($0)" }
    private let bytes = 3 * SnapshotHeader.chunkBytes + 5

    /// A store with nine chosen slots and a vote, and the chain through a slot.
    private func filled() throws -> (Store, (UInt64) -> Digest) {
        let store = try openStore(directory)
        try store.fill(texts)
        let digests = texts.map { proposal($0).digest }
        return (
            store, { slot in (1...slot).reduce(.zero) { $0.chained(Slot($1), digests[Int($1) - 1]) } }
        )
    }

    @Test func aCompleteSnapshotIsRestoredAndTheSlotsAboveItReplayed() throws {
        var (store, chain) = try filled()
        let taken = snapshot(through: 6, bytes: bytes, chain: chain(6))
        try store.complete(taken)
        #expect(try store.count("snapshot_chunk") == 4)
        try store.close()
        store = try openStore(directory)
        let found = try store.recoverAll()
        #expect(found.snapshot?.header == taken.header && found.snapshot?.bytes == taken.bytes)
        #expect(found.chosen.map(\.slot.rawValue) == [7, 8, 9])
        #expect(found.chain == chain(9))
        #expect(
            found.votes
                == RecoveredVotes(promised: ballot, accepted: [vote(10, "value 10")], snapshot: taken.header))
        #expect(try store.loadSnapshot(group, taken.header)?.bytes == taken.bytes)
    }

    /// Its chain is not that of the slots it stands for: they and the ones above are two histories.
    @Test func aSnapshotOfAnotherHistoryIsRefused() throws {
        let (store, _) = try filled()
        try store.complete(snapshot(through: 6, bytes: 10, chain: Digest(rawValue: 7)))
        try store.close()
        let found = corruption { try openStore(directory).recoverAll() }
        #expect(found?.place == "chosen" && found?.slot == Slot(7))
    }

    @Test func anInstalledSnapshotIsWhereTheLogStarts() throws {
        var (store, _) = try filled()
        let peers = snapshot(through: 500, bytes: bytes, chain: Digest(rawValue: 99))
        try store.complete(peers, isInstalled: true)
        let after = vote(501, "after")
        let chain = peers.header.chain.chained(Slot(501), after.proposal.digest)
        try store.expectCommit(
            step(.accepted(group, after), .chosen(group, Slot(501), ballot, chain: chain)))
        for isTrimmed in [false, true] {
            if isTrimmed { _ = try store.trimAll(rows: 3) }
            try store.close()
            store = try openStore(directory)
            let found = try store.recoverAll()
            #expect(found.snapshot?.bytes == peers.bytes)
            #expect(found.chosen == [after])
            #expect(
                found.votes
                    == RecoveredVotes(
                        promised: ballot, accepted: [], floor: Slot(500), snapshot: peers.header))
            #expect(try directory.isSound(store))
        }
        #expect(try store.count("accepted") == 1)
    }

    @Test func aBeginningIsGoneOnWithAfterARestart() throws {
        var (store, _) = try filled()
        let peers = snapshot(through: 500, bytes: bytes)
        for chunks in 1...3 {
            try store.write(peers, chunks: chunks - 1..<chunks)
            try store.close()
            store = try openStore(directory)
            let partial = try store.recoverAll().votes.partial
            #expect(partial == PartialSnapshot(header: peers.header, chunks: chunks))
        }
        #expect(try store.verdict(on: peers.header) == .bad("chunk 3 is missing"))
        #expect(try store.loadSnapshot(group, peers.header) == nil)
        try store.write(peers, chunks: 3..<4)
        #expect(try store.recoverAll().votes.snapshot == nil, "it is not complete yet")
        #expect(try store.verdict(on: peers.header, chunks: 1) == .good)
        try store.expectCommit(step(.snapshotComplete(group, peers.header, isInstalled: true)))
        #expect(try store.recoverAll().votes.partial == nil)
        #expect(try store.recoverAll().snapshot?.bytes == peers.bytes)
    }

    /// A chunk that rotted before the snapshot was complete is fetched again.
    @Test func aDamagedChunkEndsTheBeginning() throws {
        var (store, _) = try filled()
        let peers = snapshot(through: 500, bytes: bytes)
        try store.write(peers)
        try store.close()
        try directory.sql("UPDATE snapshot_chunk SET bytes = zeroblob(65536) WHERE chunk = 2")
        store = try openStore(directory)
        #expect(try store.recoverAll().votes.partial?.chunks == 2)
        #expect(try store.verdict(on: peers.header) == .bad("chunk 2 differs from its checksum"))
        try store.write(peers, chunks: 2..<3)
        #expect(try store.verdict(on: peers.header) == .good)
    }

    @Test func chunksMayComeInAnyOrderAndMoreThanOnce() throws {
        let (store, _) = try filled()
        let peers = snapshot(through: 500, bytes: bytes)
        for index in [3, 0, 1, 1, 0, 2] { try store.write(peers, chunks: index..<index + 1) }
        #expect(try store.verdict(on: peers.header) == .good)
        #expect(try store.count("snapshot") == 1)
    }

    /// The bytes a peer sent are not those of its header: chunk by chunk they look well.
    @Test func aSnapshotWhoseDigestIsAnotherIsBadAndDropped() throws {
        let (store, _) = try filled()
        let right = snapshot(through: 500, bytes: bytes)
        let other = snapshot(through: 500, bytes: bytes, seed: 2)
        for index in 0..<4 {
            let bytes = index == 1 ? other.chunk(1) : right.chunk(index)
            try store.expectCommit(step(.snapshotChunk(group, right.header, index: UInt32(index), bytes)))
        }
        guard case .bad(let detail) = try store.verdict(on: right.header) else {
            Issue.record("it is not bad")
            return
        }
        #expect(detail.hasPrefix("its bytes have the digest"))
        #expect(try store.loadSnapshot(group, right.header) == nil)
        store.dropSnapshot(group, right.header)
        #expect(try store.recoverAll().votes.partial == nil)
        // It may be begun anew before what is left of it has gone.
        try store.complete(right, isInstalled: true)
        #expect(try store.trimAll(rows: 2) > 2)
        #expect(try store.count("snapshot_chunk") == 4 && store.count("snapshot") == 1)
        #expect(try store.recoverAll().snapshot?.bytes == right.bytes)
    }

    /// Nobody writes one, for a session table has a length: the header alone must not trip anything up.
    @Test func aSnapshotWithoutAByteIsNone() throws {
        let (store, chain) = try filled()
        let empty = snapshot(through: 3, bytes: 0, chain: chain(3))
        #expect(try store.verdict(on: empty.header) == .bad("it is not there any more"))
    }

    @Test func nothingBecomesCompleteThatWasNotReadBack() throws {
        for flaw in ["unverified", "unfinished", "unknown"] {
            let directory = try TemporaryDirectory()
            let store = try openStore(directory)
            let peers = snapshot(through: 500, bytes: bytes)
            if flaw != "unknown" { try store.write(peers, chunks: 0..<(flaw == "unfinished" ? 3 : 4)) }
            let sequence = store.persistSequence
            #expect {
                try store.expectCommit(
                    step(.promise(group, ballot), .snapshotComplete(group, peers.header, isInstalled: true)))
            } throws: {
                if case StoreError.unexpected? = $0 as? StoreError { true } else { false }
            }
            #expect(store.persistSequence == sequence)
        }
    }

    @Test func chunksAreServedAFewAtATimeOfCompleteSnapshotsAlone() throws {
        let (store, chain) = try filled()
        let taken = snapshot(through: 6, bytes: 5 * SnapshotHeader.chunkBytes + 9, chain: chain(6))
        func serve(_ from: UInt32, of header: SnapshotHeader) throws -> [[UInt8]] {
            let read = LogRead(group: group, to: .node(NodeID(2)), content: .chunks(header, from: from))
            return try store.serve(read).result.chunks
        }
        try store.write(taken)
        #expect(try serve(0, of: taken.header) == [])
        #expect(try store.verdict(on: taken.header) == .good)
        try store.expectCommit(step(.snapshotComplete(group, taken.header, isInstalled: false)))
        #expect(try serve(0, of: taken.header) == (0..<4).map { Array(taken.chunk($0)) })
        #expect(try serve(4, of: taken.header) == (4..<6).map { Array(taken.chunk($0)) })
        #expect(try serve(6, of: taken.header) == [])
        #expect(try serve(.max, of: taken.header) == [])
        #expect(try serve(0, of: snapshot(through: 6, bytes: 9).header) == [])
        // A damaged one ends the answer, and the node lives on.
        try store.connection.execute("UPDATE snapshot_chunk SET checksum = checksum + 1 WHERE chunk = 2")
        #expect(try serve(0, of: taken.header).count == 2)
        #expect(try serve(2, of: taken.header) == [])
        #expect(
            store.damage.map(\.description) == [
                "snapshot_chunk group 1 slot 6: chunk 2 differs from its checksum"
            ])
        try store.expectCommit(step(.promise(group, ballot)))
    }
}

extension TemporaryDirectory {
    /// Whether an inspection finds nothing wrong with a store, which is closed for it and opened again.
    func isSound(_ store: Store) throws -> Bool {
        try store.connection.text("SELECT group_concat(kind || ' ' || coalesce(slot, '')) FROM violations")
            == ""
    }
}
