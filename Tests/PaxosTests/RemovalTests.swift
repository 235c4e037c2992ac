import Testing

@testable import Paxos

/// Nodes leave, the leader among them, and what they may still do (scenario 14, Reconfigure).
@Suite struct RemovalTests {
    @Test(arguments: [1, 4, 256] as [UInt32])
    func aLeaderThatIsRemovedHandsTheLeadOver(_ alpha: UInt32) {
        let cluster = TestCluster(alpha: alpha)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.change(.remove(NodeID(1)), at: 1)
        // No election timeout passes.
        let ticks = cluster.run(within: TestCluster.shortTimes.electionTicks - 1, "another leads") {
            ($0.leader ?? 1) != 1
        }
        #expect(ticks < TestCluster.shortTimes.electionTicks)
        let leader = cluster.leader ?? 2
        cluster.write("x", in: &session, at: leader)
        #expect(cluster[1].group?.isGone(NodeID(1)) == true, "it has learnt so itself")
        cluster.converge()
        #expect(cluster.voters == [2, 3])
    }

    /// Of two, the leader goes: the other could not find out alone that it is enough. What the leader says for the
    /// last time is lost at first, so it stays.
    @Test func theLeaderOfTwoLeavesOnlyWhenTheOtherKnows() {
        let cluster = TestCluster(nodes: 2, alpha: 4)
        cluster.elect(1)
        _ = cluster.openSession(at: 1)
        cluster.change(.remove(NodeID(1)), at: 1)
        cluster.run(within: 50, "all that both govern is chosen") { cluster in
            _ = cluster.network.take {
                if case .heartbeat = $0.message { $0.to == NodeID(2) } else { false }
            }
            return cluster.voters == [2]
        }
        // Nothing passes, and the leader is gone, but for what it knows.
        #expect(cluster[1].group?.leader != nil || cluster[2].group?.isGone(NodeID(1)) == true)
        cluster.run(within: 60, "node 2 leads") { $0.leader == 2 }
        cluster.crash(1)
        let response = cluster.ask(.openSession, of: 2)
        guard case .opened? = response else {
            Issue.record("alone, node 2 answers \(String(describing: response))")
            return
        }
    }

    /// A leader whose last word is lost leads on, and says it again.
    @Test func aRemovedLeaderRepeatsItsLastWord() {
        let cluster = TestCluster(nodes: 2, alpha: 2)
        cluster.elect(1)
        _ = cluster.openSession(at: 1)
        cluster.hold(from: 1, to: 2)
        cluster.submit(.admin(.change(.remove(NodeID(1)))), to: 1)
        for _ in 0..<200 where cluster.voters != [2] {
            cluster.settle()
            // Accepts alone reach node 2.
            for packet in cluster.intercept(from: 1, to: 2) {
                if case .accept = packet.message { cluster.deliver(packet) }
                cluster.endTurn(at: cluster[2])
            }
        }
        cluster.settle()
        #expect(cluster.voters == [2])
        #expect(cluster[2].group?.isVoter == true && cluster[2].group?.isGone(NodeID(1)) == false)
        #expect(cluster[1].group?.leader != nil, "node 2 does not know yet")
        cluster.unhold(from: 1, to: 2)
        _ = cluster.intercept()
        cluster.run(within: 2 * TestCluster.shortTimes.heartbeatTicks, "it is told again") { $0.leader == 2 }
    }

    /// Phase 1 waits for one who is then found to have been removed.
    @Test func aCandidateThatLearnsThatItIsAloneLeads() throws {
        let genesis = TestCluster(nodes: 2, alpha: 2)
        genesis.elect(2)
        genesis.openSession(at: 2)
        genesis.run(ticks: 2)
        genesis.change(.remove(NodeID(2)), at: 2)
        genesis.run(within: 50, "node 1 alone") { $0.voters == [1] && $0.leader == 1 }
        let chosen = (1...genesis.judge.chosenThrough.rawValue).compactMap {
            genesis[1].rows.decision(in: Slot($0))
        }
        try #require(chosen.count >= 3)

        let solo = SoloGroup(voters: 2, alpha: 2)
        _ = solo.campaign()
        #expect(solo.group.scout != nil && solo.group.leader == nil)
        // In a ballot of node 2's that is no higher than its own.
        solo.decide(
            chosen.map { AcceptedProposal(slot: $0.slot, ballot: Ballot(1, 2), proposal: $0.proposal) },
            chosenThrough: UInt64(chosen.count), from: 2)
        #expect(solo.group.configurations.latest.voters == [NodeID(1)])
        solo.tick()
        #expect(solo.group.isLeading)
    }

