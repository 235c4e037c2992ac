import Paxos
import Testing

/// One session: opened when needed, numbered, windowed, opened anew.
@Suite struct ClientSessionTests {
    @Test func theFirstCommandOpensTheSession() throws {
        var bench = ClientBench()
        #expect(bench.sent.isEmpty, "nobody asked for anything")
        bench.submit(1)
        bench.submit(2)
        #expect(bench.sent.map(\.request) == [.openSession])
        try bench.answer(.opened(ClientBench.session))
        #expect(bench.sent.compactMap { $0.command?.sequence } == [1, 2])
        #expect(bench.sent.allSatisfy { $0.command?.session == ClientBench.session })
        try bench.answer(ClientBench.executed(.ok([8]), slot: 12))
        let receipt = Receipt(
            session: ClientBench.session, sequence: 1, position: LogPosition(slot: Slot(12), index: 0))
        #expect(bench.outcomes == [1: .ok(reply: [8], receipt)])
        try bench.answer(ClientBench.executed(.rejected("no such account")))
        guard case .rejected("no such account", _) = bench.outcomes[2] else {
            Issue.record("\(bench.outcomes)")
            return
        }
    }

    @Test func firstUnacknowledgedFollowsTheLowestOpenSequence() throws {
        var bench = try ClientBench.withSession()
        for ticket in 1...4 { bench.submit(UInt64(ticket)) }
        #expect(bench.sent.compactMap { $0.command?.sequence } == [2, 3, 4, 5])
        try bench.answer(ClientBench.executed(), at: 1)
        try bench.answer(ClientBench.executed(), at: 1)
        bench.submit(5)
        #expect(bench.sent.last?.command?.firstUnacknowledged == 2, "2 is still open")
        try bench.answer(ClientBench.executed(), at: 0)
        bench.submit(6)
        #expect(bench.sent.last?.command?.firstUnacknowledged == 5, "2, 3 and 4 are done")
        while !bench.sent.isEmpty { try bench.answer(ClientBench.executed()) }
        bench.submit(7)
        #expect(bench.sent.last?.command?.sequence == 8)
        #expect(bench.sent.last?.command?.firstUnacknowledged == 8)
    }

    @Test func theWindowCountsFromFirstUnacknowledgedAndTheRestWaits() throws {
        var settings = ClientSettings()
        settings.window = 4
        settings.queueLimit = 2
        var bench = try ClientBench.withSession(settings: settings)
        for ticket in 1...7 { bench.submit(UInt64(ticket)) }
        #expect(bench.sent.compactMap { $0.command?.sequence } == [2, 3, 4, 5])
        #expect(bench.outcomes == [7: .failed(.queueFull(limit: 2))])
        try bench.answer(ClientBench.executed(), at: 3)
        #expect(bench.sent.count == 3, "5 is done, but 2 is open: 6 would be outside the window")
        try bench.answer(ClientBench.executed(), at: 0)
        #expect(bench.sent.compactMap { $0.command?.sequence } == [3, 4, 6])
        try bench.answer(ClientBench.executed(), at: 0)
        try bench.answer(ClientBench.executed(), at: 0)
        #expect(bench.sent.compactMap { $0.command?.sequence } == [6, 7])
    }

    @Test func commandsNeverSentMoveToTheNextSession() throws {
        var settings = ClientSettings()
        settings.window = 1
        var bench = try ClientBench.withSession(settings: settings)
        bench.submit(1)
        bench.submit(2)
        try bench.answer(.sessionExpired)
        #expect(bench.outcomes.isEmpty)
        #expect(bench.sent.map(\.request) == [.openSession])
        let second = SessionID(rawValue: 8 << 20)
        try bench.answer(.opened(second))
        #expect(bench.sent.first?.command?.session == second)
        #expect(bench.sent.first?.command?.sequence == 1, "each session counts from 1")
        #expect(bench.sent.first?.command?.firstUnacknowledged == 1)
        try bench.answer(ClientBench.executed())
        try bench.answer(ClientBench.executed())
        #expect(bench.outcomes[1]?.receipt?.session == second)
        #expect(bench.outcomes[2]?.receipt?.sequence == 2)
    }

