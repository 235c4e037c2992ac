import Testing

@testable import Paxos

/// Phase 1 taken up again: the members have changed, and those who govern the slots from one on have yet to promise
/// the ballot this node leads in.
@Suite struct ScoutAgainTests {
    private let ballot = Ballot(5, 1)
    private let earlier = Ballot(3, 4)
    private static let old = Configuration(voters: [1, 2, 3].map { NodeID($0) }, alpha: 4)
    private static let new = Configuration(voters: [1, 4, 5].map { NodeID($0) }, alpha: 4)
    private let governing = [
        ConfigurationLog.Entry(from: .zero, configuration: ScoutAgainTests.old),
        ConfigurationLog.Entry(from: Slot(13), configuration: ScoutAgainTests.new),
    ][...]

    private func promise(
        part: UInt32 = 0, of parts: UInt32 = 1, chosenThrough: UInt64 = 0, _ accepted: [AcceptedProposal] = []
    ) -> Promise {
        Promise(
            ballot: ballot, part: part, parts: parts, chosenThrough: Slot(chosenThrough), floor: .zero,
            accepted: accepted)
    }

    /// A leader of the old configuration's, which has just learnt of the new one.
    private func leader() -> Leader {
        var scout = Scout(ballot: ballot, firstOpen: Slot(1))
        for voter: UInt16 in 1...2 { scout.add(promise(), from: NodeID(voter)) }
        var leader = Leader(scout: scout, node: NodeID(1), limits: Limits(), tick: 0)
        leader.startProposing(chosenThrough: .zero)
        leader.reviewPromises(governing: governing)
        leader.scout.takeUpAgain(from: Slot(13))
        return leader
    }

    private func propose(_ leader: inout Leader) -> Proposal? {
        guard
            let (proposal, tickets) = leader.nextProposal(evenPartial: true, alpha: 256, changeFrom: Slot(99))
        else { return nil }
        leader.commander.propose(proposal, tickets: tickets, atTick: 0)
        return proposal
    }