    /// The leader dies before it has told those who go on without it. They ask whoever they know of.
    @Test func whoWasToComeNextFindsOutFromTheOneThatWasRemoved() {
        let cluster = TestCluster(nodes: 1, spares: 1, alpha: 4)
        cluster.electAny()
        var session = cluster.openSession(at: 1)
        cluster.change(TestCluster.joining(2, replacing: 1), at: 1)
        cluster.restart(2)
        // Node 2 is promoted and hears nothing of it: what is proposed does not reach it.
        for _ in 0..<100 where cluster.voters != [2] {
            cluster.tick()
            if cluster[1].group?.leader?.followers[NodeID(2)]?.executedThrough != nil {
                cluster.cut(from: 1, to: 2)
            }
        }
        #expect(cluster.voters == [2] && cluster[2].group?.isVoter == false)
        // What node 1 knows is on its disk.
        cluster.run(ticks: 10)
        cluster.crash(1)
        cluster.network.heal()
        cluster.restart(1)
        cluster.run(within: 100, "node 2 leads") { $0.leader == 2 }
        cluster.write("x", in: &session, at: 2)
    }

    @Test func aSecondChangeIsRefusedWhileTheFirstIsUnderWay() {
        let cluster = TestCluster(spares: 1, alpha: 4)
        cluster.elect(1)
        _ = cluster.openSession(at: 1)
        let first = cluster.submit(.admin(.change(.remove(NodeID(3)))), to: 1)
        let second = cluster.submit(.admin(.change(TestCluster.joining(4))), to: 1)
        cluster.settle()
        guard case .admin(.changed(let outcome))? = cluster.responses[first] else {
            Issue.record("the first is answered \(String(describing: cluster.responses[first]))")
            return
        }
        #expect(outcome.node == NodeID(3))
        #expect(cluster.responses[second] == .admin(.changeRefused(.changeInFlight)))
        cluster.converge()
        #expect(cluster.voters == [1, 2])
    }

    /// It does not know that it was removed, and disturbs nobody.
    @Test func aRemovedNodeCampaignsInVain() {
        let cluster = TestCluster(alpha: 4)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.isolate(3)
        cluster.remove(3, at: 1)
        let ballot = cluster[1].group?.leader?.ballot
        cluster.network.heal()
        cluster.run(ticks: 100)
        #expect(cluster.leader == 1)
        #expect(cluster[1].group?.leader?.ballot == ballot)
        #expect(cluster[3].group?.leader == nil)
        cluster.write("x", in: &session, at: 1)
    }

