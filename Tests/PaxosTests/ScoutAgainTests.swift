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

    /// What a voter with these votes answers.
    private func answer(
        to question: Prepare, _ accepted: [AcceptedProposal], chosenThrough: UInt64 = 0,
        budgetBytes: Int = FrameBudget.votesBytes
    ) -> [Promise] {
        Promise.parts(
            answering: question, chosenThrough: Slot(chosenThrough), floor: .zero,
            accepted: accepted.filter { $0.slot >= question.firstOpen && $0.slot.rawValue > chosenThrough },
            budgetBytes: budgetBytes)
    }

    /// A leader of the old configuration's, which has just learnt of the new one.
    private func leader(firstOpen: UInt64 = 1) -> Leader {
        var scout = Scout(ballot: ballot, firstOpen: Slot(firstOpen))
        for voter: UInt16 in 1...2 { scout.add(promise(), from: NodeID(voter)) }
        var leader = Leader(scout: scout, node: NodeID(1), limits: Limits(), tick: 0)
        leader.startProposing(chosenThrough: Slot(firstOpen - 1))
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
        reply(to: solo, ballot, round: 1, from: 3)
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

    /// Voter 4 holds votes of a mebibyte in slots 12 through 19. Its answer to the first prepare is cut 12-14, 15-17,
    /// 18-19, that to the second 13-15, 16-18, 19: three parts each, and the same slots are chosen. The vote at 18, where
    /// the value is chosen, is told by the first's last part and the second's middle one.
    @Test func partsOfTwoAnswersMakeNoPromise() {
        let votes = (12...19).map { AcceptedProposal(UInt64($0), earlier, .mebibyte($0)) }
        let voter = SoloGroup(
            node: 4, votes: RecoveredVotes(promised: earlier, accepted: votes),
            chosen: (1...11).map { AcceptedProposal($0, earlier, .noOp) })
        var leader = leader(firstOpen: 12)
        func ask(_ prepare: Prepare) -> [Promise] {
            voter.receive(.prepare(prepare), from: 1)
            return voter.takeSent().compactMap { if case .promise(let part) = $0 { part } else { nil } }
        }
        let first = ask(Prepare(ballot: ballot, firstOpen: Slot(12)))
        let second = ask(leader.scout.question)
        #expect(first.map { $0.accepted.map(\.slot.rawValue) } == [[12, 13, 14], [15, 16, 17], [18, 19]])
        #expect(second.map { $0.accepted.map(\.slot.rawValue) } == [[13, 14, 15], [16, 17, 18], [19]])

        for part in [second[0], first[1], second[2]] { leader.scout.add(part, from: NodeID(4)) }
        #expect(!leader.scout.promised.contains(NodeID(4)), "the vote for slot 18 is in none of them")
        leader.scout.add(second[1], from: NodeID(4))
        leader.reviewPromises(governing: governing)
        #expect(leader.unpromisedFrom == nil)
        #expect(propose(&leader) == .noOp, "slot 12")
        for slot in 13...19 {
            // By digest: a mebibyte says nothing to a reader who wants to know why this failed.
            #expect(propose(&leader)?.digest == Proposal.mebibyte(slot).digest, "slot \(slot)")
        }
    }

    /// Answers to all questions, given while more and more is chosen and cut as chance will have it, arrive in any order,
    /// twice or not at all: a voter has promised only when all of its votes are known.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func noVoteIsMissingWhenAPromiseCounts(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let last = UInt64.random(in: 13...22, using: &random)
        let votes = (12...last).filter { _ in Int.random(in: 0...3, using: &random) > 0 }
            .map { AcceptedProposal($0, earlier, .sessions(Int($0))) }
        var leader = leader(firstOpen: 12)
        let questions = [
            Prepare(ballot: ballot, firstOpen: Slot(12)), leader.scout.question, leader.scout.question,
        ]
        var arrivals: [Promise] = []
        for question in questions + questions {
            arrivals += answer(
                to: question, votes, chosenThrough: .random(in: 11...12, using: &random),
                budgetBytes: .random(in: 30...200, using: &random))
        }
        arrivals += arrivals
        arrivals.shuffle(using: &random)
        for part in arrivals {
            leader.scout.add(part, from: NodeID(4))
            guard leader.scout.promised.contains(NodeID(4)) else { continue }
            var scout = leader.scout
            for vote in votes where vote.slot >= Slot(13) {
                #expect(scout.takeProposal(for: vote.slot) == vote.proposal, "slot \(vote.slot)")
            }
            return
        }
        // Nothing was lost: a leader that asks again is answered in full.
        for part in answer(to: leader.scout.question, votes, chosenThrough: 11) {
            leader.scout.add(part, from: NodeID(4))
        }
        #expect(leader.scout.promised.contains(NodeID(4)))
    }

    /// A node restarted with another budget cuts the same answer at other places.
    @Test func anAnswerThatLeavesOutASlotIsNotComplete() {
        let votes = (13...18).map { AcceptedProposal(UInt64($0), earlier, .sessions($0)) }
        var leader = leader()
        let question = leader.scout.question
        func part(_ number: Int, _ slots: ClosedRange<Int>, through: Slot? = nil) -> Promise {
            Promise(
                ballot: ballot, part: UInt32(number), parts: 2, chosenThrough: .zero, floor: .zero,
                scope: PromiseScope(
                    firstOpen: question.firstOpen, attempt: question.attempt,
                    from: Slot(UInt64(slots.lowerBound)), through: through ?? Slot(UInt64(slots.upperBound))),
                accepted: votes.filter { slots.contains(Int($0.slot.rawValue)) })
        }
        leader.scout.add(part(0, 13...14), from: NodeID(4))
        leader.scout.add(part(1, 17...18, through: .maximum), from: NodeID(4))
        #expect(!leader.scout.promised.contains(NodeID(4)), "slots 15 and 16 are in neither")
        leader.scout.add(part(0, 13...16), from: NodeID(4))
        #expect(leader.scout.promised.contains(NodeID(4)))
    }

    @Test func halfAPromiseForMoreSlotsIsForgotten() {
        let votes = (13...15).map { AcceptedProposal(UInt64($0), earlier, .sessions($0)) }
        var scout = Scout(ballot: ballot, firstOpen: Slot(1))
        let parts = answer(to: scout.question, votes, budgetBytes: 90)
        #expect(parts.count == 2)
        scout.add(parts[0], from: NodeID(4))
        scout.takeUpAgain(from: Slot(13))
        scout.add(parts[1], from: NodeID(4))
        #expect(!scout.promised.contains(NodeID(4)))
        #expect(scout.question == Prepare(ballot: ballot, firstOpen: Slot(13), attempt: 1))
    }

    /// Asked again from the same slot, it is the same question: what has come of its answer still counts.
    @Test func askedAgainFromTheSameSlotItIsTheSameQuestion() {
        var leader = leader()
        let before = leader.scout.question
        leader.scout.takeUpAgain(from: Slot(13))
        #expect(leader.scout.question == before)
        leader.scout.takeUpAgain(from: Slot(30))
        #expect(leader.scout.question.attempt == before.attempt + 1)
    }

    // MARK: Peers of an older version

    @Test func aWholePromiseOfAnOlderPeerAnswersEveryQuestion() {
        var leader = leader()
        leader.scout.add(promise([AcceptedProposal(14, earlier, .sessions(4))]), from: NodeID(4))
        #expect(leader.scout.promised.contains(NodeID(4)))
    }

    @Test func partsOfAnOlderPeerCountForTheFirstQuestionAlone() {
        let votes = (13...14).map { AcceptedProposal(UInt64($0), earlier, .sessions($0)) }
        let parts = (0...1).map { promise(part: UInt32($0), of: 2, [votes[$0]]) }
        var first = Scout(ballot: ballot, firstOpen: Slot(1))
        var again = leader().scout
        for part in parts {
            #expect(!first.isUnclear(part))
            #expect(again.isUnclear(part))
            first.add(part, from: NodeID(4))
            again.add(part, from: NodeID(4))
        }
        #expect(first.promised.contains(NodeID(4)))
        #expect(!again.promised.contains(NodeID(4)))
    }

    /// A voter shows that it is up.
    private func reply(to solo: SoloGroup, _ ballot: Ballot, round: UInt64, from node: UInt16) {
        solo.receive(
            .heartbeatReply(HeartbeatReply(ballot: ballot, round: round, executedThrough: .zero)), from: node)
    }

    /// It must be asked the first question of a ballot: the leader lets go of this one, or would wait for ever.
    @Test func aLeaderThatGetsPartsOfAnOlderPeerStepsDown() {
        let solo = SoloGroup(alpha: 4)
        let ballot = solo.lead()
        _ = solo.ask(.admin(.change(.remove(NodeID(2)))))
        solo.accepted(ballot, 1, through: 1, from: 2)
        solo.endTurn()
        reply(to: solo, ballot, round: 1, from: 3)
        _ = solo.ask(.admin(.change(.remove(NodeID(2)))))
        solo.accepted(ballot, 2, through: 2, from: 2)
        #expect(solo.group.unpromised != nil, "node 3 has yet to promise")
        let part = Promise(
            ballot: ballot, part: 0, parts: 2, chosenThrough: .zero, floor: .zero, accepted: [])
        solo.receive(.promise(part), from: 3)
        #expect(!solo.group.isLeading)
    }

    @Test func partsThatSayWhatTheyAnswerAndPartsThatDoNotMakeNoPromise() {
        let votes = (13...14).map { AcceptedProposal(UInt64($0), earlier, .sessions($0)) }
        var scout = Scout(ballot: ballot, firstOpen: Slot(1))
        scout.add(promise(part: 0, of: 2, [votes[0]]), from: NodeID(4))
        scout.add(answer(to: scout.question, votes, budgetBytes: 70)[1], from: NodeID(4))
        #expect(!scout.promised.contains(NodeID(4)))
    }
}

extension Proposal {
    /// A command of a mebibyte, another for every number.
    fileprivate static func mebibyte(_ number: Int) -> Proposal {
        var builder = ProposalBuilder()
        builder.append(
            .command(
                session: SessionID(rawValue: 1), sequence: 1, firstUnacknowledged: 1,
                payload: [UInt8](repeating: UInt8(number), count: (1 << 20) - 64)[...]))
        return builder.build()
    }
}

extension Group {
    /// The slots from which on promises are missing.
    fileprivate var unpromised: Slot? { leader?.unpromisedFrom }
}
