import DecreeStore
package import Paxos

/// What is done about snapshots beside the commits: this node's own is encoded elsewhere, written a chunk at a time, and
/// read back before it counts; a peer's is read back, decoded elsewhere, and installed; what they stand for is deleted
/// a few rows at a time.
///
/// None of it may hold up a vote: a node that nobody asks anything goes on with it at once, and one that votes takes a
/// bite in a tick. (Where every gap between two votes was filled, the votes that came meanwhile waited: the
/// slowest hundredth of the commands took three times as long.)
struct Upkeep {
    /// This node's own snapshot, on its way.
    enum Taking {
        case encoding(GroupID)
        /// The next chunk to be written.
        case writing(GroupID, Snapshot, chunk: Int)
        case verifying(GroupID, SnapshotHeader, SnapshotVerification)
    }

    /// A peer's snapshot, on its way in.
    enum Installing {
        case loading(GroupID, SnapshotHeader)
        case decoding(GroupID, SnapshotHeader)
        /// Decoded; it counts when the row that says so is durable.
        case completing(GroupID, SnapshotHeader, Capture, isHanded: Bool)
    }

    var taking: Taking?
    var installing: Installing?
    /// Whether there may be something to delete.
    var mayTrim = true
    /// When a bite was last taken of all this.
    var lastTick: UInt64 = 0
    /// When somebody last waited for the disk.
    var lastUrgentTick: UInt64 = 0
    /// Snapshots that peers are reading, and when they last did: they stay, though a later one is there.
    var read: [(header: SnapshotHeader, tick: UInt64)] = []
    /// Where the search for rot goes on: the group's place, and the slot.
    var scrub = (group: 0, from: Slot.zero.next)
    var scrubbedTick: UInt64 = 0
    /// Rot that was found above the latest snapshot: when there is a later one, it is deleted.
    var rotten: [GroupID: Slot] = [:]

    /// Ticks between two bites while somebody waits for the disk, or did in the tick before.
    static let ticksUnderLoad: UInt64 = 1
    /// Chunks read back in one bite: 256 KiB.
    static let chunksVerified = 4
    /// Rows deleted in one bite.
    static let rowsTrimmed = 256
    /// Rows searched for rot in one bite, and ticks between two of them.
    static let rowsScrubbed = 64
    static let ticksBetweenScrubs: UInt64 = 20
    /// Ticks for which a snapshot that a peer was reading stays.
    static let ticksRead: UInt64 = 6_000
}

extension NodeCore {
    /// Takes a bite, if there is something to be done and the disk may: it is idle. Returns whether it is busy now.
    func doUpkeep() -> Bool {
        guard diskState == .idle, !isStopping else { return false }
        beginUpkeep()
        if step.isUrgent { upkeep.lastUrgentTick = ticks }
        guard
            ticks - upkeep.lastUrgentTick > Upkeep.ticksUnderLoad
                || ticks - upkeep.lastTick >= Upkeep.ticksUnderLoad
        else { return false }
        if let job = nextUpkeep() {
            upkeep.lastTick = ticks
            diskState = .busy
            shell?.perform(job)
            return true
        }
        if addChunk() {
            upkeep.lastTick = ticks
            commit()
            return true
        }
        return false
    }

    /// Looks whether there is something new to do.
    private func beginUpkeep() {
        for index in groups.indices {
            if upkeep.taking == nil, let capture = groups[index].takeCapture() {
                upkeep.taking = .encoding(groups[index].id)
                shell?.encode(capture, for: groups[index].id)
            }
        }
    }

    private func nextUpkeep() -> DiskJob? {
        // What is to be read back must have been written.
        if upkeep.installing == nil, step.writes.isEmpty,
            let group = groups.first(where: { $0.installing != nil }), let header = group.installing
        {
            upkeep.installing = .loading(group.id, header)
            return .loadSnapshot(group.id, header)
        }
        if case .verifying(_, _, let verification) = upkeep.taking {
            return .verifySnapshot(verification, chunks: Upkeep.chunksVerified)
        }
        if upkeep.mayTrim {
            upkeep.read.removeAll { ticks - $0.tick > Upkeep.ticksRead }
            return .trim(
                keeping: upkeep.read.map(\.header) + ownWork + groups.compactMap(\.arrivingHeader),
                rows: Upkeep.rowsTrimmed)
        }
        if !step.isUrgent, ticks - upkeep.scrubbedTick >= Upkeep.ticksBetweenScrubs,
            groups.indices.contains(upkeep.scrub.group)
        {
            upkeep.scrubbedTick = ticks
            return .scrub(
                groups[upkeep.scrub.group].id, from: upkeep.scrub.from, rows: Upkeep.rowsScrubbed)
        }
        return nil
    }

    /// Adds the next chunk of this node's own snapshot to the step: one a transaction.
    private func addChunk() -> Bool {
        guard case .writing(let group, let snapshot, let chunk) = upkeep.taking else { return false }
        guard chunk < snapshot.header.chunkCount else { return false }
        step.write(
            .snapshotChunk(group, snapshot.header, index: UInt32(chunk), snapshot.chunk(chunk)))
        upkeep.taking = .writing(group, snapshot, chunk: chunk + 1)
        return true
    }

    /// Snapshots that are being written, read back or installed, or whose row is on its way to the disk: the store must
    /// not take one for a beginning that nobody wants, because another was begun after it.
    var ownWork: [SnapshotHeader] {
        var headers = groups.compactMap(\.snapshot)
        switch upkeep.taking {
        case .writing(_, let snapshot, _): headers.append(snapshot.header)
        case .verifying(_, let header, _): headers.append(header)
        case .encoding, nil: break
        }
        switch upkeep.installing {
        case .loading(_, let header), .decoding(_, let header), .completing(_, let header, _, _):
            headers.append(header)
        case nil: break
        }
        return headers
    }

