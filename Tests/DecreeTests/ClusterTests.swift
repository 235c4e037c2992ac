import Bank
import Decree
import Testing

@Suite(.serialized) struct ClusterTests {
    @Test func threeNodesTakeCommandsAtAnyOfThem() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        for (index, node) in cluster.nodes.enumerated() {
            let opened = await node.submit(BankCommand.open(try AccountName("a\(index)"), balance: 100).bytes)
            guard case .ok(_, let receipt) = opened else {
                Issue.record("\(opened)")
                break
            }
            #expect(receipt.position != nil)
        }
        let converged = await cluster.eventually { states in
            states.count == 3 && Set(states.map { $0.groups[0].stateDigest }).count == 1
                && Set(states.map { $0.groups[0].executedThrough }).count == 1
        }
        #expect(converged)
        await cluster.remove()
    }
}
