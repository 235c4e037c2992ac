package import Paxos

/// A snapshot as a store has it.
package struct InspectedSnapshot: Equatable, Sendable {
    /// What it is.
    package let header: SnapshotHeader
    /// Whether it stands for the log.
    package let isComplete: Bool
    /// Chunks that are there, from the first on without a gap.
    package let chunks: Int
}

extension StoreInspector {
    /// Slots of the group through this one are deleted, or may be.
    package func floor(of group: GroupID) throws(StoreError) -> Slot {
        guard snapshotRows != nil else { return .zero }
        return try StoreError.naming(file) { () throws(SQLiteError) in
            try FloorRows.read(connection, group)
        }.get()
    }

    /// A group's snapshots, in the order they were begun.
    package func snapshots(of group: GroupID) throws(StoreError) -> [InspectedSnapshot] {
        try kept().filter { $0.group == group }.map {
            InspectedSnapshot(header: $0.header, isComplete: $0.isComplete, chunks: $0.chunks)
        }
    }

    /// The complete snapshot that stands for most of a group's log.
    package func latestSnapshot(of group: GroupID) throws(StoreError) -> SnapshotHeader? {
        try kept().filter { $0.group == group && $0.isComplete }.max { $1.isLater(than: $0) }?.header
    }

    /// A complete snapshot, every byte of it held against its header.
    package func snapshot(_ header: SnapshotHeader, of group: GroupID) throws(StoreError) -> Snapshot {
        let kept = try kept().last { $0.group == group && $0.header == header && $0.isComplete }
        guard let snapshotRows, let kept else {
            throw .corrupt(place: "snapshot", group: group, slot: header.slot, detail: "it is not there")
        }
        let loaded = try StoreError.naming(file) { () throws(SQLiteError) in try snapshotRows.load(kept) }
        switch loaded {
        case .success(let snapshot): return snapshot
        case .failure(let flaw):
            throw .corrupt(place: "snapshot", group: group, slot: header.slot, detail: flaw.detail)
        }
    }

    /// What was seen of other nodes' stores, ascending by node.
    package func witnesses() throws(StoreError) -> [NodeWitness] {
        var witnesses: [NodeWitness] = []
        for row in try witnessRows() { witnesses.append(try row.get()) }
        return witnesses
    }

    /// The starts of the node, ascending; none for a store of a format that had none.
    package func starts() throws(StoreError) -> [NodeStart] {
        format >= StartRows.format ? try StartRows.read(connection, file: file) : []
    }

    /// Why no node can start on the store any more; nil if one can.
    package func fence() throws(StoreError) -> String? {
        format >= StartRows.format ? try StartRows.fence(connection, file: file) : nil
    }

    private func witnessRows() throws(StoreError) -> [Result<NodeWitness, StoreError>] {
        guard snapshotRows != nil else { return [] }
        return try StoreError.naming(file) { () throws(SQLiteError) in
            try WitnessRows.read(connection, format: format)
        }
    }

    private func placeRows() throws(StoreError) -> [Result<NodePlace, StoreError>] {
        guard format >= PlaceRows.format else { return [] }
        return try StoreError.naming(file) { () throws(SQLiteError) in try PlaceRows.read(connection) }
    }

    private func kept() throws(StoreError) -> [KeptSnapshot] {
        var kept: [KeptSnapshot] = []
        for row in try snapshotTable() { kept.append(try row.get()) }
        return kept
    }

    /// The snapshots with the chunks they have, or what is wrong with their rows.
    private func snapshotTable() throws(StoreError) -> [Result<KeptSnapshot, StoreError>] {
        guard let snapshotRows else { return [] }
        return try StoreError.naming(file) { () throws(SQLiteError) in
            var keys: [SnapshotID: [Int]] = [:]
            try snapshotRows.eachChunkKey { key in
                if let id = key.snapshot { keys[id, default: []].append(key.index) }
            }
            return try snapshotRows.snapshots().map { row in
                row.map { snapshot in
                    var counted = snapshot
                    for chunk in keys[snapshot.id] ?? [] { counted.note(chunk: chunk) }
                    return counted
                }
            }
        }
    }

    // MARK: Verifying

    /// Every chunk against its checksum; of complete snapshots, the bytes against the digest; floors against them.
    /// Returns where the kept logs begin.
    func verifySnapshots(_ groups: [GroupID], _ report: inout VerifyReport) throws -> InspectedLog {
        var log = InspectedLog(groups: groups)
        for row in try snapshotTable() {
            report.snapshots += 1
            switch row {
            case .success(let snapshot):
                if snapshot.isComplete,
                    log.snapshots[snapshot.group].map({ $0.slot <= snapshot.header.slot }) ?? true
                {
                    log.snapshots[snapshot.group] = snapshot.header
                }
                try verify(snapshot, &report)
            case .failure(let error): report.note(error)
            }
        }
        guard snapshotRows != nil else { return log }
        for group in groups {
            let through = log.snapshots[group]?.slot ?? .zero
            switch try FloorRows.read(connection, group) {
            case .success(let floor):
                log.floors[group] = floor
                guard floor > through else { continue }
                report.note(
                    .corrupt(
                        place: "floor", group: group, slot: floor,
                        detail:
                            "no snapshot stands for the slots through it, the latest for those through \(through)"
                    ))
            case .failure(let error): report.note(error)
            }
        }
        return log
    }

    private func verify(_ snapshot: KeptSnapshot, _ report: inout VerifyReport) throws {
        guard let snapshotRows else { return }
        var digest = SnapshotDigest()
        var isIntact = true
        func note(_ place: String, _ detail: String) {
            isIntact = false
            report.note(
                .corrupt(place: place, group: snapshot.group, slot: snapshot.header.slot, detail: detail))
        }
        for index in 0..<(snapshot.isComplete ? snapshot.header.chunkCount : snapshot.chunks) {
            report.chunks += 1
            let read = try snapshotRows.chunk(index, of: snapshot)
            if case .intact(let bytes) = read {
                digest.add(bytes[...])
            } else {
                note(Damage.snapshotPlace, read.flaw(index) ?? "")
            }
        }
        guard snapshot.isComplete, isIntact, digest.value != snapshot.header.digest else { return }
        note("snapshot", "its bytes have the digest \(digest.value), not \(snapshot.header.digest)")
    }

    func verifyWitnesses(_ report: inout VerifyReport) throws {
        for case .failure(let error) in try witnessRows() { report.note(error) }
        for case .failure(let error) in try placeRows() { report.note(error) }
        _ = try starts()
    }
}

/// Where the kept logs of a store begin.
struct InspectedLog {
    var floors: [GroupID: Slot] = [:]
    /// The latest complete snapshot of each group that has one.
    var snapshots: [GroupID: SnapshotHeader] = [:]

    init(groups: [GroupID]) { for group in groups { floors[group] = .zero } }

    init(floors: [GroupID: Slot], snapshots: [GroupID: SnapshotHeader]) {
        self.floors = floors
        self.snapshots = snapshots
    }

    /// Holds the kept slots of a group against their order and chain: the chain through the floor is known from the
    /// beginning of the log, or from a snapshot that ends there.
    func verifier(of group: GroupID) -> ChainVerifier {
        let floor = floors[group] ?? .zero
        if let snapshot = snapshots[group], snapshot.slot == floor {
            return ChainVerifier(group: group, after: floor, chain: snapshot.chain)
        }
        return ChainVerifier(group: group, after: floor, chain: floor == .zero ? .zero : nil)
    }
}
