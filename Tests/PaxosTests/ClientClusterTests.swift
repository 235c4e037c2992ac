import Paxos
import Testing

/// A client that outlives its cluster: another of its name comes, which gives the same names to its sessions.
@Suite struct ClientClusterTests {
    /// All of the old cluster goes, and node 1 of the new one comes.
    func replace(_ bench: inout ClientBench) {
        for node in ClientBench.nodes { bench.down(node) }
        bench.sent = []
        bench.clusterReplaced()
        bench.up(NodeID(1))
    }

    @Test func whatMayHaveBeenDoneIsUnknownAndTheRestBeginsAnew() throws {
        var bench = try ClientBench.withSession()
        for ticket in 1...3 { bench.submit(UInt64(ticket)) }
        bench.query(4)
        let attempts = bench.sent
        try bench.answer(.busy, at: 1)
        for node in [NodeID(2), NodeID(3)] { bench.down(node) }
        replace(&bench)
        let unknown = [UInt64](arrayLiteral: 1, 3).map { ticket in
            Outcome.unknown(
                .clusterReplaced, Receipt(session: ClientBench.session, sequence: ticket + 1))
        }
        #expect(bench.outcomes == [1: unknown[0], 3: unknown[1]])
        #expect(bench.sent.count == 2, "the query, again, and a new session")
        #expect(bench.sent.contains { $0.request == .query(payload: [6], consistency: .linearizable) })
        // The new cluster gives a name that was given before.
        let opening = try #require(bench.sent.firstIndex { $0.request == .openSession })
        try bench.answer(.opened(ClientBench.session), at: opening)
        #expect(bench.sent.compactMap { $0.command?.sequence } == [1], "2, anew")
        #expect(bench.sent.compactMap { $0.command?.firstUnacknowledged } == [1])
        for attempt in attempts[..<3] { bench.receive(ClientBench.executed(), attempt) }
        #expect(bench.outcomes.count == 2, "what was asked of the old cluster answers nothing")
    }

    @Test func anOpeningOfTheOldClusterIsNotTakenUp() throws {
        var bench = ClientBench()
        bench.submit(1)
        let opening = try #require(bench.sent.first)
        replace(&bench)
        bench.receive(.opened(ClientBench.session), opening)
        #expect(bench.client.session == nil && bench.outcomes.isEmpty)
        #expect(bench.sent.map(\.request) == [.openSession])
    }

    @Test func whatWasUnderWayInAnExpiredSessionIsUnknown() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        bench.submit(2)
        try bench.answer(.sessionExpired)
        #expect(bench.outcomes.isEmpty)
        // Here the old cluster is gone before its connections are known to be.
        bench.sent = []
        bench.clusterReplaced()
        bench.up(NodeID(1))
        let receipt = Receipt(session: ClientBench.session, sequence: 3)
        #expect(bench.outcomes == [2: .unknown(.clusterReplaced, receipt)])
        #expect(bench.sent.map(\.request) == [.openSession])
        #expect(bench.client.pendingCount == 1)
    }

    @Test func aClientThatIsIdleHasNoSessionAfterwards() throws {
        var bench = try ClientBench.withSession()
        replace(&bench)
        #expect(bench.client.session == nil && bench.sent.isEmpty)
        bench.submit(1)
        #expect(bench.sent.map(\.request) == [.openSession])
    }
}
