import Testing

@testable import Paxos

/// What survives a node's death, and what does not.
@Suite struct RestartTests {
    /// All nodes stop and come back (on other ports, for all the core knows): the log goes on.
    @Test(arguments: 1...10)
    func addressChange(_ seed: UInt64) {
        let cluster = TestCluster(nodes: 5, seed: seed)
        var leader = cluster.electAny()
        var session = cluster.openSession(at: leader)
        for round in 0..<4 {
            for number in 0..<5 { cluster.write("\(round).\(number)", in: &session, at: leader) }
            // Rows of chosen slots that had not been written are lost with the rest.
            for node in cluster.nodes { cluster.crash(node.id.rawValue) }
            for node in cluster.nodes { cluster.restart(node.id.rawValue) }
            #expect(cluster.leaders.isEmpty, "leadership is not recovered")
            leader = cluster.electAny()
        }
        cluster.converge()
        #expect(cluster.items(on: 1).count == 20, "seed \(seed)")
    }

    /// Before the commit nothing was said, and nothing is remembered.
    @Test func aVoteThatWasNotCommittedIsForgotten() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        for number: UInt16 in 1...3 { cluster[number].isDiskStuck = true }
        let ticket = cluster.submit(session.command("x", sequence: 1), to: 1)
        cluster.settle()
        #expect(cluster.responses[ticket] == nil)
        for node in cluster.nodes { cluster.crash(node.id.rawValue) }
        cluster.converge()
        #expect(cluster.items(on: 2).isEmpty)
        #expect(cluster.responses[ticket] == nil, "nobody knows")
    }

    /// After it, the vote stands even if nobody was told.
    @Test func aVoteThatWasCommittedAndNotSentIsKept() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        cluster[2].isDiskStuck = true
        cluster[3].isDiskStuck = true
        cluster.submit(session.command("x", sequence: 1), to: 1)
        cluster.settle()
        cluster.commit(cluster[2], losingMessages: true)
        #expect(cluster.judge.isDecided(Slot(2)), "by nodes 1 and 2, and neither knows")
        cluster.crash(1)
        cluster.crash(3)
        cluster.converge()
        #expect(cluster.items(on: 3) == ["x"])
    }

    /// A leader's own vote counts when it is durable, not before.
    @Test func aLeadersOwnVoteWaitsForItsDisk() {
        let cluster = TestCluster(nodes: 2)
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        cluster[1].isDiskStuck = true
        let ticket = cluster.submit(session.command("x", sequence: 1), to: 1)
        cluster.settle()
        #expect(cluster[2].rows.accepted[Slot(2)] != nil, "the accept left at once")
        #expect(cluster.responses[ticket] == nil)
        cluster[1].isDiskStuck = false
        cluster.settle()
        #expect(cluster.responses[ticket]?.position != nil)
    }

    /// Nor is anything chosen while the disks of the others hang: but a quorum without the leader is one.
    @Test func aQuorumWithoutTheLeaderChooses() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        cluster[1].isDiskStuck = true
        let ticket = cluster.submit(session.command("x", sequence: 1), to: 1)
        cluster.settle()
        #expect(cluster.responses[ticket]?.position != nil)
        cluster.crash(1)
        cluster.converge()
        #expect(cluster.items(on: 1) == ["x"])
    }

    @Test func aCandidatesPromiseIsDurableBeforeItsPreparesLeave() {
        let cluster = TestCluster()
        cluster[1].isDiskStuck = true
        cluster.elect(1, unless: { $0[1].group?.scout != nil })
        #expect(
            cluster.intercept(from: 1).allSatisfy { if case .prepare = $0.message { false } else { true } })
        #expect(cluster[2].rows.promised == .zero)
        cluster[1].isDiskStuck = false
        cluster.settle()
        #expect(cluster.leader == 1)
    }

    /// One voter, alone with its disk.
    @Test func aSingleNodeWorksAndRestarts() {
        let cluster = TestCluster(nodes: 1)
        cluster.tick()
        #expect(cluster.leader == 1, "there is nobody to wait for")
        var session = cluster.openSession(at: 1)
        for number in 1...20 {
            cluster.write("\(number)", in: &session, at: 1)
            if number % 5 == 0 {
                cluster.restart(1)
                cluster.tick()
            }
        }
        cluster.converge()
        #expect(cluster.items(on: 1).count == 20)
        guard case .answered(let reply, _, .linearizable)? = cluster.ask(TestCluster.read(), of: 1) else {
            Issue.record("the read is not answered")
            return
        }
        #expect(reply.number == 20)
    }

    /// A slow disk is no reason to campaign again.
    @Test func aSingleNodeWaitsForItsDisk() {
        let cluster = TestCluster(nodes: 1)
        cluster[1].isDiskStuck = true
        cluster.run(ticks: 500)
        #expect(cluster[1].group?.status.promised == Ballot(1, 1))
        cluster[1].isDiskStuck = false
        cluster.settle()
        #expect(cluster.leader == 1)
    }
}
