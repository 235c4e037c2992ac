import Bank
import Decree
import DecreeWire
import Foundation
import Testing

/// Who a node is: its id and its store, wherever it is reached.
@Suite(.serialized, .timeLimit(.minutes(3))) struct IdentityTests {
    private func open(_ name: String, at node: Node) async throws -> Bool {
        await node.submit(BankCommand.open(try AccountName(name), balance: 1).bytes).isAnswered
    }

    /// Scenario AddressChange: all nodes restart on new ports.
    @Test func addressChange() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        #expect(try await open("before", at: cluster.nodes[0]))
        try await cluster.stop()
        try cluster.move()
        try cluster.start()
        #expect(try await open("after", at: cluster.nodes[1]))
        let total = await cluster.nodes[2].query(BankQuery.total.bytes)
        guard case .ok(let reply, _) = total, case .balance(let sum) = BankResult(.ok(reply)) else {
            Issue.record("\(total)")
            return
        }
        #expect(sum == 2)
        await cluster.remove()
    }

    /// Invariant NoRegression: a peer has seen the store further on.
    @Test func aStoreThatWentBackInTimeIsFenced() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        #expect(try await open("before", at: cluster.nodes[0]))
        try await cluster.stop([3])
        let backup = cluster.directory.appendingPathComponent("backup")
        try FileManager.default.copyItem(at: cluster.dataDirectory(of: 3), to: backup)
        try cluster.start([3])
        for index in 0..<20 { #expect(try await open("a\(index)", at: cluster.nodes[0])) }
        #expect(
            await cluster.eventually { states in
                states.count == 3 && Set(states.map { $0.groups[0].executedThrough }).count == 1
            })
        try await cluster.stop([3])
        try FileManager.default.removeItem(at: cluster.dataDirectory(of: 3))
        try FileManager.default.copyItem(at: backup, to: cluster.dataDirectory(of: 3))
        try cluster.start([3])
        let error = try #require(await cluster.failure(of: 3))
        #expect("\(error)".contains("went back in time"), "\(error)")
        // The others go on.
        #expect(try await open("after", at: cluster.nodes[0]))
        await cluster.remove()
    }

    /// Invariant IdentityFresh: an empty disk is not the same node with amnesia.
    @Test func aNodeThatLostItsDiskIsFenced() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        #expect(try await open("before", at: cluster.nodes[0]))
        #expect(await cluster.eventually { $0.allSatisfy { $0.connectedPeers.count == 2 } })
        try await cluster.stop([2])
        try FileManager.default.removeItem(at: cluster.dataDirectory(of: 2))
        try cluster.start([2])
        let error = try #require(await cluster.failure(of: 2))
        #expect("\(error)".contains("joins again under a new id"), "\(error)")
        #expect(try await open("after", at: cluster.nodes[0]))
        await cluster.remove()
    }

    /// Only a peer that was judged is a witness: a client that claims to be one must not fence a node.
    @Test func aClientsClaimsAboutANodeAreNotBelieved() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        #expect(try await open("before", at: cluster.nodes[0]))
        #expect(await cluster.eventually { $0.allSatisfy { $0.connectedPeers.count == 2 } })
        let port = try #require(cluster.configurations[0].address?.port)
        var hello = Hello(clientOf: cluster.name)
        hello.node = NodeID(2)
        hello.store = StoreID(rawValue: 7)
        hello.persistSequence = 1 << 60
        let liar = try RawConnection(port: port)
        try liar.send(.hello(hello))
        guard case .helloReply(.admitted) = try liar.receive() else {
            Issue.record("a client is not admitted")
            return
        }
        try await cluster.stop([2])
        try cluster.start([2])
        #expect(
            await cluster.eventually { states in
                states.count == 3 && states.allSatisfy { $0.connectedPeers.count == 2 }
            })
        await cluster.remove()
    }
}
