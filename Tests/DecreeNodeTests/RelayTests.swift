import DecreeWire
import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import Paxos

/// Requests that a node passes on for clients that cannot reach the leader.
@Suite struct RelayTests {
    private let query = ClientRequest.query(payload: [1], consistency: .linearizable)

    /// Node 1, which follows node 2.
    private func follower() throws -> NodeFixture {
        let node = try NodeFixture()
        follow(2, round: 3, node)
        return node
    }

    private func follow(_ leader: UInt16, round: UInt64, _ node: NodeFixture) {
        let heartbeat = Heartbeat(
            ballot: Ballot(round: round, node: NodeID(leader)), round: 1, chosenThrough: .zero)
        node.receive(.heartbeat(heartbeat), from: leader)
        #expect(node.core.groups[0].leaderHint == NodeID(leader))
    }

    private func relay(_ node: NodeFixture, _ request: ClientRequest? = nil, ticket: UInt64 = 1) {
        node.core.relay(request ?? query, group: .first, ticket: Ticket(rawValue: ticket))
        node.core.endTurn()
    }

    private func id(_ node: NodeFixture, at index: Int = 0) throws -> ForwardedID {
        try #require(node.asked.indices.contains(index))
        guard case .request(let id, _, _) = node.asked[index].frame else {
            throw WireError.unexpected("another frame")
        }
        return ForwardedID(rawValue: id)
    }

    @Test func theLeadersAnswerIsHandedBack() throws {
        let node = try follower()
        relay(node)
        #expect(node.asked.map(\.peer) == [NodeID(2)] && node.responses.isEmpty)
        let id = try id(node)
        #expect(id.isRelayed)
        let answer = ClientResponse.answered(.ok([7]), executedThrough: Slot(4), consistency: .linearizable)
        node.core.relayed(answer, id, from: NodeID(3))
        node.core.endTurn()
        #expect(node.responses.isEmpty, "another does not answer for the leader")
        node.core.relayed(answer, id, from: NodeID(2))
        node.core.relayed(answer, id, from: NodeID(2))
        node.core.endTurn()
        #expect(node.responses.map(\.ticket.rawValue) == [1] && node.responses.map(\.response) == [answer])
    }

    @Test func whatAnyNodeMayAnswerIsNotPassedOn() throws {
        let node = try follower()
        relay(node, .query(payload: [1], consistency: .stale))
        relay(node, .admin(.describeLog), ticket: 2)
        #expect(node.asked.isEmpty && node.responses.count == 2)
    }

    @Test(arguments: [
        (RequestSending.unreachable, ClientResponse.notLeader(leader: NodeID(2))), (.noRoom, .busy),
        (.unknownToPeer, .refused(.batchesTooNew)),
    ])
    func whatCannotBePassedOnIsSaidAtOnce(sending: RequestSending, response: ClientResponse) throws {
        let node = try follower()
        node.sending = sending
        relay(node)
        #expect(node.responses.map(\.response) == [response])
    }

    /// It may have been done: whoever asked must not be told otherwise.
    @Test func whatNothingMoreIsHeardOfIsUncertain() throws {
        let node = try follower()
        relay(node, ticket: 1)
        node.core.lost(NodeID(3))
        node.core.endTurn()
        #expect(node.responses.isEmpty)
        node.core.lost(NodeID(2))
        node.core.endTurn()
        #expect(node.responses.map(\.response) == [.leadershipLost(leader: nil)])

        relay(node, ticket: 2)
        follow(3, round: 4, node)
        node.core.endTurn()
        #expect(node.responses.map(\.response).last == .leadershipLost(leader: NodeID(3)))

        relay(node, ticket: 3)
        for _ in 0..<520 {
            follow(3, round: 4, node)
            node.tick()
        }
        #expect(node.responses.map(\.ticket.rawValue) == [1, 2, 3])
    }

    @Test func thereIsAnEndToHowManyArePassedOn() throws {
        let node = try follower()
        for ticket: UInt64 in 1...5_000 { relay(node, ticket: ticket) }
        #expect(node.asked.count == 4_096)
        #expect(node.responses.count == 904 && node.responses.allSatisfy { $0.response == .busy })
    }
}
