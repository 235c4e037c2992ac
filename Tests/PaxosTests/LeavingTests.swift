import Testing

@testable import Paxos

/// When a node that was removed may end: not while what was acknowledged may be on its disk alone.
@Suite struct LeavingTests {
    private func mayEnd(_ number: UInt16, on cluster: TestCluster) -> Bool {
        cluster[number].group?.mayEnd ?? false
    }

    /// Node 2 is put in the place of node 1, the only voter, and dies before it has the last slots that node 1
    /// governs. Node 1 fills them, and acknowledges what stands there.
    @Test func theOnlyVoterRunsOnWhileItsSuccessorIsDown() {
        let cluster = TestCluster(nodes: 1, spares: 1, alpha: 4)
        cluster.electAny()
        var session = cluster.openSession(at: 1)
        cluster.change(TestCluster.joining(2, replacing: 1), at: 1)
        cluster.restart(2)
        cluster.run(within: 200, "node 2 is close") {
            $0[1].group?.leader?.followers[NodeID(2)]?.executedThrough != nil
        }
        // It dies, and before that shows it is made a voter.
        cluster.crash(2)
        let write = cluster.submit(session.command("x"), to: 1)
        cluster.run(within: 10, "node 2 is to vote") {
            $0[1].group?.configurations.latest.voters == [NodeID(2)]
        }
        #expect(cluster.responses[write] != nil)
        cluster.run(within: 20, "node 1 is gone") { $0[1].group?.isGone(NodeID(1)) == true }
        #expect(cluster.items(on: 1) == ["x"])
        cluster.run(ticks: 100)
        #expect(cluster[1].group?.leader == nil, "it has lost contact")
        #expect(!mayEnd(1, on: cluster), "its disk alone has the write")
        cluster.restart(1)
        cluster.run(ticks: 20)
        #expect(!mayEnd(1, on: cluster), "nor does a restart change that")
        cluster.restart(2)
        cluster.run(within: 100, "node 2 leads") { $0.leader == 2 }
        #expect(cluster.items(on: 2) == ["x"])
    }

    @Test(arguments: [1, 4, 256] as [UInt32])
    func aLeaderMayEndWhenAQuorumHasToldThatItKnows(_ alpha: UInt32) {
        let cluster = TestCluster(alpha: alpha)
        cluster.elect(1)
        _ = cluster.openSession(at: 1)
        cluster.change(.remove(NodeID(1)), at: 1)
        cluster.run(within: 50, "node 1 hands the lead over") { cluster in
            if cluster[1].group?.leader != nil { #expect(!mayEnd(1, on: cluster)) }
            return (cluster.leader ?? 1) != 1
        }
        #expect(mayEnd(1, on: cluster))
        #expect(!mayEnd(2, on: cluster) && !mayEnd(3, on: cluster))
    }

    @Test func aFollowerMayEndWhenItHasLearntThatItIsGone() {
        let cluster = TestCluster(alpha: 4)
        cluster.elect(1)
        _ = cluster.openSession(at: 1)
        cluster.remove(3, at: 1)
        cluster.run(within: 20, "it has learnt so") { $0[3].group?.isGone(NodeID(3)) == true }
        #expect(mayEnd(3, on: cluster))
    }

    /// The slots are deleted: a snapshot tells it.
    @Test func aNodeMayEndThatASnapshotHasToldThatItIsGone() {
        let other = SoloGroup(
            alpha: 1, chosen: [AcceptedProposal(1, Ballot(1, 2), .change(.remove(NodeID(1))))])
        let solo = SoloGroup(alpha: 1)
        #expect(!other.group.mayEnd, "it has read so on its own disk")
        solo.install(other.group.replica.capture().encode())
        #expect(solo.group.mayEnd)
    }
}
