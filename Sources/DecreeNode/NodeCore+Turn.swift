import DecreeStore
import DecreeWire
package import Paxos

/// The rhythm: events are taken as they come; at the end of the turn, once, the groups are asked what should
/// go out, everything is sent together, and if the disk is idle the step is handed to it.
extension NodeCore {
    /// Asks for the end of the turn, once.
    package func scheduleTurnEnd() {
        guard !isTurnScheduled else { return }
        isTurnScheduled = true
        shell?.scheduleTurnEnd()
    }

    /// Everything that had arrived was handed in.
    package func endTurn() {
        isTurnScheduled = false
        guard diskState != .gone, let shell else { return }
        let isDiskIdle = diskState == .idle
        for index in groups.indices {
            groups[index].handle(.turnEnded(isDiskIdle: isDiskIdle), into: &step)
        }
        noteContradictions()
        digestNext()
        deliver(step.takeImmediate())
        shell.flushPeers()
        reviewPeers()
        reviewLeaders()
        reviewRelays()
        endIfGone()
        guard diskState != .gone else { return }
        // A node that stops decides itself what is still written.
        if isDiskIdle, !isStopping, !doUpkeep(), !readNext(),
            step.isUrgent || witnesses.isUrgent || (step.hasReads && reads.isEmpty)
        {
            commit()
        }
        shell.respond(step.takeResponses())
        // What was addressed to this very node may have more to send.
        if step.hasImmediate { scheduleTurnEnd() }
    }

    /// Once for each thing that is said: it is said again and again.
    private func noteContradictions() {
        for index in groups.indices where groups[index].hasContradiction {
            guard let text = groups[index].takeContradiction(), text != contradictions[groups[index].id]
            else {
                continue
            }
            contradictions[groups[index].id] = text
            shell?.note(.contradicted(groups[index].id, text))
        }
    }

    /// Sends. Who does not understand the version that the log was raised to is not spoken to (invariant
    /// EntriesUnderstood): it is no member any more, and is told so when it comes again.
    func deliver(_ envelopes: [Envelope]) {
        let required = version
        for envelope in envelopes {
            if envelope.to == node {
                handle(.message(envelope.message, from: node), in: envelope.group)
            } else if understood[envelope.to] ?? required >= required {
                dispatch(envelope)
            }
        }
    }

    func handle(_ event: Event, in group: GroupID) {
        guard let index = index(of: group) else { return }
        groups[index].handle(event, into: &step)
    }

    /// Takes a client's request; the response names the ticket.
    package func take(_ request: ClientRequest, group: GroupID, ticket: Ticket) {
        if index(of: group) == nil {
            shell?.respond([(ticket, .refused(.unknownGroup))])
        } else if case .admin(.change(let change)) = request, isAddressInUse(by: change, in: group) {
            shell?.respond([(ticket, .admin(.changeRefused(.addressInUse)))])
        } else {
            handle(.request(ticket, request), in: group)
        }
        scheduleTurnEnd()
    }

    // MARK: Ticks

    /// Ten milliseconds have passed. Returns whether the node is alive: `endTick` is due then, when
    /// whatever else the shell does in a tick is done.
    package func tick() -> Bool {
        guard diskState != .gone else { return false }
        ticks += 1
        reads.tick()
        reviewCallers()
        reviewStanding()
        spreadWord()
        tickFlows()
        guard diskState != .gone else { return false }
        let health = diskHealth
        let witnessed = ticks % 5 == 0 ? witnesses.all : nil
        for index in groups.indices {
            // Of the group's members alone: those of all groups together may be more than a heartbeat holds, and others
            // may have been removed since.
            if let witnessed {
                groups[index].witnesses = witnessed.filter { mergedPeers.isMember($0.node, of: index) }
            }
            groups[index].handle(.disk(health), into: &step)
            groups[index].handle(.tick, into: &step)
        }
        return true
    }

    /// What the disk is like. One without room is as good as one that hangs.
    private var diskHealth: DiskHealth {
        let median = commitMicroseconds.sorted().dropFirst(commitMicroseconds.count / 2).first ?? 0
        let pending: UInt32 =
            switch diskState {
            // Trying again says nothing of the room there is.
            case .busy where isReadOnly: .max
            // All of a peer's snapshot is read in one go: that is long, and says nothing of the disk.
            case .busy where upkeep.isLoading: 0
            case .busy: UInt32(clamping: (ticks - jobTick) * 10_000)
            case .full: .max
            case .idle, .gone: 0
            }
        return DiskHealth(medianMicroseconds: median, pendingMicroseconds: pending)
    }

    /// Ends the turn of a tick, and looks whether the disk has been left alone too long.
    package func endTick() {
        endTurn()
        switch diskState {
        case .idle where !step.isEmpty && ticks - lastCommitTick >= 10: commit()
        case .idle where witnesses.isDue(atTick: ticks) || addresses.isUnwritten: commit()
        case .idle where dropNext(): break
        case .idle where !isCheckpointed && ticks - lastCommitTick >= 100:
            isCheckpointed = true
            diskState = .busy
            shell?.perform(.checkpoint)
        case .idle where isLookDue():
            diskState = .busy
            shell?.perform(.look)
        case .full where ticks % 50 == 0:
            diskState = .busy
            shell?.perform(.retry)
        default: break
        }
    }

