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
        _ message: Message, in group: GroupID, to peer: NodeID, persistSequence: PersistSequence
    ) {
        links.first { $0.peer == peer }?.send(message, group: group, persistSequence: persistSequence)
    }

    func flushPeers() {
        for link in links { link.flush() }
    }

    func peerIsUp(_ peer: NodeID) { links.first { $0.peer == peer }?.connect() }

    // MARK: Clients

    func respond(_ responses: [(Ticket, ClientResponse)]) {
        for (ticket, response) in responses {
            switch tickets.redeem(ticket) {
            case .connection(let connection, let id): connection.write(.response(id: id, response))
            case .local(let group, let id): localClients[group]?.receive(response, id: id, from: node)
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

    // MARK: The end

    func failed(_ failure: NodeFailure) {
        logger.critical("stopping at once: \(NodeError(failure))")
        closeConnections()
    }

    func finished() {
        closeConnections()
        if let failure = core.failure { stopped.fail(NodeError(failure)) } else { stopped.succeed() }
    }
}
