import Testing

@testable import Paxos

/// The cluster's ordinary days.
@Suite struct ClusterTests {
    @Test(arguments: 1...9)
    func anyNumberOfNodesElectsALeaderAndExecutes(_ count: Int) {
        let cluster = TestCluster(nodes: count, seed: UInt64(count))
        let leader = cluster.electAny()
        var session = cluster.openSession(at: leader)
        for number in 1...10 { cluster.write("\(number)", in: &session, at: leader) }
        cluster.converge()
        for node in cluster.nodes {
            #expect(cluster.items(on: node.id.rawValue) == (1...10).map(String.init))
        }
    }
}
