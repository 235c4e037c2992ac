import DecreeStore
import DecreeWire
import Logging
import Metrics
import NIOCore
import Paxos

/// The rhythm: events are taken as they come; at the end of the loop's turn, once, the groups are asked
/// what should go out, everything is sent with one write a connection, and if the disk is idle the step is
/// handed to it.
extension NodeLoop {
    /// Tasks run after the turn's reads, so this is where its end is.
    func scheduleTurnEnd() {
        guard !isTurnScheduled else { return }
        isTurnScheduled = true
        eventLoop.assumeIsolated().execute { [weak self] in self?.endTurn() }
    }

    func endTurn() {
        isTurnScheduled = false
        guard diskState != .gone else { return }
        let isDiskIdle = diskState == .idle
        for index in groups.indices {
            groups[index].handle(.turnEnded(isDiskIdle: isDiskIdle), into: &step)
        }
        deliver(step.takeImmediate())
        for link in links { link.flush() }
        // A node that stops decides itself what is still written.
        if isDiskIdle, step.isUrgent, !isStopping { commit() }
        respond(step.takeResponses())
        for connection in dirtyConnections { connection.flush() }
        dirtyConnections.removeAll(keepingCapacity: true)
        // What was addressed to this very node may have more to send.
        if step.hasImmediate { scheduleTurnEnd() }
    }

    func deliver(_ envelopes: [Envelope]) {
        for envelope in envelopes {
            if envelope.to == node {
                handle(.message(envelope.message, from: node), in: envelope.group)
            } else if let link = links.first(where: { $0.peer == envelope.to }) {
                link.send(
                    envelope.message, group: envelope.group, persistSequence: identity.persistSequence)
            }
        }
    }

    func handle(_ event: Event, in group: GroupID) {
        guard let index = index(of: group) else { return }
        groups[index].handle(event, into: &step)
    }

    // MARK: Ticks

    func tick() {
        guard diskState != .gone else { return }
        ticks += 1
        for index in groups.indices { groups[index].handle(.tick, into: &step) }
        for client in localClients.values { client.tick() }
        endTurn()
        tickDisk()
        if ticks % 100 == 0 { figures.meter(groups) }
    }

    private func tickDisk() {
        switch diskState {
        case .idle where !step.isEmpty && ticks - lastCommitTick >= 10: commit()
        case .idle where !isCheckpointed && ticks - lastCommitTick >= 100:
            isCheckpointed = true
            diskState = .busy
            disk.perform(.checkpoint)
        case .full where ticks % 50 == 0:
            diskState = .busy
            disk.perform(.retry)
        default: break
        }
    }

    // MARK: Commits

    /// Hands the step to the disk, and starts another.
    func commit() {
        diskState = .busy
        lastCommitTick = ticks
        disk.perform(.commit(step.takeTransaction()))
    }

    func take(_ event: DiskEvent) {
        if diskState == .gone {
            takeLast(event)
            return
        }
        switch event {
        case .committed(let committed, let nanoseconds, let counters):
            figures.committed(nanoseconds: nanoseconds, counters: counters)
            if figures.isReadOnly { logger.notice("the disk has room again: this node is writable") }
            figures.isReadOnly = false
            diskState = .idle
            isCheckpointed = false
            identity.persistSequence = committed.persistSequence
            deliver(committed.messages)
            for (read, decided) in committed.reads {
                guard let index = index(of: read.group) else { continue }
                deliver([groups[index].decisions(decided, for: read)])
            }
            endTurn()
            closeStoreIfIdle()
        case .checkpointed:
            diskState = .idle
            endTurn()
            closeStoreIfIdle()
        case .full: becomeReadOnly()
        case .failed(let error):
            diskState = .gone
            fail(.store(error))
            finish()
        case .closed: finish()
        }
    }

    /// What the disk was about when the node failed, or was closed: nothing of it is told to anybody.
    private func takeLast(_ event: DiskEvent) {
        switch event {
        case .committed, .checkpointed, .full: disk.perform(.close)
        case .failed(let error):
            fail(.store(error))
            finish()
        case .closed: finish()
        }
    }

    /// No room: nothing that waits for the disk leaves, and another node should lead.
    private func becomeReadOnly() {
        diskState = .full
        guard !isStopping else {
            // What waits for room was told to nobody: it may be forgotten.
            diskState = .gone
            disk.perform(.close)
            return
        }
        guard !figures.isReadOnly else { return }
        figures.isReadOnly = true
        logger.error(
            "the disk is full: this node is read-only until there is room",
            metadata: ["directory": "\(configuration.dataDirectory)"])
        for index in groups.indices { groups[index].handle(.handOver, into: &step) }
        scheduleTurnEnd()
    }
}
