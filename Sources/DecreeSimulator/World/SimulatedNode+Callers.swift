import DecreeNode
import DecreeWire
import Paxos

/// Who has connected to a simulated node, and what is asked of it.
extension SimulatedNode {
    /// A peer or a client has connected, and says hello.
    func accept(_ packet: Packet) -> ConnectionID {
        // A client that dials again has given up what it dialled before.
        if packet.from >= world.nodes.count { accepted.removeAll { $0.end == packet.from } }
        lastConnection += 1
        let id = ConnectionID(rawValue: lastConnection)
        accepted.append(
            Accepted(id: id, end: packet.from, life: packet.fromLife, connection: packet.connection))
        return id
    }

    /// The connection that a packet of its dialling end belongs to.
    func accepted(_ packet: Packet) -> Accepted? {
        accepted.first {
            $0.end == packet.from && $0.life == packet.fromLife && $0.connection == packet.connection
        }
    }

    /// A connection that a peer or a client dialled is no more.
    func hungUp(_ end: Endpoint, life: Int, connection: Int) {
        let isGone = { (accepted: Accepted) in
            accepted.end == end && accepted.life == life && accepted.connection == connection
        }
        for gone in accepted.filter(isGone) {
            accepted.removeAll { $0.id == gone.id }
            core?.closed(gone.id)
        }
    }

    // MARK: Clients

    func take(_ request: ClientRequest, id: UInt64, group: GroupID, isRelayed: Bool, from packet: Packet) {
        nextTicket += 1
        let ticket = Ticket(rawValue: nextTicket)
        // A read that is passed on is fresh if the leader's answer is, which is judged where the leader gives it.
        let isLeader = core?.groups.first { $0.id == group }?.isLeading ?? false
        let ballot = isRelayed && !isLeader ? .zero : world.judging(group) { $0.promisedByQuorum }
        waiters[ticket] = Waiter(packet, id: id, group: group, arrivedUnder: ballot)
        if isRelayed {
            core?.relay(request, group: group, ticket: ticket)
        } else {
            core?.take(request, group: group, ticket: ticket)
        }
    }

    /// A request from within the process. It is answered at the end of a turn, never within this call.
    func take(_ request: ClientRequest, id: RequestID, of client: SimulatedClient) {
        guard let core else { return }
        nextTicket += 1
        let ticket = Ticket(rawValue: nextTicket)
        waiters[ticket] = Waiter(
            client, id: id.rawValue, arrivedUnder: world.judging(client.group) { $0.promisedByQuorum })
        core.take(request, group: client.group, ticket: ticket)
    }
}