    @Test func theSlotsOfTheNewConfigurationWaitForAQuorumOfIt() {
        var leader = leader()
        #expect(leader.unpromisedFrom == Slot(13))
        for _ in 1...12 { #expect(propose(&leader) == .noOp) }
        #expect(propose(&leader) == nil, "slot 13")
        leader.scout.add(promise([AcceptedProposal(14, earlier, .sessions(4))]), from: NodeID(4))
        leader.reviewPromises(governing: governing)
        #expect(leader.unpromisedFrom == nil)
        #expect(leader.barrier == Slot(14), "reads wait for what was reported")
        #expect(propose(&leader) == .noOp)
        #expect(propose(&leader) == .sessions(4), "the value of the highest ballot")
    }

    @Test func slotsThatANewVoterKnowsToBeChosenAreNotProposed() {
        var leader = leader()
        for _ in 1...12 { _ = propose(&leader) }
        leader.scout.add(promise(chosenThrough: 20), from: NodeID(4))
        leader.reviewPromises(governing: governing)
        #expect(leader.unpromisedFrom == nil)
        #expect(propose(&leader) == nil)
        #expect(leader.barrier == Slot(20))
        #expect(!leader.isStalled(chosenThrough: Slot(12), atTick: 5, after: 10))
        #expect(leader.isStalled(chosenThrough: Slot(12), atTick: 50, after: 10), "nobody tells")
        #expect(!leader.isStalled(chosenThrough: Slot(20), atTick: 50, after: 10))
    }

    /// Node 5 voted in a low ballot; another value was chosen since, which node 4 knows. That is no contradiction.
    @Test(arguments: [0, 14] as [UInt64])
    func aVoteThatDoesNotBindYetIsNotHeldAgainstADecision(_ known: UInt64) {
        var leader = leader()
        for _ in 1...12 { _ = propose(&leader) }
        for _ in 1...12 { _ = leader.commander.remove() }
        leader.scout.add(promise([AcceptedProposal(13, earlier, .sessions(4))]), from: NodeID(5))
        if known > 0 { leader.scout.add(promise(chosenThrough: known), from: NodeID(4)) }
        if known > 0 { leader.reviewPromises(governing: governing) }
        let passed = leader.passOver(Slot(13))
        #expect(passed == nil)
        #expect(leader.commander.next == Slot(14))
    }

    /// Another may lead those who have not promised, in a lower ballot, and have chosen what a read must see.
    @Test func readsWaitForTheNewConfigurationsPromises() {
        let solo = SoloGroup(alpha: 4)
        let ballot = solo.lead()
        _ = solo.ask(.openSession)
        solo.accepted(ballot, 1, through: 1, from: 2)
        _ = solo.ask(.admin(.change(.add(node: NodeID(4), role: .nonVoter, store: nil, address: "d:1"))))
        solo.accepted(ballot, 2, through: 2, from: 2)
        solo.endTurn()
        solo.accepted(ballot, 3, through: 5, from: 2)
        #expect(solo.group.unpromised == nil, "the voters are the same")
        _ = solo.ask(.admin(.change(.remove(NodeID(2)))))
        solo.accepted(ballot, 6, through: 6, from: 2)
        // Of nodes 1 and 3, node 3 has not promised.
        #expect(solo.group.unpromised == Slot(10))
        let read = solo.ask(.query(payload: [], consistency: .linearizable))
        solo.tick(2)
        let round = solo.takeSent().heartbeats.last?.round ?? 0
        for voter: UInt16 in 2...3 {
            solo.receive(
                .heartbeatReply(HeartbeatReply(ballot: ballot, round: round, executedThrough: .zero)),
                from: voter)
        }
        #expect(solo.responses[read] == nil, "the round is confirmed, and that is not enough")
        // Node 3 promises, and reports a vote: that slot must be executed before the read is answered.
        solo.promise(ballot, from: 3, accepted: [AcceptedProposal(11, Ballot(1, 3), .sessions(1))])
        #expect(solo.group.unpromised == nil)
        #expect(solo.responses[read] == nil)
        solo.endTurn()
        for slot: UInt64 in 7...11 {
            for voter: UInt16 in 2...3 { solo.accepted(ballot, slot, through: slot, from: voter) }
            solo.endTurn()
        }
        #expect(solo.group.chosenThrough >= Slot(11))
        guard case .answered? = solo.responses[read] else {
            Issue.record("the read is not answered: \(solo.group.chosenThrough)")
            return
        }
    }

    // MARK: Parts

    /// Answers to the first prepare begin lower, and are cut at other places.
    @Test func partsOfAnAnswerToAnEarlierPrepareMakeNoPromise() {
        let low = AcceptedProposal(12, earlier, .sessions(1))
        let high = (13...15).map { AcceptedProposal(UInt64($0), earlier, .sessions($0)) }
        var leader = leader()
        leader.scout.add(promise(part: 0, of: 2, [low, high[0]]), from: NodeID(4))
        leader.scout.add(promise(part: 1, of: 2, [high[2]]), from: NodeID(4))
        #expect(!leader.scout.promised.contains(NodeID(4)), "slot 14 is in neither")
        #expect(leader.scout.lastVoted == .zero)
        leader.scout.add(promise(part: 0, of: 2, Array(high[...1])), from: NodeID(4))
        leader.scout.add(promise(part: 1, of: 2, [high[2]]), from: NodeID(4))
        #expect(leader.scout.promised.contains(NodeID(4)))
    }

    @Test func halfAPromiseForMoreSlotsIsForgotten() {
        let votes = (13...15).map { AcceptedProposal(UInt64($0), earlier, .sessions($0)) }
        var scout = Scout(ballot: ballot, firstOpen: Slot(1))
        scout.add(promise(part: 0, of: 2, [votes[0]]), from: NodeID(4))
        scout.takeUpAgain(from: Slot(13))
        scout.add(promise(part: 1, of: 2, [votes[2]]), from: NodeID(4))
        #expect(!scout.promised.contains(NodeID(4)))
    }
}

extension Group {
    /// The slots from which on promises are missing.
    fileprivate var unpromised: Slot? { leader?.unpromisedFrom }
}