    @Test func whatWouldLoseTheQuorumIsRefused() {
        let cluster = TestCluster()
        cluster.elect(1)
        _ = cluster.openSession(at: 1)
        cluster.crash(3)
        cluster.run(ticks: 3 * TestCluster.shortTimes.heartbeatTicks + 2)
        #expect(
            cluster.change(.remove(NodeID(2)), at: 1) == .changeRefused(.wouldLoseQuorum), "it died just now")
        guard case .changed? = cluster.change(.remove(NodeID(3)), at: 1) else {
            Issue.record("the dead one is not removed")
            return
        }
        cluster.awaitVoters { $0 == [1, 2] }
        #expect(cluster.change(.remove(NodeID(9)), at: 1) == .changeRefused(.unknownMember))
    }

    /// Who led before may be dead: a new leader takes no node for up that it has not heard itself.
    @Test func aNewLeaderDoesNotCountTheOneBefore() {
        let cluster = TestCluster()
        cluster.elect(1)
        _ = cluster.openSession(at: 1)
        cluster.crash(1)
        cluster.elect(2)
        _ = cluster.openSession(at: 2)
        #expect(cluster.change(.remove(NodeID(3)), at: 2) == .changeRefused(.wouldLoseQuorum))
    }

    @Test func theLastVoterStays() {
        let cluster = TestCluster(nodes: 1)
        cluster.electAny()
        _ = cluster.openSession(at: 1)
        #expect(cluster.change(.remove(NodeID(1)), at: 1) == .changeRefused(.lastVoter))
    }

    /// The entry stands in the log, and the leader that put it there is gone before it knows it to be chosen.
    @Test(arguments: 1...10)
    func aNewLeaderFindsAChangePending(_ seed: UInt64) {
        let cluster = TestCluster(nodes: 4, seed: seed, alpha: 4)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.run(ticks: 2)
        for voter: UInt16 in 2...4 { cluster.hold(from: voter, to: 1) }
        cluster.submit(.admin(.change(.remove(NodeID(4)))), to: 1)
        cluster.settle()
        #expect(cluster.judge.configurations.history.count == 1, "nobody knows")
        cluster.crash(1)
        cluster.network.heal()
        let leader = cluster.electAny()
        cluster.awaitVoters { $0 == [1, 2, 3] }
        cluster.write("x", in: &session, at: leader == 4 ? cluster.electAny() : leader)
        cluster.converge()
        #expect(cluster.items(on: 1) == ["x"], "seed \(seed)")
    }

    /// It missed everything since the beginning, and those it knows are gone but one.
    @Test(arguments: 1...10)
    func aLaggardThatKnowsOnlyTheOldMembersCampaigns(_ seed: UInt64) {
        let cluster = TestCluster(nodes: 3, spares: 2, seed: seed, alpha: 4)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.run(ticks: 2)
        cluster.isolate(3)
        cluster.join(4, at: 1)
        cluster.join(5, at: 1)
        for number in 1...20 { cluster.write("\(number)", in: &session, at: 1) }
        cluster.remove(1, at: 1)
        var leader = cluster.electAny()
        cluster.remove(2, at: leader)
        leader = cluster.electAny()
        cluster.crash(1)
        // Nodes 3, 4 and 5 are the cluster; 3 knows 1, 2 and itself.
        #expect(cluster.voters == [3, 4, 5])
        cluster.isolate(3, from: [4, 5])
        cluster.mend(from: 2, to: 3)
        cluster.mend(from: 3, to: 2)
        cluster.run(ticks: 40)
        #expect(cluster.leader == leader, "seed \(seed)")
        cluster.network.heal()
        cluster.write("last", in: &session, at: cluster.electAny())
        cluster.run(within: 200, "node 3 has all") { $0.items(on: 3).count == 21 }
        // And its vote is one of the quorum.
        cluster.crash(leader)
        cluster.electAny()
    }

    /// It knows none of those who lead now, but they know it. What it asks first is lost.
    @Test func aLaggardAsksTheLeaderItDidNotKnow() {
        let cluster = TestCluster(nodes: 3, spares: 2, alpha: 4)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.isolate(3)
        cluster.join(4, at: 1)
        cluster.join(5, at: 1)
        cluster.remove(1, at: 1)
        cluster.run(within: 50, "a leader") { ($0.leader ?? 1) != 1 }
        var leader = cluster.leader ?? 2
        if leader == 2 {
            cluster.write("x", in: &session, at: 2)
            cluster.submit(.admin(.transferLead(to: NodeID(4))), to: 2)
            cluster.run(within: 50, "node 4 leads") { $0.leader == 4 }
        }
        leader = cluster.leader ?? 4
        cluster.remove(2, at: leader)
        cluster.crash(1)
        cluster.crash(2)
        cluster.network.heal()
        cluster.cut(from: 3, to: leader)
        cluster.tick()
        cluster.tick()
        cluster.mend(from: 3, to: leader)
        cluster.run(within: 30, "node 3 catches up") {
            $0[3].group?.chosenThrough == $0.judge.chosenThrough
        }
    }
}
