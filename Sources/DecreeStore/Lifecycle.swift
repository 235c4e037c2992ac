import Paxos

/// What the store remembers of floors and snapshots, so that neither a commit nor a trim that has nothing to do asks
/// the disk. A value: a transaction works on a copy, which takes its place when it is durable.
struct Lifecycle {
    /// A row to be written.
    enum Row {
        case snapshot(KeptSnapshot)
        case chunk(ChunkKey, ArraySlice<UInt8>)
        case floor(GroupID, Slot)
    }

    /// Each group's floor.
    private(set) var floors: [GroupID: Slot] = [:]
    /// Snapshots, ascending by id.
    private(set) var snapshots: [KeptSnapshot] = []
    /// Snapshots that are forgotten, and of which chunks may be left.
    private(set) var forgotten: [SnapshotID] = []
    /// Groups that may have rows at or below their floor.
    private(set) var untrimmed: Set<GroupID> = []
    private var lastID: SnapshotID?

    // MARK: What there is

    /// A group's floor.
    func floor(_ group: GroupID) -> Slot { floors[group] ?? .zero }

    /// The snapshot with this header, the one begun last if there are two.
    func snapshot(_ group: GroupID, _ header: SnapshotHeader) -> KeptSnapshot? {
        snapshots.last { $0.group == group && $0.header == header }
    }

    /// The complete snapshot that stands for most of the log.
    func latest(_ group: GroupID) -> KeptSnapshot? {
        var latest: KeptSnapshot?
        for snapshot in snapshots where snapshot.group == group && snapshot.isComplete {
            if latest.map(snapshot.isLater) ?? true { latest = snapshot }
        }
        return latest
    }

    /// The incomplete snapshot begun last, if it stands for more than the latest complete one.
    func partial(_ group: GroupID) -> KeptSnapshot? {
        let through = latest(group)?.header.slot ?? .zero
        return snapshots.last { $0.group == group && !$0.isComplete && $0.header.slot > through }
    }

    /// Snapshots that nobody needs: what a later one stands for, and beginnings of which there is a later one.
    func unneeded(keeping: [SnapshotHeader]) -> [KeptSnapshot] {
        guard snapshots.count > 1 else { return [] }
        return snapshots.filter { snapshot in
            guard !keeping.contains(snapshot.header) else { return false }
            if let latest = latest(snapshot.group), latest.id != snapshot.id,
                snapshot.header.slot <= latest.header.slot
            {
                return true
            }
            return !snapshot.isComplete
                && snapshots.contains {
                    $0.group == snapshot.group && !$0.isComplete && $0.id > snapshot.id
                }
        }
    }

    // MARK: Changes

    /// Takes up what was found when the store was opened.
    init(groups: [GroupID], floors found: [GroupID: Slot], _ kept: [KeptSnapshot], chunks: [ChunkKey]) {
        floors = found
        snapshots = kept
        untrimmed = Set(groups.filter { floor($0) > .zero })
        lastID = kept.last?.id
        for key in chunks {
            guard let id = key.snapshot else { continue }
            lastID = max(lastID ?? id, id)
            if let index = snapshots.firstIndex(where: { $0.id == id }) {
                snapshots[index].note(chunk: key.index)
            } else if forgotten.last != id {
                forgotten.append(id)
            }
        }
    }

    /// Judges a row of a step, and says what is to be written for it.
    ///
    /// - Throws: what is wrong with it: a mistake of whoever wants it written.
    mutating func plan(_ write: Write) throws(PlanError) -> [Row] {
        switch write {
        case .promise, .accepted, .chosen, .configuration, .witness, .place: return []
        case .snapshotChunk(let group, let header, let index, let bytes):
            return try planChunk(group, header, Int(index), bytes)
        case .snapshotComplete(let group, let header, let isInstalled):
            return try planCompletion(group, header, isInstalled: isInstalled)
        case .floor(let group, let slot): return try planFloor(group, slot)
        }
    }

    private mutating func planChunk(
        _ group: GroupID, _ header: SnapshotHeader, _ index: Int, _ bytes: ArraySlice<UInt8>
    ) throws(PlanError) -> [Row] {
        guard floors[group] != nil, header.isPlausible, index < header.chunkCount,
            bytes.count == header.range(ofChunk: index).count
        else { throw PlanError(detail: "chunk \(index) of a snapshot at slot \(header.slot) cannot be one") }
        let position = snapshots.lastIndex { $0.group == group && $0.header == header }
        if let position {
            // One that came twice is there already.
            guard index >= snapshots[position].chunks else { return [] }
            snapshots[position].note(chunk: index)
            return [.chunk(ChunkKey(snapshots[position].id, index), bytes)]
        }
        var begun = begin(group, header)
        let row = Row.snapshot(begun)
        begun.note(chunk: index)
        snapshots.append(begun)
        return [row, .chunk(ChunkKey(begun.id, index), bytes)]
    }

    private mutating func planCompletion(
        _ group: GroupID, _ header: SnapshotHeader, isInstalled: Bool
    ) throws(PlanError) -> [Row] {
        guard let position = snapshots.lastIndex(where: { $0.group == group && $0.header == header }),
            snapshots[position].isComplete
                || snapshots[position].hasAllChunks && snapshots[position].isVerified
        else {
            throw PlanError(
                detail:
                    "the snapshot at slot \(header.slot) is to be complete, and was not read back and verified"
            )
        }
        var rows: [Row] = []
        if !snapshots[position].isComplete {
            snapshots[position].isComplete = true
            rows.append(.snapshot(snapshots[position]))
        }
        return isInstalled ? rows + (try planFloor(group, header.slot)) : rows
    }

    private mutating func planFloor(_ group: GroupID, _ slot: Slot) throws(PlanError) -> [Row] {
        guard slot > floor(group) else { return [] }
        guard let latest = latest(group), slot <= latest.header.slot else {
            throw PlanError(detail: "the floor is to be slot \(slot), for which no complete snapshot stands")
        }
        floors[group] = slot
        untrimmed.insert(group)
        return [.floor(group, slot)]
    }

    private mutating func begin(_ group: GroupID, _ header: SnapshotHeader) -> KeptSnapshot {
        let id = SnapshotID.after(lastID)
        lastID = id
        return KeptSnapshot(id: id, group: group, header: header, isComplete: false)
    }

    /// Notes that a snapshot has been read back and found right.
    mutating func noteVerified(_ id: SnapshotID) {
        guard let position = snapshots.firstIndex(where: { $0.id == id }) else { return }
        snapshots[position].isVerified = true
    }

    /// Notes how many chunks of a snapshot are intact: the one behind them is to be written again.
    mutating func noteIntact(chunks: Int, of id: SnapshotID) {
        guard let position = snapshots.firstIndex(where: { $0.id == id }) else { return }
        let before = snapshots[position].chunks
        guard chunks < before else { return }
        snapshots[position].chunks = chunks
        snapshots[position].beyond.formUnion(chunks + 1..<before)
        snapshots[position].isVerified = false
    }

    /// Forgets a snapshot; a trim deletes what there is of it.
    mutating func forget(_ id: SnapshotID) {
        snapshots.removeAll { $0.id == id }
        if !forgotten.contains(id) { forgotten.append(id) }
    }

    /// Notes that nothing is left of a forgotten snapshot.
    mutating func noteDeleted(_ id: SnapshotID) { forgotten.removeAll { $0 == id } }

    /// Notes that a group has no rows at or below its floor.
    mutating func noteTrimmed(_ group: GroupID) { untrimmed.remove(group) }
}

/// Why a row cannot be written.
struct PlanError: Error {
    let detail: String
}
