import Testing

@testable import Paxos

/// Fetching chosen slots that were missed.
@Suite struct CatchUpTests {
    private let ballot = Ballot(3, 2)

    private func decided(_ slots: ClosedRange<UInt64>) -> [AcceptedProposal] {
        slots.map { AcceptedProposal($0, ballot, .sessions(1)) }
    }

    private func heartbeat(_ chosenThrough: UInt64) -> Message {
        .heartbeat(Heartbeat(ballot: ballot, round: 1, chosenThrough: Slot(chosenThrough)))
    }

    @Test func whatTheLeaderSaysIsChosenIsFetchedAStretchAtATime() {
        let solo = SoloGroup()
        solo.receive(heartbeat(9), from: 2)
        #expect(solo.takeSent().fetches == [Fetch(from: Slot(1), through: Slot(9))])
        solo.decide(decided(1...4), chosenThrough: 12, from: 2)
        #expect(solo.takeSent().fetches == [Fetch(from: Slot(5), through: Slot(12))])
        solo.decide(decided(5...12), chosenThrough: 12, from: 2)
        #expect(solo.takeSent().fetches.isEmpty)
        #expect(solo.group.chosenThrough == Slot(12))
    }

    @Test func oneFetchIsOnItsWayHoweverOftenTheLeaderSpeaks() {
        let solo = SoloGroup()
        for slot in 1...5 { solo.receive(heartbeat(UInt64(slot)), from: 2) }
        #expect(solo.takeSent().fetches.count == 1)
    }

    /// Else two nodes would question and answer one another at the speed of the network.
    @Test func anAnswerThatBringsNothingIsNotFollowedByAQuestion() {
        let solo = SoloGroup()
        solo.receive(heartbeat(9), from: 2)
        _ = solo.takeSent()
        for answer in [[], decided(3...4), decided(8...9)] {
            solo.decide(answer, chosenThrough: 9, from: 2)
            #expect(solo.takeSent().fetches.isEmpty)
        }
    }

    @Test func aPeerThatDoesNotAnswerIsFollowedByTheNext() {
        let solo = SoloGroup(voters: 4)
        solo.receive(heartbeat(9), from: 2)
        var asked: [UInt16] = []
        for _ in 0..<4 * TestCluster.shortTimes.resendTicks {
            solo.receive(heartbeat(9), from: 2)
            solo.handle(.tick)
            asked += solo.sent.filter { if case .fetch = $0.message { true } else { false } }.map(
                \.to.rawValue)
            _ = solo.takeSent()
        }
        #expect(asked == [2, 3, 4, 2, 3].prefix(asked.count).map { $0 })
        #expect(asked.count >= 4)
    }

    /// On a slow link an answer takes as long as it takes: the next peer is not asked for the same meanwhile.
    @Test func theNextPeerIsAskedWhenAnswersTakeLongerThanBefore() {
        var time = AnswerTime(leastTicks: 20)
        #expect(time.patience(peers: 2) == 20)
        var now: UInt64 = 0
        func answer(after ticks: UInt64) {
            time.asked(NodeID(2), atTick: now)
            // Asked again before it has answered, it answers the first question.
            time.asked(NodeID(2), atTick: now + ticks / 2)
            now += ticks
            time.answered(by: NodeID(2), atTick: now)
            time.answered(by: NodeID(3), atTick: now)
        }
        for _ in 0..<8 { answer(after: 60) }
        #expect((150...180).contains(time.patience(peers: 2)))
        for _ in 0..<2 { time.noteSilence() }
        #expect((300...360).contains(time.patience(peers: 2)), "all were asked in vain")
        for _ in 0..<20 { time.noteSilence() }
        #expect((600...720).contains(time.patience(peers: 2)))
        for _ in 0..<20 { answer(after: 2) }
        #expect(time.patience(peers: 2) == 20)
    }

    /// A peer that was down, or stood still, answers late once.
    @Test func anOutageDoesNotMakeTheNextSilenceLong() {
        var time = AnswerTime(leastTicks: 20)
        time.asked(NodeID(2), atTick: 0)
        time.answered(by: NodeID(2), atTick: 3_000)
        #expect((20...150).contains(time.patience(peers: 2)))
        // A link that has become slow is believed all the same.
        var now: UInt64 = 3_000
        for _ in 0..<3 {
            time.asked(NodeID(2), atTick: now)
            now += 300
            time.answered(by: NodeID(2), atTick: now)
        }
        #expect(time.patience(peers: 2) > 300)
    }

    /// The gap that was fetched is closed; the next one does not wait for the clock.
    @Test func aNewGapIsFetchedAtOnceWhenTheOldOneIsClosed() {
        let solo = SoloGroup()
        solo.receive(heartbeat(1), from: 2)
        let accept = Accept(ballot: ballot, slot: Slot(1), proposal: .sessions(1), chosenThrough: Slot(1))
        solo.receive(.accept(accept), from: 2)
        #expect(solo.group.chosenThrough == Slot(1))
        _ = solo.takeSent()
        solo.receive(heartbeat(2), from: 2)
        #expect(solo.takeSent().fetches == [Fetch(from: Slot(2), through: Slot(2))])
    }

    @Test func aFetchIsAnsweredWithWhatIsChosenAndNoMore() {
        let solo = SoloGroup(chosen: (1...5).map { AcceptedProposal($0, ballot, .sessions(1)) })
        solo.receive(.fetch(Fetch(from: Slot(4), through: Slot(9))), from: 3)
        #expect(
            solo.takeReads()
                == [
                    LogRead(
                        group: .first, to: .node(NodeID(3)), content: .slots(from: Slot(4), through: Slot(5)))
                ])
        for (from, through): (UInt64, UInt64) in [(6, 9), (0, 3), (5, 4)] {
            solo.receive(.fetch(Fetch(from: Slot(from), through: Slot(through))), from: 3)
        }
        #expect(solo.takeReads().isEmpty)
    }

    /// A decision replaces the vote that stood in its slot and never lowers its ballot; it is a promise too.
    @Test func aLearntValueReplacesTheVote() {
        let low = AcceptedProposal(1, Ballot(1, 3), .sessions(9))
        let high = AcceptedProposal(2, Ballot(4, 3), .sessions(1))
        let solo = SoloGroup(votes: RecoveredVotes(promised: Ballot(4, 3), accepted: [low, high]))
        solo.decide(decided(1...2), chosenThrough: 2, from: 2)
        let votes = solo.rows.filter { if case .accepted = $0 { true } else { false } }
        #expect(votes == [.accepted(.first, decided(1...1)[0])], "slot 2 holds the value in a higher ballot")
        #expect(solo.group.status.promised == Ballot(4, 3))
        #expect(solo.group.replica.sessions.count == 2)
    }

    @Test func aLearntValueIsAPromise() {
        let solo = SoloGroup()
        solo.decide(decided(1...1), chosenThrough: 1, from: 2)
        #expect(solo.rows.first == .promise(.first, ballot))
        #expect(solo.group.status.promised == ballot)
    }
}
