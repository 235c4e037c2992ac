import Testing

@testable import Paxos

/// Some of what a node had voted cannot be read any more (invariant CorruptIsNotAbsent).
@Suite struct AbstainTests {
    /// "x" is chosen by the votes of nodes 1 and 3 in slot 3; nobody but they ever heard of it, and nobody knows it
    /// to be chosen. Then all die, and node 3 comes back without that vote.
    private func cluster() -> TestCluster {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        _ = cluster.ask(session.command("before", sequence: 1), of: 1)
        cluster.run(ticks: 20)
        cluster.isolate(2)
        cluster.hold(from: 3, to: 1)
        cluster.submit(session.command("x", sequence: 2), to: 1)
        cluster.settle()
        #expect(cluster.judge.isDecided(Slot(3)))
        for node in cluster.nodes { cluster.crash(node.id.rawValue) }
        _ = cluster.intercept()
        cluster.network.heal()
        cluster[3].rows.damage(through: Slot(3))
        return cluster
    }

    @Test func withOneMoreDownTheClusterWaitsRatherThanLoseAnything() {
        let cluster = cluster()
        cluster.restart(2)
        cluster.restart(3)
        cluster.run(ticks: 100)
        #expect(cluster.leaders.isEmpty)
        #expect(cluster[3].group?.status.abstainThrough == Slot(3))
        #expect(cluster[3].group?.status.role == .follower)
        cluster.converge()
        #expect(cluster.items(on: 2) == ["before", "x"])
    }

    @Test func itVotesAgainWhenItHasLearntWhatItHadVoted() {
        let cluster = cluster()
        cluster.restart(1)
        cluster.restart(2)
        cluster.restart(3)
        cluster.run(within: 200, "node 3 has learnt it") { $0[3].group?.status.abstainThrough == nil }
        cluster.converge()
        cluster.crash(1)
        cluster.elect(3)
        cluster.run(within: 50, "node 3 leads") { $0.leader == 3 }
        #expect(cluster.items(on: 3) == ["before", "x"])
    }

    /// What it had voted for it alone had, and nobody asks for anything: no slot would ever stand there.
    @Test func anIdleLogGrowsUntilItVotesAgain() {
        let cluster = TestCluster()
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.write("before", in: &session, at: 1)
        cluster.run(ticks: 10)
        cluster.crash(3)
        let through = cluster.judge.chosenThrough.advanced(by: 100)
        cluster[3].rows.damage(through: through)
        cluster.restart(3)
        #expect(cluster[3].group?.status.abstainThrough == through)
        cluster.run(within: 60, "node 3 votes again") { $0[3].group?.status.abstainThrough == nil }
        #expect(cluster.judge.chosenThrough == through, "and not a slot more")
        cluster.run(ticks: 20)
        #expect(cluster.judge.chosenThrough == through)
    }

    /// It could not have voted further than its window of votes reaches.
    @Test func whatCannotBeFillsNoSlots() {
        var limits = TestCluster.shortTimes
        limits.voteSlots = 8
        let solo = SoloGroup(limits: limits)
        let ballot = solo.lead()
        solo.receive(
            .heartbeatReply(
                HeartbeatReply(
                    ballot: ballot, round: 1, executedThrough: .zero, abstainThrough: .maximum)),
            from: 2)
        solo.endTurn()
        #expect(solo.takeSent().accepts.map(\.slot).max() == Slot(8))
    }

    @Test func itGrantsAndPromisesAndVotesForNothing() {
        let solo = SoloGroup(
            votes: RecoveredVotes(promised: Ballot(1, 3), accepted: [], damagedThrough: Slot(2)))
        solo.tick(100)
        #expect(solo.group.scout == nil && solo.group.candidacy == nil)
        _ = solo.takeSent()
        let ballot = Ballot(5, 2)
        solo.receive(.preVote(PreVote(ballot: ballot)), from: 2)
        solo.receive(.prepare(Prepare(ballot: ballot, firstOpen: Slot(1))), from: 2)
        let accept = Accept(ballot: ballot, slot: Slot(1), proposal: .sessions(1), chosenThrough: .zero)
        solo.receive(.accept(accept), from: 2)
        solo.receive(.handover(Handover(ballot: ballot)), from: 2)
        guard case .preVoteReply(let reply)? = solo.takeSent().first else {
            Issue.record("the pre-vote is not answered")
            return
        }
        #expect(!reply.isGranted)
        #expect(solo.rows.isEmpty && solo.sent.isEmpty)
        // It learns like anybody, and then it is a voter like any other.
        solo.decide((1...2).map { AcceptedProposal($0, ballot, .sessions(1)) }, chosenThrough: 2, from: 2)
        solo.receive(
            .accept(Accept(ballot: ballot, slot: Slot(3), proposal: .sessions(1), chosenThrough: Slot(2))),
            from: 2)
        #expect(solo.takeSent().contains { if case .accepted = $0 { true } else { false } })
    }

    /// "v" was chosen in slot 2 in ballot 4.3, by nodes 1 and 3. Node 1 voted for it again in 5.3; that vote rotted, and it
    /// learnt the value again, as chosen in 4.3. Then the chosen row of slot 1 rots, and what was learnt is told as a vote.
    /// Node 2 has a vote in a ballot in between, or just below, for what was never chosen there.
    @Test func aRepairedVoteThatIsReportedLaterObligesToWhatWasChosen() throws {
        let value = Proposal.sessions(1)
        let repaired = SoloGroup(
            votes: RecoveredVotes(promised: Ballot(5, 3), accepted: [], damagedThrough: Slot(2)))
        repaired.decide(
            [AcceptedProposal(1, Ballot(3, 1), .noOp), AcceptedProposal(2, Ballot(4, 3), value)],
            chosenThrough: 2, from: 3)
        let learnt = repaired.rows.compactMap {
            if case .accepted(_, let vote) = $0, vote.slot == Slot(2) { vote } else { nil }
        }
        #expect(learnt.map(\.ballot) == [Ballot(4, 3)], "a ballot it was chosen in, and no lower one")
        let again = SoloGroup(
            votes: RecoveredVotes(promised: Ballot(5, 3), accepted: learnt, damagedThrough: Slot(1)))
        let prepare = Prepare(ballot: Ballot(9, 2), firstOpen: Slot(1))
        again.receive(.prepare(prepare), from: 2)
        #expect(again.takeSent().isEmpty, "it does not know what it had voted in slot 1")
        again.decide([AcceptedProposal(1, Ballot(3, 1), .noOp)], chosenThrough: 1, from: 3)
        _ = again.takeSent()
        again.receive(.prepare(prepare), from: 2)
        var scout = Scout(ballot: prepare.ballot, firstOpen: Slot(1))
        for case .promise(let promise) in again.takeSent() { scout.add(promise, from: NodeID(1)) }
        for promise in Promise.parts(
            answering: prepare, chosenThrough: .zero, floor: .zero,
            accepted: [AcceptedProposal(2, Ballot(4, 2), .sessions(2))])
        {
            scout.add(promise, from: NodeID(2))
        }
        #expect(scout.promised.contains(NodeID(1)) && scout.promised.contains(NodeID(2)))
        #expect(scout.chosenThrough == Slot(1))
        #expect(scout.takeProposal(for: Slot(2)) == value)
    }
}
