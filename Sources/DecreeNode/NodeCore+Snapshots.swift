import DecreeStore
package import Paxos

extension NodeCore {
    /// Takes a bite, if there is something to be done and the disk may: it is idle. Returns whether it is busy now.
    func doUpkeep() -> Bool {
        guard diskState == .idle, !isStopping else { return false }
        beginUpkeep()
        if step.isUrgent { upkeep.lastUrgentTick = ticks }
        guard !upkeep.isUnderLoad(atTick: ticks) || ticks - upkeep.lastTick >= Upkeep.ticksUnderLoad else {
            return false
        }
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
        unpinExpired()
        for index in groups.indices {
            if upkeep.taking == nil, let capture = groups[index].takeCapture() {
                upkeep.taking = .encoding(groups[index].id)
                shell?.encode(capture, for: groups[index].id)
            }
        }
    }

    private func nextUpkeep() -> DiskJob? {
        // What is to be read back must have been written. Other rows may wait meanwhile: under another group's load there
        // always are some.
        if upkeep.installing == nil, !step.hasChunks,
            let index = groups.indices.first(where: { groups[$0].installing != nil }),
            let header = groups[index].installing
        {
            upkeep.installing = .loading(groups[index].id, header)
            return .loadSnapshot(groups[index].id, header)
        }
        if case .verifying(_, _, let verification) = upkeep.taking {
            return .verifySnapshot(verification, chunks: Upkeep.chunksVerified)
        }
        if upkeep.mayTrim {
            upkeep.mayTrim = false
            return .trim(
                keeping: upkeep.read.map(\.header) + ownWork + groups.compactMap(\.arrivingHeader),
                rows: Upkeep.rowsTrimmed)
        }
        if !step.isUrgent, ticks >= upkeep.scrubTick, groups.indices.contains(upkeep.scrub.group) {
            upkeep.scrubTick = ticks + Upkeep.ticksBetweenScrubs
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

    // MARK: Digests

    /// Has the digest made that nodes compare, if there is one to be made.
    func digestNext() {
        guard !isDigesting, let shell else { return }
        for index in groups.indices {
            guard let state = groups[index].takeUndigested() else { continue }
            isDigesting = true
            return shell.digest(state, of: groups[index].id)
        }
    }

    /// The digest is made.
    package func digested(_ checkpoint: StateCheckpoint, of group: GroupID) {
        isDigesting = false
        if let index = index(of: group) { groups[index].digested(checkpoint) }
        scheduleTurnEnd()
    }

    // MARK: A peer's

    func takeLoaded(_ snapshot: Snapshot?) {
        guard case .loading(let group, let header) = upkeep.installing, let index = index(of: group) else {
            return
        }
        guard let snapshot, groups[index].isWorthInstalling(header) else {
            discard(
                group, header, snapshot == nil ? "its chunks are not what was sent" : nil, isFinal: false)
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
        case .failure(let error): discard(group, header, error.description, isFinal: true)
        }
        scheduleTurnEnd()
    }

    private func discard(_ group: GroupID, _ header: SnapshotHeader, _ detail: String?, isFinal: Bool) {
        upkeep.installing = nil
        if let index = index(of: group) {
            groups[index].discardSnapshot(header, flaw: detail, isFinal: isFinal)
        }
        if let detail {
            let isRefused = index(of: group).map { groups[$0].isRefused(header) } ?? false
            shell?.note(
                isRefused ? .snapshotRefused(group, header, detail) : .snapshotBad(group, header, detail))
        }
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
            if upkeep.scrub.group == 0 { upkeep.scrubTick = ticks + Upkeep.ticksBetweenPasses }
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
    func deliver(_ served: Served) {
        let read = served.read
        guard let index = index(of: read.group) else { return }
        if case .chunks(let header, _) = read.content { pin(header) }
        switch read.to {
        case .node(let node):
            deliver(
                groups[index].messages(served.result, for: read.content)
                    .map { Envelope(group: read.group, to: node, message: $0) })
        case .tickets(let tickets):
            let response = groups[index].response(served.result, for: read.content)
            for ticket in tickets { step.respond(ticket, response) }
        }
    }

    private func pin(_ header: SnapshotHeader) {
        upkeep.read.removeAll { $0.header == header }
        upkeep.read.append((header, ticks))
        // One beside the latest, lest readers keep everything.
        if upkeep.read.count > 2 {
            upkeep.read.removeFirst()
            upkeep.mayTrim = true
        }
    }

    /// What nobody has read for long may be deleted.
    private func unpinExpired() {
        let count = upkeep.read.count
        upkeep.read.removeAll { ticks - $0.tick > Upkeep.ticksRead }
        if upkeep.read.count < count { upkeep.mayTrim = true }
    }
}
