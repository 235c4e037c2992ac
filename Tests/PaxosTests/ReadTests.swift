import Testing

@testable import Paxos

/// Linearizable reads see every write acknowledged before them, or are not answered.
@Suite struct ReadTests {
    private func cluster(seed: UInt64 = 1) -> (TestCluster, TestSession) {
        let cluster = TestCluster(seed: seed, machine: RegisterMachine())
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.write("old", in: &session, at: 1)
        return (cluster, session)
    }

    private func text(_ response: ClientResponse?) -> String? {
        if case .answered(let reply, _, _)? = response { reply.text } else { nil }
    }

    @Test func aReadSeesTheLastWriteAndTakesNoSlot() {
        let (cluster, _) = cluster()
        let before = cluster[1].group?.chosenThrough
        #expect(text(cluster.ask(TestCluster.read(), of: 1)) == "old")
        #expect(cluster[1].group?.chosenThrough == before)
    }

    /// The leader is paused with reads waiting; another is elected and writes; then it goes on.
    @Test func aDeposedLeaderAnswersNoRead() {
        let (cluster, session) = cluster()
        var other = session
        for (from, to): (UInt16, UInt16) in [(1, 2), (1, 3), (2, 1), (3, 1)] {
            cluster.hold(from: from, to: to)
        }
        let early = cluster.submit(TestCluster.read(), to: 1)
        cluster.settle()
        cluster.elect(2, unless: { $0.leader == 2 })
        cluster.write("new", in: &other, at: 2)
        let late = cluster.submit(TestCluster.read(), to: 1)
        cluster.settle()
        #expect(cluster.responses[early] == nil && cluster.responses[late] == nil)
        cluster.network.heal()
        cluster.settle()
        cluster.run(ticks: 5)
        for ticket in [early, late] {
            #expect(text(cluster.responses[ticket]) == nil)
            #expect(cluster.responses[ticket] != nil)
        }
    }

    /// Answers to its heartbeats were on their way when it was deposed: they vouch for no read that came
    /// after them.
    @Test func answersFromBeforeTheReadDoNotVouchForIt() {
        let (cluster, session) = cluster()
        var other = session
        cluster.hold(from: 2, to: 1)
        cluster.hold(from: 3, to: 1)
        cluster.tick(only: [1])
        cluster.tick(only: [1])
        let answers = cluster.intercept(to: 1)
        #expect(!answers.isEmpty)
        cluster.isolate(1)
        cluster.elect(2, unless: { $0.leader == 2 })
        cluster.write("new", in: &other, at: 2)
        let read = cluster.submit(TestCluster.read(), to: 1)
        for answer in answers {
            cluster.deliver(answer)
            cluster.endTurn(at: cluster[1])
        }
        cluster.settle()
        #expect(cluster.responses[read] == nil)
    }

    /// A write was acknowledged by the last leader; the next has not executed it when the read arrives.
    @Test func aNewLeadersReadWaitsForWhatPhaseOneReported() {
        let (cluster, session) = cluster()
        var other = session
        // Node 3 votes, and never hears that the slot is chosen.
        cluster.write("new", in: &other, at: 1)
        cluster.crash(1)
        cluster[2].isDiskStuck = true
        cluster.elect(3, unless: { $0[3].group?.scout != nil })
        #expect(cluster.register(on: 3) == "old")
        cluster.settle()
        // Its promise lets node 3 lead; the votes for what it must propose again are still being written.
        cluster.commit(cluster[2])
        cluster[3].isDiskStuck = true
        cluster.settle()
        #expect(cluster.leader == 3)
        let read = cluster.submit(TestCluster.read(), to: 3)
        cluster.settle()
        #expect(cluster[3].group?.leader?.confirmation.confirmedRound ?? 0 >= 2, "the lead is confirmed")
        #expect(cluster.responses[read] == nil)
        cluster[2].isDiskStuck = false
        cluster[3].isDiskStuck = false
        cluster.settle()
        #expect(text(cluster.responses[read]) == "new")
    }

    @Test func aStaleReadIsAnsweredByAnyNodeAndSaysSo() {
        let (cluster, session) = cluster()
        var other = session
        cluster.run(ticks: 5)
        cluster.isolate(3)
        cluster.write("new", in: &other, at: 1)
        guard case .answered(let reply, let through, .stale)? = cluster.ask(TestCluster.read(.stale), of: 3)
        else {
            Issue.record("no stale answer")
            return
        }
        #expect(reply.text == "old" && through == Slot(2))
    }

    /// One round of heartbeats for a crowd.
    @Test func manyReadsShareARound() {
        let (cluster, _) = cluster()
        cluster.keepsTrace = true
        let reads = (0..<500).map { _ in cluster.submit(TestCluster.read(), to: 1) }
        cluster.settle()
        #expect(reads.allSatisfy { cluster.responses[$0] != nil })
        #expect(cluster.trace.map(\.message).heartbeats.count <= 4, "two nodes, one or two rounds")
    }
}
