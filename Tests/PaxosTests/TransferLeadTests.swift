import Testing

@testable import Paxos

/// The lead goes where an operator wants it, if that node could lead.
@Suite struct TransferLeadTests {
    private func cluster() -> TestCluster {
        let cluster = TestCluster(nodes: 3, spares: 1)
        cluster.elect(1)
        cluster.openSession(at: 1)
        cluster.run(ticks: 4)
        return cluster
    }

    private func transfer(to wanted: UInt16?, on cluster: TestCluster) -> ClientResponse? {
        cluster.ask(.admin(.transferLead(to: wanted.map { NodeID($0) })), of: 1)
    }

    @Test func aNamedNodeLeadsAtOnce() {
        let cluster = cluster()
        #expect(transfer(to: 3, on: cluster) == .admin(.handedOver(to: NodeID(3))))
        cluster.settle()
        #expect(cluster.leader == 3)
        #expect(cluster.ask(.admin(.transferLead(to: nil)), of: 1) == .notLeader(leader: NodeID(3)))
    }

    @Test func withoutANameTheFurthestLeads() {
        let cluster = cluster()
        let response = transfer(to: nil, on: cluster)
        cluster.settle()
        let leader = cluster.leader ?? 1
        #expect(leader != 1)
        #expect(response == .admin(.handedOver(to: NodeID(leader))))
    }

    @Test func whoLeadsAlreadyGoesOn() {
        let cluster = cluster()
        #expect(transfer(to: 1, on: cluster) == .admin(.handedOver(to: NodeID(1))))
        #expect(cluster.leader == 1)
    }

    @Test func whoDoesNotVoteOrIsUnknownIsRefused() {
        let cluster = cluster()
        cluster.change(TestCluster.learning(4), at: 1)
        cluster.restart(4)
        cluster.run(ticks: 20)
        #expect(transfer(to: 4, on: cluster) == .refused(.noSuccessor))
        #expect(transfer(to: 9, on: cluster) == .refused(.noSuccessor))
        #expect(cluster.leader == 1)
    }

    @Test func aLaggardAndADeadNodeAreRefused() {
        var limits = TestCluster.shortTimes
        limits.closeSlots = 5
        let cluster = TestCluster(limits: limits)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.run(ticks: 4)
        // It answers heartbeats, but gets nothing else.
        for number in 1...10 {
            cluster.submit(session.command("\(number)"), to: 1)
            cluster.endTurn(at: cluster[1])
            _ = cluster.intercept(from: 1, to: 3)
            cluster.settle()
        }
        #expect(transfer(to: 3, on: cluster) == .refused(.noSuccessor))
        cluster.crash(2)
        cluster.run(ticks: TestCluster.shortTimes.electionTicks + 2)
        #expect(transfer(to: 2, on: cluster) == .refused(.noSuccessor))
        cluster.run(ticks: 10)
        #expect(transfer(to: 3, on: cluster) == .admin(.handedOver(to: NodeID(3))), "it has caught up")
    }
}