    @Test func anAttemptThatMayHaveBeenSentIsUnknownWhenTheSessionExpires() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        bench.down(NodeID(1))
        try bench.answer(.sessionExpired, at: 1)
        #expect(
            bench.outcomes == [
                1: .unknown(.sessionExpired, Receipt(session: ClientBench.session, sequence: 2))
            ])
        #expect(bench.sent.count == 1, "no session is opened for nobody")
    }

    @Test func whatIsUnderWayWhenTheSessionExpiresMayStillBeAnswered() throws {
        var bench = try ClientBench.withSession()
        for ticket in 1...6 { bench.submit(UInt64(ticket)) }
        let attempts = bench.sent
        bench.sent = []
        bench.receive(.sessionExpired, attempts[0])
        #expect(bench.outcomes.isEmpty)
        #expect(bench.sent.map(\.request) == [.openSession], "the first goes to a new session")
        bench.receive(ClientBench.executed(), attempts[1])
        #expect(bench.outcomes[2]?.receipt?.session == ClientBench.session, "done before the eviction")
        bench.receive(.sessionExpired, attempts[2])
        bench.receive(.busy, attempts[3])
        bench.receive(.leadershipLost(leader: nil), attempts[4])
        #expect(
            bench.outcomes[5] == .unknown(.sessionExpired, Receipt(session: ClientBench.session, sequence: 6))
        )
        bench.pass(2 * second)
        #expect(
            bench.outcomes[6]
                == .unknown(.sessionExpired, Receipt(session: ClientBench.session, sequence: 7)),
            "no answer in time")
        #expect(bench.outcomes.count == 3)
        bench.sent = [try #require(bench.sent.first)]
        try bench.answer(.opened(SessionID(rawValue: 8 << 20)))
        #expect(Set(bench.sent.compactMap { $0.command?.sequence }) == [1, 2, 3], "1, 3 and 4, anew")
    }

    @Test func sessionsThatExpireAtOnceAreNotOpenedInACircle() throws {
        var bench = ClientBench()
        bench.submit(1)
        var opened = 0
        for _ in 0..<100 {
            while let attempt = bench.sent.first {
                if attempt.request == .openSession {
                    opened += 1
                    try bench.answer(.opened(SessionID(rawValue: UInt64(opened) << 20)))
                } else {
                    try bench.answer(.sessionExpired)
                }
            }
            bench.pass(5 * millisecond)
        }
        #expect((3...20).contains(opened))
    }

    @Test func aSessionThatComesFromAnOlderAttemptIsWelcome() throws {
        var bench = ClientBench()
        bench.submit(1)
        let first = bench.sent.removeFirst()
        bench.pass(3 * second)
        #expect(!bench.sent.isEmpty)
        bench.sent = []
        bench.receive(.opened(ClientBench.session), first)
        #expect(bench.sent.first?.command?.sequence == 1)
        bench.receive(.opened(SessionID(rawValue: 99 << 20)), first)
        #expect(bench.client.session == ClientBench.session, "one is enough")
    }

    /// Found by the simulator: a doubled answer brought a session back to life that had expired, and its
    /// sequences were given a second time.
    @Test func anExpiredSessionDoesNotComeBack() throws {
        var bench = ClientBench()
        bench.submit(1)
        let opening = bench.sent.removeFirst()
        bench.receive(.opened(ClientBench.session), opening)
        bench.submit(2)
        try bench.answer(.sessionExpired)
        #expect(bench.sent.last?.request == .openSession)
        bench.receive(.opened(ClientBench.session), opening)
        #expect(bench.client.session == nil)
    }

    @Test func aGroupNobodyHostsFailsEverything() throws {
        var bench = ClientBench()
        bench.submit(1)
        bench.submit(2)
        try bench.answer(.refused(.unknownGroup))
        #expect(
            bench.outcomes == [1: .failed(.refused(.unknownGroup)), 2: .failed(.refused(.unknownGroup))])
    }

    @Test func closingCompletesEverything() throws {
        var settings = ClientSettings()
        settings.window = 4
        var bench = try ClientBench.withSession(settings: settings)
        for ticket in 1...5 { bench.submit(UInt64(ticket)) }
        bench.query(6)
        try bench.answer(ClientBench.executed(), at: 1)
        bench.close()
        #expect(bench.outcomes.count == 6)
        #expect(bench.outcomes[1] == .unknown(.closed, Receipt(session: ClientBench.session, sequence: 2)))
        #expect(bench.outcomes[5] == .failed(.closed))
        bench.submit(7)
        #expect(bench.outcomes[7] == .failed(.closed))
        let afterClosing = bench.sent.count
        bench.pass(second)
        bench.down(NodeID(1))
        #expect(bench.sent.count == afterClosing)
        #expect(bench.client.pendingCount == 0)
    }
}
