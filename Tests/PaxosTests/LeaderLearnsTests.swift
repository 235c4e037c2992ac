import Testing

@testable import Paxos

/// Decisions that reach a leader from elsewhere: from its predecessors, whose slots it repeats, and from a
/// successor it does not know of.
@Suite struct LeaderLearnsTests {
    private static let before = Ballot(1, 2)

    /// Slots 1 through `count`, voted for in an earlier ballot.
    private static func votes(_ count: Int) -> [AcceptedProposal] {
        (1...count).map { AcceptedProposal(UInt64($0), before, .sessions($0)) }
    }

    private static var oneInFlight: Limits {
        var limits = TestCluster.shortTimes
        limits.slotsInFlight = 1
        return limits
    }

    /// A deposed leader's flight holds a value of its own in a slot that its successor had filled otherwise.
    @Test func aDecisionOfAHigherBallotEndsTheLead() {
        let solo = SoloGroup()
        let ballot = solo.lead()
        let ticket = solo.ask(.openSession)
        #expect(solo.takeSent().accepts.first?.slot == Slot(1))

        let successor = ballot.next(for: NodeID(2))
        solo.decide([AcceptedProposal(1, successor, .sessions(7))], chosenThrough: 1, from: 2)
        #expect(!solo.group.isLeading)
        #expect(solo.responses[ticket] == .leadershipLost(leader: nil))
        #expect(solo.group.chosenThrough == Slot(1))
        #expect(solo.group.replica.sessions.count == 7)
        #expect(solo.group.status.promised == successor)
    }

    @Test func aDecisionOfAHigherBallotEndsPhaseOne() {
        let solo = SoloGroup()
        let ballot = solo.campaign()
        let successor = ballot.next(for: NodeID(2))
        solo.decide([AcceptedProposal(1, successor, .sessions(1))], chosenThrough: 1, from: 2)
        solo.promise(ballot, from: 3)
        #expect(solo.group.leader == nil)
        #expect(solo.takeSent().heartbeats.isEmpty, "it would speak in a ballot below its promise")
    }

    /// What was inherited is decided from elsewhere before its turn comes: it leaves the queue.
    @Test func aDecisionForAnInheritedSlotThatIsNotInFlightYetMovesTheQueue() {
        let solo = SoloGroup(limits: Self.oneInFlight)
        let ballot = solo.lead(accepted: Self.votes(3))
        #expect(Set(solo.takeSent().accepts.map(\.slot)) == [Slot(1)])
        // Slot 1 is chosen by votes; before the turn ends, slot 2 comes as a decision.
        solo.accepted(ballot, 1, through: 1, from: 2)
        solo.decide([Self.votes(3)[1]], chosenThrough: 2, from: 3)
        solo.endTurn()
        let accepts = solo.takeSent().accepts
        #expect(Set(accepts.map(\.slot)) == [Slot(3)])
        #expect(accepts.first?.proposal == .sessions(3))
        solo.accepted(ballot, 3, through: 3, from: 2)
        #expect(solo.group.chosenThrough == Slot(3))
    }

    /// The same, when the predecessor itself says that its slots are chosen.
    @Test func aPredecessorsLateAcceptMovesTheQueueToo() {
        let votes = Self.votes(3)
        let solo = SoloGroup(
            limits: Self.oneInFlight, votes: RecoveredVotes(promised: Self.before, accepted: votes))
        let ballot = solo.lead()
        solo.accepted(ballot, 1, through: 1, from: 2)
        let late = Accept(
            ballot: Self.before, slot: Slot(4), proposal: .sessions(4), chosenThrough: Slot(2))
        solo.receive(.accept(late), from: 2)
        #expect(solo.group.chosenThrough == Slot(2))
        solo.endTurn()
        #expect(solo.takeSent().accepts.last?.slot == Slot(3))
        solo.accepted(ballot, 3, through: 3, from: 2)
        #expect(solo.group.chosenThrough == Slot(3))
    }

    /// Phase 1 reported chosen slots, and they come by another way than a decision.
    @Test func aLeaderIsReadyHoweverItLearntWhatItLacked() {
        let solo = SoloGroup(votes: RecoveredVotes(promised: Self.before, accepted: Self.votes(2)))
        _ = solo.lead(chosenThrough: Slot(2))
        #expect(!solo.group.isLeading)
        solo.receive(
            .accept(
                Accept(ballot: Self.before, slot: Slot(2), proposal: .sessions(2), chosenThrough: Slot(2))),
            from: 2)
        solo.tick()
        #expect(solo.group.isLeading)
    }

    /// A peer that knows a slot to be chosen casts no vote for it. The leader fetches all such slots.
    @Test func aLeaderFetchesWhatAPeerKnowsBeyondIt() {
        let solo = SoloGroup(voters: 5)
        let ballot = solo.lead(accepted: Self.votes(3))
        _ = solo.takeSent()
        solo.decide([Self.votes(3)[0]], chosenThrough: 3, from: 4)
        #expect(solo.takeSent().fetches == [Fetch(from: Slot(2), through: Slot(3))])
        solo.decide(Array(Self.votes(3)[1...]), chosenThrough: 3, from: 4)
        #expect(solo.group.chosenThrough == Slot(3))
        #expect(solo.group.leader?.ballot == ballot)
        #expect(solo.group.status.slotsInFlight == 0)
    }
}