    // MARK: This node's own

    /// The copy that was taken is encoded.
    package func encoded(_ snapshot: Snapshot, for group: GroupID) {
        guard case .encoding = upkeep.taking, diskState != .gone else { return }
        upkeep.taking = .writing(group, snapshot, chunk: 0)
        scheduleTurnEnd()
    }

    /// A step is durable: so are the chunks in it.
    func chunksCommitted() {
        guard case .writing(let group, let snapshot, let chunk) = upkeep.taking,
            chunk == snapshot.header.chunkCount
        else { return }
        upkeep.taking = .verifying(
            group, snapshot.header, SnapshotVerification(group: group, header: snapshot.header))
    }

    func take(_ verdict: SnapshotVerdict) {
        guard case .verifying(let group, let header, _) = upkeep.taking, let index = index(of: group) else {
            return
        }
        switch verdict {
        case .more(let verification): upkeep.taking = .verifying(group, header, verification)
        case .good:
            upkeep.taking = nil
            upkeep.mayTrim = true
            groups[index].tookSnapshot(header, into: &step)
            if let rotten = upkeep.rotten[group], rotten <= header.slot {
                groups[index].raiseFloor(to: rotten, into: &step)
                upkeep.rotten[group] = nil
            }
            shell?.note(.snapshotTaken(group, header))
        case .bad(let detail):
            upkeep.taking = nil
            groups[index].gaveUpSnapshot()
            shell?.note(.snapshotBad(group, header, detail))
        }
    }

    // MARK: A peer's

    func takeLoaded(_ snapshot: Snapshot?) {
        guard case .loading(let group, let header) = upkeep.installing, let index = index(of: group) else {
            return
        }
        guard let snapshot, groups[index].isWorthInstalling(header) else {
            discard(group, header, snapshot == nil ? "its chunks are not what was sent" : nil)
            return
        }
        upkeep.installing = .decoding(group, header)
        shell?.decode(snapshot, machine: groups[index].machine, for: group)
    }

    /// A peer's snapshot is decoded; or why it is none.
    package func decoded(_ result: Result<Capture, MachineRestoreError>) {
        guard case .decoding(let group, let header) = upkeep.installing, diskState != .gone else { return }
        switch result {
        case .success(let capture):
            upkeep.installing = .completing(group, header, capture, isHanded: false)
            step.write(.snapshotComplete(group, header, isInstalled: true))
        case .failure(let error): discard(group, header, error.description)
        }
        scheduleTurnEnd()
    }

    private func discard(_ group: GroupID, _ header: SnapshotHeader, _ detail: String?) {
        upkeep.installing = nil
        if let index = index(of: group) { groups[index].discardSnapshot(header) }
        if let detail { shell?.note(.snapshotBad(group, header, detail)) }
        upkeep.mayTrim = true
        dropped.append((group, header))
    }

    /// The step goes to the disk.
    func noteHanded() {
        if case .completing(let group, let header, let capture, false) = upkeep.installing {
            upkeep.installing = .completing(group, header, capture, isHanded: true)
        }
    }

    /// A step is durable: so is the row that says that a peer's snapshot counts, if it was in it.
    func completionCommitted() {
        guard case .completing(let group, let header, let capture, true) = upkeep.installing,
            let index = index(of: group)
        else { return }
        upkeep.installing = nil
        upkeep.mayTrim = true
        groups[index].install(capture, header, into: &step)
        shell?.note(.snapshotInstalled(group, header))
    }

    // MARK: Rot

    func takeScrubbed(_ result: ScrubResult) {
        guard groups.indices.contains(upkeep.scrub.group) else { return }
        if let slot = result.damaged { mend(slot, ofGroupAt: upkeep.scrub.group) }
        if let next = result.next {
            upkeep.scrub.from = next
        } else {
            upkeep.scrub = ((upkeep.scrub.group + 1) % groups.count, Slot.zero.next)
        }
    }

    /// A row says something else than was written. What a snapshot stands for is deleted; where none does yet, one is
    /// taken, for what was executed is in memory.
    private func mend(_ slot: Slot, ofGroupAt index: Int) {
        let group = groups[index].id
        guard upkeep.rotten[group] == nil, slot <= groups[index].chosenThrough, slot > groups[index].floor
        else {
            return
        }
        shell?.note(.rot(group, slot))
        if let snapshot = groups[index].snapshot, slot <= snapshot.slot {
            groups[index].raiseFloor(to: slot, into: &step)
            upkeep.mayTrim = true
        } else {
            upkeep.rotten[group] = slot
            groups[index].handle(.request(.nobody, .admin(.takeSnapshot)), into: &step)
        }
    }

    // MARK: Reading for others

    /// What was asked of the store has been read.
    func deliver(_ reads: [(LogRead, LogReadResult)]) {
        for (read, result) in reads {
            guard let index = index(of: read.group) else { continue }
            if case .chunks(let header, _) = read.content { pin(header) }
            switch read.to {
            case .node(let node):
                deliver(
                    groups[index].messages(result, for: read.content)
                        .map { Envelope(group: read.group, to: node, message: $0) })
            case .ticket(let ticket): step.respond(ticket, groups[index].response(result))
            }
        }
    }

    private func pin(_ header: SnapshotHeader) {
        upkeep.read.removeAll { $0.header == header || ticks - $0.tick > Upkeep.ticksRead }
        upkeep.read.append((header, ticks))
        // One beside the latest, lest readers keep everything.
        if upkeep.read.count > 2 { upkeep.read.removeFirst() }
    }
}
