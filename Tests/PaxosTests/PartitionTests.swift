import Testing

@testable import Paxos

/// Networks cut in part. With these times an election timeout is 10 to 20 ticks.
@Suite struct PartitionTests {
    private static let fourElectionTimeouts = 80

    /// A node that can send but not receive does not keep deposing the leader.
    @Test(arguments: 1...10)
    func oneWay(_ seed: UInt64) {
        let cluster = TestCluster(seed: seed)
        cluster.elect(1)
        let ballot = cluster[1].group?.leader?.ballot
        cluster.cut(from: 1, to: 3)
        cluster.cut(from: 2, to: 3)
        cluster.run(ticks: 500)
        #expect(cluster[1].group?.leader?.ballot == ballot, "seed \(seed)")
        cluster.converge()
        #expect(cluster[1].group?.leader?.ballot == ballot, "seed \(seed)")
    }

    /// A leader that is heard but hears nobody gives way.
    @Test(arguments: 1...10)
    func aDeafLeaderStepsDownAndAnotherIsFound(_ seed: UInt64) {
        let cluster = TestCluster(seed: seed)
        cluster.elect(1)
        cluster.cut(from: 2, to: 1)
        cluster.cut(from: 3, to: 1)
        cluster.run(within: Self.fourElectionTimeouts) { $0.leader == 2 || $0.leader == 3 }
        #expect(cluster[1].group?.leader == nil, "seed \(seed)")
        var session = cluster.openSession(at: cluster.leader ?? 2)
        cluster.write("x", in: &session, at: cluster.leader ?? 2)
    }

    /// A node that comes back after a long absence, its clock run out many times, deposes nobody; nor do its
    /// questions that were long on their way.
    @Test(arguments: 1...10)
    func aReturningNodeDoesNotDeposeTheLeader(_ seed: UInt64) {
        let cluster = TestCluster(seed: seed)
        cluster.elect(1)
        let ballot = cluster[1].group?.leader?.ballot
        for other: UInt16 in [1, 2] {
            cluster.cut(from: other, to: 3)
            cluster.hold(from: 3, to: other)
        }
        cluster.run(ticks: 300)
        cluster.network.heal()
        cluster.run(ticks: 100)
        #expect(cluster[1].group?.leader?.ballot == ballot, "seed \(seed)")
        #expect(cluster[3].group?.leaderHint == NodeID(1))
        cluster.restart(3)
        cluster.run(ticks: 100)
        #expect(cluster[1].group?.leader?.ballot == ballot, "seed \(seed)")
    }

    /// The leader loses its quorum: it steps down, answers nobody, and the cluster recovers when healed.
    @Test func aLeaderWithoutAQuorumStepsDownAndAnswersNothing() {
        let cluster = TestCluster()
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.isolate(1)
        cluster.isolate(2)
        let command = cluster.submit(session.command("x"), to: 1)
        let read = cluster.submit(TestCluster.read(), to: 1)
        cluster.run(ticks: 15)
        #expect(cluster.responses[command] == nil && cluster.responses[read] == nil)
        cluster.run(ticks: 15)
        #expect(cluster[1].group?.leader == nil)
        #expect(cluster.responses[command] == .leadershipLost(leader: nil))
        #expect(cluster.responses[read] == .notLeader(leader: nil))
        cluster.network.heal()
        cluster.run(within: Self.fourElectionTimeouts) { $0.leader != nil }
        cluster.converge()
        #expect(cluster.items(on: 2).count <= 1)
    }

    @Test func aLeaderWhoseFollowersAreAllDownAnswersNothing() {
        let cluster = TestCluster(nodes: 5)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        for number: UInt16 in 2...5 { cluster.crash(number) }
        let ticket = cluster.submit(session.command("x"), to: 1)
        let read = cluster.submit(TestCluster.read(), to: 1)
        cluster.run(ticks: 300)
        #expect(cluster.responses[ticket] == .leadershipLost(leader: nil))
        #expect(cluster.responses[read] == .notLeader(leader: nil))
        cluster.converge()
    }

    // MARK: The three partial partitions of the OmniPaxos paper

    /// Everybody reaches node 2 alone, the leader too: it has no quorum, and must give way to node 2.
    @Test(arguments: 1...10)
    func quorumLoss(_ seed: UInt64) {
        let cluster = TestCluster(nodes: 5, seed: seed)
        cluster.elect(1)
        for number: UInt16 in [1, 3, 4, 5] { cluster.isolate(number, from: [1, 3, 4, 5]) }
        cluster.run(within: Self.fourElectionTimeouts) { $0.leader == 2 }
        var session = cluster.openSession(at: 2)
        cluster.write("x", in: &session, at: 2)
        #expect(cluster[1].group?.leader == nil, "seed \(seed)")
    }

    /// The leader is gone, and the one node that reaches a quorum has missed its last slots.
    @Test(arguments: 1...10)
    func constrained(_ seed: UInt64) {
        let cluster = TestCluster(nodes: 5, seed: seed)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.isolate(2)
        for number in 1...5 { cluster.write("\(number)", in: &session, at: 1) }
        cluster.network.heal()
        cluster.isolate(1)
        for number: UInt16 in [3, 4, 5] { cluster.isolate(number, from: [1, 3, 4, 5]) }
        cluster.run(within: Self.fourElectionTimeouts) { $0.leader == 2 }
        cluster.write("6", in: &session, at: 2)
        #expect(cluster.items(on: 2) == (1...6).map(String.init), "seed \(seed)")
    }

    /// 1 - 2 - 3 in a row, the leader at one end: it keeps the lead, or node 2 takes it; nobody takes turns.
    @Test(arguments: 1...10)
    func chained(_ seed: UInt64) {
        let cluster = TestCluster(seed: seed)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.isolate(1, from: [3])
        cluster.run(ticks: Self.fourElectionTimeouts)
        let leader = cluster.leader ?? 1
        let ballot = cluster[leader].group?.leader?.ballot
        #expect(ballot != nil, "seed \(seed)")
        cluster.write("x", in: &session, at: leader)
        cluster.run(ticks: 300)
        #expect(cluster[leader].group?.leader?.ballot == ballot, "seed \(seed)")
    }

    // MARK: Candidates

    /// Two candidates whose clocks run out together settle in bounded time.
    @Test(arguments: 1...50)
    func duelling(_ seed: UInt64) {
        var limits = TestCluster.shortTimes
        limits.electionSpreadTicks = 0
        let cluster = TestCluster(nodes: seed % 2 == 0 ? 5 : 3, seed: seed, limits: limits)
        let elapsed = cluster.run(within: 60) { $0.leader != nil }
        #expect(elapsed <= 60, "seed \(seed)")
        let ballot = cluster[cluster.leader ?? 1].group?.leader?.ballot
        cluster.run(ticks: 100)
        #expect(cluster[cluster.leader ?? 1].group?.leader?.ballot == ballot, "seed \(seed)")
    }
}
