import DecreeWire
package import Paxos

/// What this node has passed on to leaders for clients that cannot reach them.
struct Relays {
    struct Relay {
        let ticket: Ticket
        let group: GroupID
        let leader: NodeID
        /// Who is not answered by then is told that nobody knows.
        let untilTick: UInt64
    }

    private var open: [UInt64: Relay] = [:]
    private var last: UInt64 = 0

    /// So many at once; more are answered busy.
    private static let maximum = 4_096
    /// Five seconds: longer than a client waits for an answer.
    private static let patienceTicks: UInt64 = 500

    var isFull: Bool { open.count >= Self.maximum }

    /// Takes one up. Returns its number.
    mutating func add(_ ticket: Ticket, to leader: NodeID, in group: GroupID, atTick tick: UInt64) -> UInt64 {
        last = (last + 1) & (1 << RequestID.bits - 1)
        open[last] = Relay(
            ticket: ticket, group: group, leader: leader, untilTick: tick + Self.patienceTicks)
        return last
    }

    /// Ends one that was answered by whom it was passed on to.
    mutating func take(_ number: UInt64, from peer: NodeID) -> Relay? {
        guard open[number]?.leader == peer else { return nil }
        return open.removeValue(forKey: number)
    }

    /// Ends those that `isLost` says nothing more will be heard of, in the order in which they came.
    mutating func takeLost(_ isLost: (Relay) -> Bool) -> [Relay] {
        guard !open.isEmpty else { return [] }
        let lost = open.filter { isLost($0.value) }.sorted { $0.key < $1.key }
        for (number, _) in lost { open[number] = nil }
        return lost.map(\.value)
    }
}

/// Passing requests on: a client that reaches followers alone is served through one of them.
extension NodeCore {
    /// Takes a request of a client that cannot reach the leader.
    package func relay(_ request: ClientRequest, group: GroupID, ticket: Ticket) {
        guard let index = index(of: group), let shell, let leader = groups[index].leaderHint, leader != node,
            request.isForLeader
        else {
            // To be answered here, by the leader itself or with what this node knows of it.
            return take(request, group: group, ticket: ticket)
        }
        guard !relays.isFull else { return shell.respond([(ticket, .busy)]) }
        let number = relays.add(ticket, to: leader, in: group, atTick: ticks)
        let id = ForwardedID(relayed: number).rawValue
        switch shell.send(.request(id: id, group: group, request), to: leader) {
        case .sent: scheduleTurnEnd()
        case .unreachable: answer(number, from: leader, with: .notLeader(leader: leader))
        case .noRoom: answer(number, from: leader, with: .busy)
        case .unknownToPeer: answer(number, from: leader, with: .refused(.batchesTooNew))
        }
    }

    /// The leader has answered what was passed on to it.
    package func relayed(_ response: ClientResponse, _ id: ForwardedID, from peer: NodeID) {
        answer(id.request.rawValue, from: peer, with: response)
    }

    private func answer(_ number: UInt64, from peer: NodeID, with response: ClientResponse) {
        guard let relay = relays.take(number, from: peer) else { return }
        step.respond(relay.ticket, response)
        scheduleTurnEnd()
    }

    /// Answers what nothing more will be heard of: another leads, or it has taken too long.
    func reviewRelays() {
        end(
            relays.takeLost { relay in
                guard ticks < relay.untilTick, let index = index(of: relay.group) else { return true }
                return groups[index].leaderHint != relay.leader
            })
    }

    /// The link to a peer is no more: what was passed on over it may have been done.
    func loseRelays(to peer: NodeID) { end(relays.takeLost { $0.leader == peer }) }

    private func end(_ lost: [Relays.Relay]) {
        for relay in lost {
            let leader = index(of: relay.group).flatMap { groups[$0].leaderHint }
            step.respond(relay.ticket, .leadershipLost(leader: leader == relay.leader ? nil : leader))
        }
        if !lost.isEmpty { scheduleTurnEnd() }
    }
}

extension ClientRequest {
    /// Whether the leader alone may do it.
    fileprivate var isForLeader: Bool {
        switch self {
        case .openSession, .command, .batch, .query(_, .linearizable): true
        case .query(_, .stale), .admin: false
        }
    }
}
