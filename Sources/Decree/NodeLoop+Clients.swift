import DecreeClient
import DecreeNode
import DecreeWire
import Logging
import Paxos

/// The gateway: requests in, responses out, whether they come over a connection or from this process.
extension NodeLoop {
    /// Requests from within the process that are taken in one turn. While the disk is idle, their slot is on its way
    /// to it and to the peers as the rest is taken: of callers who wait for all their answers and then ask all at once,
    /// everything would go in one slot, and loop and disk would take turns at being idle.
    private static let requestsOfATurn = 256

    /// What was asked from within the process since the last time.
    func drain(_ inbox: Inbox<LocalRequest>) {
        var requests: [LocalRequest] = []
        inbox.swap(&requests)
        var now = LocalClient.now
        for (index, request) in requests.enumerated() {
            if index % Self.requestsOfATurn == 0, index > 0 {
                core.endTurn()
                // It may have told the clients a later time.
                now = LocalClient.now
            }
            if let client = localClient(of: request.group), !core.isStopping {
                client.take(request, now: now)
            } else {
                request.waiter.complete(.failed(.closed))
            }
        }
    }

    /// A request over a connection.
    ///
    /// - Parameter isRelayed: whether it is to be passed on to the leader, which the client cannot reach.
    func receive(
        _ request: ClientRequest, id: UInt64, group: GroupID, isRelayed: Bool = false,
        on connection: InboundConnection
    ) {
        guard let ticket = tickets.issue(to: .connection(connection, id: id)) else {
            connection.write(.response(id: id, .busy))
            return
        }
        take(request, group: group, isRelayed: isRelayed, ticket: ticket)
    }

    func take(_ request: ClientRequest, group: GroupID, isRelayed: Bool = false, ticket: Ticket) {
        figures.clientRequests += 1
        if isRelayed {
            core.relay(request, group: group, ticket: ticket)
        } else {
            core.take(request, group: group, ticket: ticket)
        }
    }

    /// The response to a request of this process that a peer was asked. One that names no group of this node is dropped.
    func receive(_ response: ClientResponse, id: UInt64, from peer: NodeID) {
        let forwarded = ForwardedID(rawValue: id)
        guard !forwarded.isRelayed else { return core.relayed(response, forwarded, from: peer) }
        localClient(at: forwarded.place)?.receive(
            response, id: forwarded.request.rawValue, from: peer, now: LocalClient.now)
        core.scheduleTurnEnd()
    }

    // MARK: Places

    /// Counts a connection in. Returns why it may not stay, if so.
    func admit(_ connection: InboundConnection) -> String? {
        places.add(connection)?.turnAway("it has not said what it is, and another needs its place")
        return core.isStopping ? "this node is stopping" : nil
    }

    /// Bytes of clients' requests that have come in part: beyond, the one that has waited longest is given up.
    static let halfLimitBytes = 256 << 20

    /// Counts a change of what is held of requests that have not come whole.
    func holdsHalf(_ change: Int) {
        halfBytes += change
        while halfBytes > Self.halfLimitBytes {
            let halves = places.all.values.filter { $0.halfBytes > 0 }
            guard let oldest = halves.min(by: { ($0.halfSince, $0.id) < ($1.halfSince, $1.id) }) else {
                return
            }
            oldest.turnAway("it has sent half a request, and others need the memory")
        }
    }

    func closed(_ connection: InboundConnection) {
        halfBytes -= connection.takeHalf()
        places.remove(connection.id)
        core.closed(connection.id)
    }

    /// Tells how many more connections were turned away. Called once a minute.
    func tellRefusals() {
        for (reason, count) in refusals.take() {
            logger.warning("refused more connections: \(reason)", metadata: ["count": "\(count)"])
        }
    }
}
