import Testing

@testable import Paxos

/// Scenario 16, SlowDisk: the lead moves off a slow disk; a slow follower slows nobody; a spike is no reason.
@Suite struct SlowDiskTests {
    private func cluster() -> (TestCluster, TestSession) {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        for node in cluster.nodes { tell(node, on: cluster, median: 2_000) }
        cluster.run(ticks: 4)
        return (cluster, session)
    }

    private func tell(_ node: TestNode, on cluster: TestCluster, median: UInt32, pending: UInt32 = 0) {
        cluster.handle(
            .disk(DiskHealth(medianMicroseconds: median, pendingMicroseconds: pending)), at: node)
    }

    @Test func aCommitOfOverASecondMovesTheLead() {
        let (cluster, _) = cluster()
        tell(cluster[1], on: cluster, median: 2_000, pending: 999_999)
        cluster.tick()
        #expect(cluster.leader == 1)
        tell(cluster[1], on: cluster, median: 2_000, pending: 1_000_000)
        cluster.tick()
        #expect(cluster.leader != nil && cluster.leader != 1)
        // While it hangs it does not ask for the lead either.
        cluster.crash(cluster.leader ?? 2)
        cluster.run(within: 100, "the third leads") { $0.leader != nil || $0[1].group?.candidacy != nil }
        #expect(cluster[1].group?.candidacy == nil && cluster[1].group?.scout == nil)
    }

    @Test func aMedianOfAQuarterOfASecondMovesTheLeadIfOthersAreFaster() {
        let (cluster, _) = cluster()
        tell(cluster[1], on: cluster, median: 249_999)
        cluster.run(ticks: 4)
        #expect(cluster.leader == 1)
        tell(cluster[1], on: cluster, median: 250_000)
        cluster.tick()
        #expect(cluster.leader != nil && cluster.leader != 1)
    }

    @Test func whereAllAreSlowTheLeadStays() {
        let (cluster, _) = cluster()
        tell(cluster[2], on: cluster, median: 150_000)
        cluster.run(ticks: 4)
        tell(cluster[1], on: cluster, median: 300_000)
        cluster.run(ticks: 20)
        #expect(cluster.leader == 1, "one of two others is no quorum")
    }

    @Test func aSpikeIsNoReason() {
        let (cluster, _) = cluster()
        tell(cluster[1], on: cluster, median: 3_000, pending: 800_000)
        cluster.run(ticks: 10)
        tell(cluster[1], on: cluster, median: 3_000)
        cluster.run(ticks: 50)
        #expect(cluster.leader == 1)
        #expect(cluster[1].group?.status.promised == Ballot(1, 1), "no election")
    }

    @Test func aSlowFollowerSlowsNobodyAndIsNoSuccessor() {
        var (cluster, session) = cluster()
        cluster[2].isDiskStuck = true
        tell(cluster[2], on: cluster, median: 500_000, pending: 900_000)
        cluster.run(ticks: 4)
        let ticket = cluster.submit(session.command("x"), to: 1)
        cluster.settle()
        #expect(cluster.responses[ticket]?.position != nil, "without a tick")
        #expect(cluster.leader == 1)
        cluster.handle(.handOver, at: cluster[1])
        cluster.settle()
        #expect(cluster.leader == 3)
    }
}