    // MARK: Commits

    /// Has the disk forget the next snapshot that turned out to be none, if there is one. Returns whether it does. Before
    /// anything else is written: the same snapshot may be coming in again, and its new chunks are not to go with the old.
    private func dropNext() -> Bool {
        while let (group, header) = dropped.first {
            dropped.removeFirst()
            guard !ownWork.contains(header) else { continue }
            diskState = .busy
            shell?.perform(.dropSnapshot(group, header))
            return true
        }
        return false
    }

    /// Has the disk read what waits for it, if it may. Returns whether it does.
    private func readNext() -> Bool {
        guard let read = reads.takeNext(isUnderLoad: upkeep.isUnderLoad(atTick: ticks)) else { return false }
        diskState = .busy
        shell?.perform(.read(read))
        return true
    }

    /// Hands the step to the disk, and starts another.
    func commit() {
        guard !dropNext() else { return }
        if witnesses.isUrgent || witnesses.isDue(atTick: ticks) {
            for witness in witnesses.takeUnwritten(atTick: ticks) { step.write(.witness(witness)) }
        }
        for place in addresses.takeUnwritten() { step.write(.place(place)) }
        diskState = .busy
        lastCommitTick = ticks
        noteHanded()
        // Where one is begun, another may have been given up.
        if step.beginsSnapshot { upkeep.mayTrim = true }
        if reads.isEmpty { reads.add(step.takeReads()) }
        shell?.perform(.commit(step.takeTransaction(), looking: isLookDue()))
    }

    /// Whether it is to be looked whether the store's files are in their places. Who asks has it done.
    private func isLookDue() -> Bool {
        guard ticks - lastLookTick >= Self.ticksBetweenLooks else { return false }
        lastLookTick = ticks
        return true
    }

    /// Takes what the disk reports.
    package func take(_ event: DiskEvent) {
        if diskState == .gone {
            takeLast(event)
            return
        }
        switch event {
        case .committed(let committed, let nanoseconds, let counters):
            shell?.committed(nanoseconds: nanoseconds, counters: counters)
            if isReadOnly { shell?.becameReadOnly(false) }
            isReadOnly = false
            diskState = .idle
            isCheckpointed = false
            identity.persistSequence = committed.persistSequence
            note(commitNanoseconds: nanoseconds)
            deliver(committed.messages)
            witnesses.noteWritten()
            tellWitnessed()
            chunksCommitted()
            completionCommitted()
            reads.committed()
            endTurn()
            closeStoreIfIdle()
        case .read(let served, let nanoseconds):
            reads.took(nanoseconds, for: served.read.to)
            for damage in served.damage { shell?.note(.notServed(damage)) }
            deliver(served)
            becomeIdle()
        case .checkpointed, .looked: becomeIdle()
        case .dropped:
            upkeep.mayTrim = true
            becomeIdle()
        case .verified(let verdict):
            take(verdict)
            becomeIdle()
        case .loaded(let snapshot):
            takeLoaded(snapshot)
            becomeIdle()
        case .trimmed(let isMore):
            // Something may have come to be deleted since it was asked for.
            if isMore { upkeep.mayTrim = true }
            isCheckpointed = false
            becomeIdle()
        case .scrubbed(let result):
            takeScrubbed(result)
            becomeIdle()
        case .full: becomeReadOnly()
        case .failed(let error):
            diskState = .gone
            fail(.store(error))
            shell?.finished()
        case .closed: shell?.finished()
        }
    }

    private func becomeIdle() {
        diskState = .idle
        endTurn()
        closeStoreIfIdle()
    }

    private func note(commitNanoseconds: UInt64) {
        if commitMicroseconds.count == 8 { commitMicroseconds.removeFirst() }
        commitMicroseconds.append(UInt32(clamping: commitNanoseconds / 1_000))
    }

    /// What the disk was about when the node failed, or was closed: nothing of it is told to anybody.
    private func takeLast(_ event: DiskEvent) {
        switch event {
        case .committed, .read, .checkpointed, .looked, .full, .verified, .loaded, .dropped, .trimmed,
            .scrubbed:
            closeStore()
        case .failed(let error):
            fail(.store(error))
            shell?.finished()
        case .closed: shell?.finished()
        }
    }

    /// No room: nothing that waits for the disk leaves, and another node should lead.
    private func becomeReadOnly() {
        diskState = .full
        guard !isStopping else {
            // What waits for room was told to nobody: it may be forgotten.
            diskState = .gone
            closeStore()
            return
        }
        guard !isReadOnly else { return }
        isReadOnly = true
        shell?.becameReadOnly(true)
        for index in groups.indices { groups[index].handle(.handOver, into: &step) }
        scheduleTurnEnd()
    }
}
