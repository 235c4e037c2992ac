import Testing

@testable import Paxos

/// A client that cannot reach the leader is served through a follower that can.
@Suite struct ClientRelayTests {
    /// Nodes 1 and 2 are reached, node 3 leads. The first attempt is under way to node 1.
    private func bench() -> ClientBench {
        var bench = ClientBench(connected: [NodeID(1), NodeID(2)])
        bench.submit(1)
        return bench
    }

    @Test func aLeaderThatCannotBeReachedIsAskedThroughWhoNamesIt() throws {
        var bench = bench()
        #expect(bench.sent.map(\.isRelayed) == [false])
        try bench.answer(.notLeader(leader: NodeID(3)))
        #expect(bench.sent.map(\.isRelayed) == [true] && bench.sent.map(\.node) == [NodeID(1)])
        try bench.answer(.opened(ClientBench.session))
        #expect(bench.sent.map(\.isRelayed) == [true] && bench.sent[0].command?.sequence == 1)
        try bench.answer(ClientBench.executed())
        #expect(bench.outcomes.count == 1)
        bench.query(2)
        #expect(bench.sent.map(\.isRelayed) == [true])
        try bench.answer(.answered(.ok(), executedThrough: Slot(9), consistency: .linearizable))
        // It is asked again who leads, now and then: by the next that is asked after a second.
        bench.pass(1_100 * millisecond)
        bench.submit(3)
        #expect(bench.sent.map(\.isRelayed) == [false] && bench.sent.map(\.node) == [NodeID(1)])
        try bench.answer(.notLeader(leader: NodeID(3)))
        #expect(bench.sent.map(\.isRelayed) == [true])
    }

    @Test func theLeaderItselfIsAskedOnceItIsReached() throws {
        var bench = bench()
        try bench.answer(.notLeader(leader: NodeID(3)))
        try bench.answer(.opened(ClientBench.session))
        try bench.answer(ClientBench.executed())
        bench.up(NodeID(3))
        bench.submit(2)
        #expect(bench.sent.map(\.isRelayed) == [false] && bench.sent.map(\.node) == [NodeID(3)])
    }

    /// The one that names it may not reach it either: then another is asked.
    @Test func whereOneCannotPassItOnAnotherIsAsked() throws {
        var bench = bench()
        try bench.answer(.notLeader(leader: NodeID(3)))
        try bench.answer(.notLeader(leader: NodeID(3)))
        bench.pass(100 * millisecond)
        #expect(bench.sent.map(\.isRelayed) == [false] && bench.sent.map(\.node) == [NodeID(2)])
        try bench.answer(.notLeader(leader: NodeID(3)))
        #expect(bench.sent.map(\.isRelayed) == [true] && bench.sent.map(\.node) == [NodeID(2)])
    }

    /// What was asked before it was known says nothing new.
    @Test func manyUnderWayAreAllPassedOn() throws {
        var bench = ClientBench(connected: [NodeID(1), NodeID(2)])
        for ticket: UInt64 in 1...5 { bench.query(ticket) }
        for _ in 1...5 { try bench.answer(.notLeader(leader: NodeID(3))) }
        #expect(bench.sent.count == 5 && bench.sent.allSatisfy { $0.isRelayed && $0.node == NodeID(1) })
    }

    /// A command that the node passed on, and of which it has heard no more, may have been done.
    @Test func whatWasPassedOnAndNotAnsweredIsUncertain() throws {
        var bench = bench()
        try bench.answer(.notLeader(leader: NodeID(3)))
        try bench.answer(.opened(ClientBench.session))
        try bench.answer(.leadershipLost(leader: nil))
        while bench.outcomes.isEmpty {
            bench.pass(100 * millisecond)
            while !bench.sent.isEmpty { try bench.answer(.notLeader(leader: NodeID(3))) }
        }
        guard case .unknown(.deadlinePassed(let obstacle), _) = bench.outcomes[1] else {
            Issue.record("\(bench.outcomes)")
            return
        }
        #expect(obstacle == .leaderUnreachable(NodeID(3)))
    }

    @Test func theLeaderThatCannotBeReachedIsNamed() throws {
        var bench = bench()
        while bench.outcomes.isEmpty {
            while !bench.sent.isEmpty { try bench.answer(.notLeader(leader: NodeID(3))) }
            bench.pass(100 * millisecond)
        }
        #expect(bench.outcomes[1] == .failed(.deadlinePassed(.leaderUnreachable(NodeID(3)))))
        #expect(
            Obstacle.leaderUnreachable(NodeID(3), reason: "10.0.0.3:7003: connection refused").description
                == "node 3 leads and cannot be reached from here (10.0.0.3:7003: connection refused), nor through the "
                + "others; check its address")
    }
}
