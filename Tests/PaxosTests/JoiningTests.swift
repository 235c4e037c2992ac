import Testing

@testable import Paxos

/// Nodes come to a cluster that works, one at a time (scenario 14, Reconfigure).
@Suite struct JoiningTests {
    /// From one node to five and back to one, with commands in between; a cluster of a small alpha, and of one as
    /// large as ours.
    @Test(arguments: [1, 2, 4, 256] as [UInt32])
    func aClusterGrowsFromOneNodeToFiveAndShrinksToOne(_ alpha: UInt32) {
        let cluster = TestCluster(nodes: 1, spares: 4, alpha: alpha)
        cluster.electAny()
        var session = cluster.openSession(at: 1)
        var leader: UInt16 = 1
        for number: UInt16 in 2...5 {
            cluster.join(number, at: leader)
            cluster.write("with \(number)", in: &session, at: leader)
        }
        #expect(cluster.voters == [1, 2, 3, 4, 5])
        // The leader goes first, so that the lead moves each time.
        for number: UInt16 in 1...4 {
            leader = cluster.electAny()
            cluster.remove(number, at: leader)
            leader = cluster.electAny()
            #expect(leader != number)
            cluster.write("without \(number)", in: &session, at: leader)
        }
        #expect(cluster.voters == [5])
        cluster.converge()
        #expect(cluster.items(on: 5).count == 8)
    }

    /// Nothing is proposed for the sake of it, but to get a change into force.
    @Test func twoChangesOneAfterTheOtherNeedNoCommandsInBetween() {
        let cluster = TestCluster(nodes: 3, spares: 2)
        cluster.elect(1)
        cluster.join(4, at: 1)
        cluster.join(5, at: 1)
        #expect(cluster.voters == [1, 2, 3, 4, 5])
    }

    /// Admitted before it has come, it is not made a voter of whom nothing was ever heard.
    @Test func whoNeverComesIsNeverPromoted() {
        let cluster = TestCluster(nodes: 1, spares: 1, alpha: 4)
        cluster.electAny()
        var session = cluster.openSession(at: 1)
        cluster.change(TestCluster.joining(2), at: 1)
        cluster.run(ticks: 100)
        #expect(cluster.voters == [1])
        cluster.write("x", in: &session, at: 1)
        cluster.restart(2)
        cluster.awaitVoters { $0 == [1, 2] }
    }

    /// A leader that has had nothing to propose yet promotes all the same.
    @Test func aNewLeaderPromotesWhoJoined() {
        let cluster = TestCluster(nodes: 3, spares: 1, alpha: 4)
        cluster.elect(1)
        _ = cluster.openSession(at: 1)
        cluster.change(TestCluster.joining(4), at: 1)
        cluster.run(ticks: 2)
        cluster.crash(1)
        cluster.elect(2)
        cluster.restart(4)
        cluster.awaitVoters { $0 == [1, 2, 3, 4] }
    }

    @Test func theJoinerDiesInTheMiddleAndComesBack() {
        let cluster = TestCluster(nodes: 3, spares: 1, alpha: 4)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        for number in 1...60 { cluster.write("\(number)", in: &session, at: 1) }
        cluster.truncate([1, 2, 3])
        cluster.change(TestCluster.joining(4), at: 1)
        cluster.restart(4)
        for number in 1...8 {
            cluster.tick()
            cluster.crash(4)
            cluster.write("later \(number)", in: &session, at: 1)
            cluster.restart(4)
        }
        cluster.awaitVoters { $0 == [1, 2, 3, 4] }
        cluster.crash(1)
        cluster.converge()
        #expect(cluster.items(on: 4).count == 68)
    }

    /// The one that goes away is one of the quorum until the other votes in its place: with the same slot.
    @Test(arguments: [1, 3] as [UInt16])
    func whoComesInThePlaceOfAnotherIsPromotedByItself(_ replaced: UInt16) {
        let cluster = TestCluster(nodes: 3, spares: 1, alpha: 4)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.write("x", in: &session, at: 1)
        cluster.join(4, replacing: replaced, at: 1)
        #expect(cluster.voters == [1, 2, 3, 4].filter { $0 != replaced })
        let leader = cluster.electAny()
        #expect(leader != replaced)
        cluster.write("y", in: &session, at: leader)
        cluster.crash(replaced)
        cluster.write("z", in: &session, at: leader)
        cluster.converge()
        #expect(cluster.items(on: 4) == ["x", "y", "z"])
    }

    /// With nine voters there is no place for a tenth, but one may come for another.
    @Test func aTenthVoterIsRefusedAndANinthIsReplaced() {
        let cluster = TestCluster(nodes: 9, spares: 2, alpha: 4)
        cluster.elect(1)
        _ = cluster.openSession(at: 1)
        cluster.change(TestCluster.learning(10), at: 1)
        cluster.restart(10)
        cluster.run(ticks: 20)
        #expect(cluster.change(.promote(NodeID(10)), at: 1) == .changeRefused(.tooMany))
        cluster.join(11, replacing: 9, at: 1)
        #expect(cluster.voters == [1, 2, 3, 4, 5, 6, 7, 8, 11])
        cluster.converge()
    }

    @Test(arguments: [1, 4, 256] as [UInt32], 1...4)
    func membersChangeUnderLoad(_ alpha: UInt32, _ seed: UInt64) {
        let cluster = TestCluster(nodes: 3, spares: 2, seed: seed, alpha: alpha)
        var leader = cluster.electAny()
        var session = cluster.openSession(at: leader)
        var tickets: [Ticket] = []
        for change in [
            TestCluster.joining(4), .remove(NodeID(1)), TestCluster.joining(5), .remove(NodeID(2)),
        ] {
            for node: UInt16 in 4...5 where !cluster[node].isUp { cluster.restart(node) }
            for number in 1...40 {
                leader = cluster.leader ?? leader
                tickets.append(cluster.submit(session.command("\(tickets.count)"), to: leader))
                if number == 20 { cluster.submit(.admin(.change(change)), to: leader) }
                if number % 4 == 0 { cluster.tick() }
            }
            cluster.run(ticks: 30)
        }
        cluster.converge()
        let done = tickets.count { cluster.responses[$0]?.position != nil }
        #expect(done > 100, "seed \(seed): \(done) of \(tickets.count)")
        #expect(cluster.judge.configurations.history.count > 2)
    }
}
