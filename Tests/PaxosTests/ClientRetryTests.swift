import Paxos
import Testing

/// Retries repeat a sequence, and outcomes say no more than is known (invariant SessionOnce).
@Suite struct ClientRetryTests {
    @Test func aRedirectIsFollowedAtOnceAndRemembered() throws {
        var bench = ClientBench()
        bench.submit(1)
        #expect(bench.sent.first?.node == NodeID(1))
        try bench.answer(.notLeader(leader: NodeID(3)))
        #expect(bench.sent.first?.node == NodeID(3))
        try bench.answer(.opened(ClientBench.session))
        #expect(bench.sent.first?.node == NodeID(3))
        try bench.answer(.notLeader(leader: NodeID(2)))
        #expect(bench.sent.first?.node == NodeID(2))
        #expect(bench.sent.first?.command?.sequence == 1, "the same command")
        try bench.answer(ClientBench.executed())
        bench.submit(2)
        #expect(bench.sent.first?.node == NodeID(2))
    }

    @Test func nodesThatNameEachOtherAreGivenTime() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        var redirects = 0
        let end = bench.now + second
        while bench.now < end {
            while let attempt = bench.sent.first {
                redirects += 1
                try bench.answer(.notLeader(leader: attempt.node == NodeID(1) ? NodeID(2) : NodeID(1)))
            }
            bench.pass(5 * millisecond)
        }
        #expect((5...15).contains(redirects))
    }

    @Test func whenNobodyKnowsALeaderTheNodesAreAskedInTurnWithPauses() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        var asked: [NodeID] = []
        let end = bench.now + second
        while bench.now < end {
            while let attempt = bench.sent.first {
                asked.append(attempt.node)
                try bench.answer(.notLeader(leader: nil))
            }
            bench.pass(5 * millisecond)
        }
        #expect((4...10).contains(asked.count))
        #expect(Array(asked.prefix(4).map(\.rawValue)) == [1, 2, 3, 1])
        bench.pass(10 * second)
        #expect(bench.outcomes[1] != nil)
    }

    @Test func refusedEverywhereUntilTheDeadlineIsFailed() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1, within: second)
        while bench.outcomes.isEmpty {
            while !bench.sent.isEmpty { try bench.answer(.notLeader(leader: nil)) }
            bench.pass(5 * millisecond)
        }
        #expect(bench.outcomes == [1: .failed(.deadlinePassed(.noLeader))])
    }

    @Test func busyWaitsAndAsksTheSameNodeAgain() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        try bench.answer(.busy)
        #expect(bench.sent.isEmpty, "not at once")
        bench.pass(15 * millisecond)
        #expect(bench.sent.first?.node == NodeID(1))
        #expect(bench.sent.first?.command?.sequence == 2)
        try bench.answer(.busy)
        bench.pass(5 * millisecond)
        #expect(bench.sent.isEmpty, "longer this time")
        bench.pass(20 * millisecond)
        try bench.answer(ClientBench.executed())
        #expect(bench.outcomes[1]?.isAnswered == true)
    }

    @Test func busyUntilTheDeadlineIsFailed() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1, within: second)
        while bench.outcomes.isEmpty {
            while !bench.sent.isEmpty { try bench.answer(.busy) }
            bench.pass(5 * millisecond)
        }
        #expect(bench.outcomes == [1: .failed(.deadlinePassed(.busy))])
    }

    @Test func lostLeadershipIsRepeatedUnderTheSameSequence() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        try bench.answer(.leadershipLost(leader: NodeID(2)))
        #expect(bench.sent.first?.node == NodeID(2))
        #expect(bench.sent.first?.command?.sequence == 2)
        try bench.answer(ClientBench.executed(.ok([3])))
        #expect(
            bench.outcomes == [
                1: .ok(
                    reply: [3],
                    Receipt(
                        session: ClientBench.session, sequence: 2,
                        position: LogPosition(slot: Slot(9), index: 0)))
            ])
    }

    @Test func busyAfterLostLeadershipStaysUnknown() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1, within: second)
        try bench.answer(.leadershipLost(leader: nil))
        while bench.outcomes.isEmpty {
            while !bench.sent.isEmpty { try bench.answer(.busy) }
            bench.pass(5 * millisecond)
        }
        #expect(
            bench.outcomes == [
                1: .unknown(.deadlinePassed(.busy), Receipt(session: ClientBench.session, sequence: 2))
            ])
    }

    @Test(arguments: [RequestRefusal.tooLarge, .outsideWindow, .unknownGroup])
    func aRefusalIsFailedOnlyIfNothingWentBefore(_ refusal: RequestRefusal) throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        bench.submit(2)
        try bench.answer(.refused(refusal))
        try bench.answer(.leadershipLost(leader: NodeID(1)))
        bench.pass(20 * millisecond)
        try bench.answer(.refused(refusal))
        #expect(bench.outcomes[1] == .failed(.refused(refusal)))
        #expect(
            bench.outcomes[2]
                == .unknown(.refused(refusal), Receipt(session: ClientBench.session, sequence: 3)))
    }

    @Test func aDeadlineBeforeAnythingWasSentIsFailed() {
        var bench = ClientBench(connected: [])
        bench.submit(1, within: second)
        bench.query(2, within: second)
        bench.pass(2 * second)
        #expect(
            bench.outcomes == [
                1: .failed(.deadlinePassed(.unreachable)), 2: .failed(.deadlinePassed(.unreachable)),
            ])
        bench.submit(3, within: 0)
        #expect(bench.outcomes[3] == .failed(.deadlinePassed(.alreadyLate)))
    }

    @Test func aDeadlineAfterAnAttemptWasSentIsUnknown() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1, within: 300 * millisecond)
        bench.query(2, within: 300 * millisecond)
        bench.pass(310 * millisecond)
        #expect(
            bench.outcomes[1]
                == .unknown(.deadlinePassed(.noAnswer), Receipt(session: ClientBench.session, sequence: 2)))
        #expect(
            bench.outcomes[2] == .unknown(.deadlinePassed(.noAnswer), Receipt(consistency: .linearizable)))
        let late = bench.sent
        bench.sent = []
        for attempt in late { bench.receive(ClientBench.executed(), attempt) }
        #expect(bench.outcomes.count == 2, "an outcome is final")
        bench.submit(3)
        #expect(bench.sent.last?.command?.firstUnacknowledged == 3, "nobody waits for 2 any more")
    }

    @Test func aSilentNodeIsLeftAfterASecond() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        let silent = bench.sent.removeFirst()
        bench.pass(900 * millisecond)
        #expect(bench.sent.isEmpty)
        bench.pass(300 * millisecond)
        #expect(bench.sent.first?.node == NodeID(2))
        #expect(bench.sent.first?.command?.sequence == silent.command?.sequence)
        #expect(bench.sent.first?.id != silent.id)
    }

    /// On a slow link answers come one after another, and each request waits for all before it.
    @Test func aNodeThatAnswersOthersIsWaitedFor() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1, within: 60 * second)
        let first = bench.sent.removeFirst()
        for other: UInt64 in 2...12 {
            bench.submit(other)
            bench.pass(500 * millisecond)
            try bench.answer(ClientBench.executed())
            #expect(bench.sent.isEmpty, "nothing is asked twice")
        }
        // Now it answers nothing any more.
        bench.pass(1_200 * millisecond)
        #expect(bench.sent.first?.node == NodeID(2))
        #expect(bench.sent.first?.command?.sequence == first.command?.sequence)
    }

    @Test func anAnswerThatIsLostIsNotWaitedForForEver() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1, within: 60 * second)
        let first = bench.sent.removeFirst()
        let began = bench.now
        while !bench.sent.contains(where: { $0.command?.sequence == first.command?.sequence }) {
            bench.sent.removeAll { $0.command?.sequence != first.command?.sequence }
            bench.query(bench.now)
            let query = bench.sent.removeLast()
            bench.receive(
                .answered(.ok([]), executedThrough: Slot(1), consistency: .linearizable), query)
            bench.pass(100 * millisecond)
            try #require(bench.now < began + 20 * second)
        }
        #expect((8 * second...9 * second).contains(bench.now - began))
    }

    @Test func whatFoundNoRoomIsSentLater() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        bench.query(2)
        try bench.notSent()
        try bench.notSent()
        #expect(bench.sent.isEmpty, "not at once")
        bench.pass(20 * millisecond)
        #expect(bench.sent.map(\.node) == [NodeID(1), NodeID(1)], "the node is not to blame")
        bench.sent.removeAll { $0.command != nil }
        while bench.outcomes[2] == nil {
            while !bench.sent.isEmpty { try bench.notSent() }
            bench.pass(5 * millisecond)
        }
        #expect(bench.outcomes[2] == .failed(.deadlinePassed(.busy)), "it was never sent")
    }

    @Test func theWindowIsOneOfBytes() throws {
        var settings = ClientSettings()
        settings.windowBytes = 100
        var bench = try ClientBench.withSession(settings: settings)
        for ticket: UInt64 in 1...3 { bench.submit(ticket, payload: Array(repeating: 1, count: 40)) }
        #expect(bench.sent.count == 2)
        bench.submit(4, payload: [1])
        #expect(bench.sent.count == 2, "in the order in which they were submitted")
        try bench.answer(ClientBench.executed())
        #expect(bench.sent.count == 3)
        try bench.answer(ClientBench.executed())
        try bench.answer(ClientBench.executed())
        try bench.answer(ClientBench.executed())
        #expect(bench.outcomes.count == 4)
        bench.submit(5, payload: Array(repeating: 1, count: 500))
        bench.submit(6)
        #expect(bench.sent.count == 1, "one may be larger than the window")
        try bench.answer(ClientBench.executed())
        #expect(bench.sent.count == 1)
    }

    @Test func redirectsDoNotLengthenTheWaitForASilentNode() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        for hint: UInt16 in [2, 3, 1, 2] {
            bench.pass(500 * millisecond)
            try bench.answer(.notLeader(leader: NodeID(hint)))
        }
        bench.pass(500 * millisecond)
        let silent = try #require(bench.sent.last)
        bench.sent.removeAll()
        bench.pass(1_200 * millisecond)
        let next = try #require(bench.sent.last)
        #expect(next.node != silent.node)
        #expect(next.command?.sequence == silent.command?.sequence)
    }

    @Test func theWaitGrowsOnceEveryNodeWasSilent() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1, within: 60 * second)
        for _ in 0..<3 {
            bench.sent.removeAll()
            bench.pass(1_200 * millisecond)
            #expect(bench.sent.count == 1)
        }
        bench.sent.removeAll()
        bench.pass(1_200 * millisecond)
        #expect(bench.sent.isEmpty)
        bench.pass(1_200 * millisecond)
        #expect(bench.sent.count == 1)
    }

    @Test func anAnswerToAnOlderAttemptCountsIfItEndsTheMatter() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        let first = bench.sent.removeFirst()
        bench.pass(1_200 * millisecond)
        let second = bench.sent.removeFirst()
        for response in [
            ClientResponse.notLeader(leader: NodeID(3)), .busy, .leadershipLost(leader: nil),
            .refused(.tooLarge), .alreadyAcknowledged,
        ] {
            bench.receive(response, first)
            #expect(bench.sent.isEmpty && bench.outcomes.isEmpty, "the attempt under way is waited for")
        }
        bench.receive(ClientBench.executed(.ok([4])), first)
        bench.receive(ClientBench.executed(.ok([4])), second)
        guard case .ok([4], _) = bench.outcomes[1] else {
            Issue.record("\(bench.outcomes)")
            return
        }
    }

    @Test func aBrokenConnectionIsRepeatedElsewhereAtOnce() throws {
        var bench = try ClientBench.withSession()
        bench.submit(1)
        bench.query(2)
        bench.sent = []
        bench.down(NodeID(1))
        #expect(bench.sent.map(\.node) == [NodeID(2), NodeID(2)])
        bench.down(NodeID(2))
        bench.down(NodeID(3))
        #expect(bench.sent.count == 4)
        bench.sent = []
        bench.pass(second)
        #expect(bench.sent.isEmpty, "nobody is there")
        bench.up(NodeID(2))
        #expect(bench.sent.map(\.node) == [NodeID(2), NodeID(2)])
    }

    @Test func aLeaderThatIsNamedBeforeItIsReachedIsAskedOnceItIs() throws {
        var bench = ClientBench(connected: [NodeID(1), NodeID(2)])
        bench.submit(1)
        try bench.answer(.notLeader(leader: NodeID(3)))
        try bench.answer(.notLeader(leader: NodeID(3)))
        #expect(bench.sent.isEmpty)
        bench.up(NodeID(3))
        #expect(bench.sent.map(\.node) == [NodeID(3)])
    }

    @Test func whatIsTooLargeIsNotSent() throws {
        var settings = ClientSettings()
        settings.payloadLimitBytes = 3
        var bench = try ClientBench.withSession(settings: settings)
        bench.submit(1, payload: [1, 2, 3, 4])
        #expect(bench.outcomes == [1: .failed(.tooLarge(bytes: 4, limitBytes: 3))])
        bench.submit(2, payload: [1, 2, 3])
        #expect(bench.sent.count == 1)
    }

    // MARK: Queries

    @Test func aQueryNeedsNoSession() throws {
        var bench = ClientBench()
        bench.query(1)
        #expect(bench.sent.map(\.request) == [.query(payload: [6], consistency: .linearizable)])
        try bench.answer(.notLeader(leader: NodeID(2)))
        #expect(bench.sent.first?.node == NodeID(2))
        try bench.answer(.answered(.ok([7]), executedThrough: Slot(4), consistency: .linearizable))
        #expect(
            bench.outcomes == [
                1: .ok(reply: [7], Receipt(executedThrough: Slot(4), consistency: .linearizable))
            ])
    }

    @Test func staleReadsGoToTheNodesInTurn() throws {
        var bench = ClientBench()
        for ticket in 1...4 { bench.query(UInt64(ticket), .stale) }
        #expect(bench.sent.map(\.node.rawValue) == [1, 2, 3, 1])
        try bench.answer(.answered(.ok(), executedThrough: Slot(4), consistency: .stale))
        #expect(bench.outcomes[1]?.receipt?.consistency == .stale)
    }

    @Test func aStaleAnswerToALinearizableQueryIsNone() throws {
        var bench = ClientBench()
        bench.query(1)
        try bench.answer(.answered(.ok(), executedThrough: Slot(4), consistency: .stale))
        #expect(bench.outcomes.isEmpty)
    }
}
