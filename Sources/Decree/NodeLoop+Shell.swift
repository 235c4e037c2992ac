import DecreeNode
import DecreeStore
import DecreeWire
import Logging
import NIOCore
import Paxos

/// What the core wants done. The rhythm is the event loop's: what arrived is read first, tasks run after it,
/// so a task is where a turn ends; then everything is sent with one write a connection.
extension NodeLoop: NodeShell {
    func scheduleTurnEnd() {
        eventLoop.assumeIsolated().execute { [weak self] in self?.core.endTurn() }
    }

    // MARK: Peers

    func send(
        _ message: Message, in group: GroupID, to peer: NodeID, persistSequence: PersistSequence, sent: UInt64
    ) {
        links.first { $0.peer == peer }?.send(
            message, group: group, persistSequence: persistSequence, sent: sent)
        if case .snapshotChunk(let chunk) = message {
            figures.snapshotBytesSent += UInt64(chunk.bytes.count)
        }
    }

    func send(_ frame: NodeFrame, to peer: NodeID) { links.first { $0.peer == peer }?.send(frame) }

    func send(_ request: ClientFrame, to peer: NodeID) -> RequestSending {
        links.first { $0.peer == peer }?.send(request) ?? .unreachable
    }

    func send(_ frame: NodeFrame, on connection: ConnectionID) { places[connection]?.write(frame) }

    func answer(_ reply: HelloReply, _ verdict: Handshake.Verdict, on connection: ConnectionID) {
        places[connection]?.answer(reply, verdict)
    }

    func close(_ connection: ConnectionID) { places[connection]?.close() }

    func greetAgain(_ peer: NodeID) {
        links.first { $0.peer == peer }?.greetAgain("another process runs as this peer now")
    }

    func greetPeersAgain() {
        for link in links { link.greetAgain("this node was removed, and asks whether others know") }
    }

    func flushPeers() {
        for link in links { link.flush() }
    }

    // MARK: Clients

    func respond(_ responses: [(Ticket, ClientResponse)]) {
        var now: UInt64?
        for (ticket, response) in responses {
            // The log need not tell where the members are that the cluster was created with, nor where one is that moved on
            // its own; this node knows.
            var response = response
            if case .admin(.described(let description)) = response {
                response = .admin(.described(description.locating { core.address(of: $0) }))
            }
            switch tickets.redeem(ticket) {
            case .connection(let connection, let id): connection.write(.response(id: id, response))
            case .local(let group, let id):
                now = now ?? LocalClient.now
                localClient(of: group)?.receive(response, id: id, from: node, now: now ?? 0)
            case nil: logger.error("a response to nobody")
            }
        }
        for connection in dirtyConnections { connection.flush() }
        dirtyConnections.removeAll(keepingCapacity: true)
    }

    // MARK: The disk

    func perform(_ job: consuming DiskJob) { hand(job) }

    func committed(nanoseconds: UInt64, counters: StoreCounters) {
        figures.committed(nanoseconds: nanoseconds, counters: counters)
    }

    func becameReadOnly(_ isReadOnly: Bool) {
        if isReadOnly {
            logger.error(
                "the disk is full: this node is read-only until there is room",
                metadata: ["directory": "\(configuration.dataDirectory)"])
        } else {
            logger.notice("the disk has room again: this node is writable")
        }
    }

    // MARK: Snapshots

    /// Beside the loop: the copy costs nothing until the original goes on.
    func encode(_ capture: Capture, for group: GroupID) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let eventLoop = eventLoop
        BackgroundThread.run(named: "decree-snapshot") {
            let snapshot = capture.encode()
            eventLoop.execute { bound.value.core.encoded(snapshot, for: group) }
        }
    }

    func digest(_ state: UndigestedState, of group: GroupID) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let eventLoop = eventLoop
        BackgroundThread.run(named: "decree-digest") {
            let checkpoint = state.digest()
            eventLoop.execute { bound.value.core.digested(checkpoint, of: group) }
        }
    }

    func decode(_ snapshot: Snapshot, machine: any StateMachine, for group: GroupID) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let eventLoop = eventLoop
        BackgroundThread.run(named: "decree-snapshot") {
            let result: Result<Capture, MachineRestoreError>
            do throws(MachineRestoreError) {
                result = .success(try Capture(decoding: snapshot, machine: machine))
            } catch {
                result = .failure(error)
            }
            eventLoop.execute { bound.value.core.decoded(result) }
        }
    }

    func note(_ note: NodeNote) {
        switch note {
        case .snapshotTaken(let group, let header):
            logger.info("took a snapshot", metadata: Self.metadata(group, header))
        case .snapshotInstalled(let group, let header):
            logger.notice("went on from a peer's snapshot", metadata: Self.metadata(group, header))
        case .snapshotBad(let group, let header, let detail):
            logger.error(
                "threw a snapshot away: \(detail)", metadata: Self.metadata(group, header))
        case .snapshotRefused(let group, let header, let detail):
            logger.error(
                """
                cannot use the snapshot that peers offer: \(detail). This node does not catch up before they take a \
                later one: run the same version and the same state machine on all nodes, then `decree snapshot`
                """, metadata: Self.metadata(group, header))
        case .contradicted(let group, let text):
            logger.critical(
                "\(text): one of the nodes is broken. It was not heeded; stop all nodes and run `decree log audit`",
                metadata: ["group": "\(group)"])
        case .rot(let group, let slot):
            logger.error(
                "a row differs from what was written; it is deleted, for a snapshot stands for it: check the disk",
                metadata: ["group": "\(group)", "slot": "\(slot)"])
        case .secondProcess(let peer, let start):
            logger.error(
                "refusing a second process of a peer: it runs from another copy of that node's directory",
                metadata: ["peer": "\(peer)", "known": "\(start)"])
        case .announcedElsewhere(let peer, let address, let expected):
            logger.notice(
                """
                a peer says that it is reached at \(address), and was expected at \(expected): `decree member move \(peer) \
                \(address) --nodes …` tells all nodes for good
                """, metadata: ["peer": "\(peer)"])
        case .leader(let group, let leader):
            logger.info(
                leader == node
                    ? "this node leads" : leader.map { "node \($0) leads" } ?? "no leader is known",
                metadata: ["group": "\(group)"])
        case .notServed(let damage):
            logger.error(
                "what was asked for differs from what was written, and is not served: check the disk",
                metadata: [
                    "group": "\(damage.group)", "slot": "\(damage.slot)",
                    "damage": "\(damage.place): \(damage.detail)",
                ])
        case .members(let group, let configuration, let from):
            logger.notice(
                "the members change",
                metadata: [
                    "group": "\(group)", "from": "\(from)",
                    "voters": "\(configuration.voters.map(\.description).joined(separator: ", "))",
                ])
        }
    }

    private static func metadata(_ group: GroupID, _ header: SnapshotHeader) -> Logger.Metadata {
        ["group": "\(group)", "slot": "\(header.slot)", "bytes": "\(header.byteCount)"]
    }

    // MARK: The end

    func failed(_ failure: NodeFailure) {
        if case .removed = failure {
            // Its end is no fault, and whoever runs the node is told the rest.
            logger.notice("stopping: this node was removed from the cluster")
        } else {
            logger.critical("stopping at once: \(NodeError(failure))")
        }
        closeConnections()
    }

    func finished() {
        closeConnections()
        if let failure = core.failure { stopped.fail(NodeError(failure)) } else { stopped.succeed() }
    }
}
