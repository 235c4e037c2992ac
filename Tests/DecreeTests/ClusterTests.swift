import Bank
import Decree
import Testing

/// Three real nodes in one process.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ClusterTests {
    private func open(_ name: String, _ balance: Int64, at node: Node) async throws -> Outcome {
        await node.submit(BankCommand.open(try AccountName(name), balance: balance).bytes)
    }

    private func balance(of name: String, at node: Node) async throws -> Int64? {
        let outcome = await node.query(BankQuery.balance(try AccountName(name)).bytes)
        guard case .ok(let reply, _) = outcome, case .balance(let balance) = BankResult(.ok(reply)) else {
            return nil
        }
        return balance
    }

    private func agree(_ states: [NodeStatus], count: Int = 3) -> Bool {
        states.count == count && Set(states.map { $0.groups[0].stateDigest }).count == 1
            && Set(states.map { $0.groups[0].chain }).count == 1
            && Set(states.map { $0.groups[0].executedThrough }).count == 1
    }

    @Test func everyNodeTakesCommands() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        for (index, node) in cluster.nodes.enumerated() {
            let outcome = try await open("a\(index)", 100, at: node)
            #expect(outcome.receipt?.position != nil, "\(outcome)")
        }
        #expect(await cluster.eventually { agree($0) })
        await cluster.remove()
    }

    @Test func aReadAtAnyNodeSeesEveryWriteAcknowledgedBefore() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        for round in 0..<30 {
            let nodes = cluster.nodes
            let outcome = try await open("account-\(round)", Int64(round), at: nodes[round % 3])
            #expect(outcome.isAnswered, "\(outcome)")
            let seen = try await balance(of: "account-\(round)", at: nodes[(round + 1) % 3])
            #expect(seen == Int64(round))
        }
        await cluster.remove()
    }

    @Test func whatWasAcknowledgedIsThereAfterAllNodesRestarted() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        for index in 0..<50 { _ = try await open("a\(index)", Int64(index), at: cluster.nodes[0]) }
        try await cluster.stop()
        try cluster.start()
        for index in 0..<50 {
            let seen = try await balance(of: "a\(index)", at: cluster.nodes[1])
            #expect(seen == Int64(index))
        }
        #expect(await cluster.eventually { agree($0) })
        await cluster.remove()
    }

    @Test func aNodeThatWasAwayCatchesUp() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        _ = try await open("before", 1, at: cluster.nodes[0])
        #expect(await cluster.eventually { agree($0) })
        let away = try #require(cluster.nodes.first { $0.configuration.node != 1 }).configuration.node
        try await cluster.stop([away])
        for index in 0..<300 {
            let outcome = try await open("a\(index)", 1, at: cluster.nodes[0])
            #expect(outcome.isAnswered, "\(outcome)")
        }
        try cluster.start([away])
        #expect(await cluster.eventually { agree($0) })
        await cluster.remove()
    }

    @Test func whenTheLeaderStopsAnotherLeadsAtOnce() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        _ = try await open("a", 1, at: cluster.nodes[0])
        let leader = try #require(await cluster.nodes[0].status()?.groups[0].leader)
        try await cluster.stop([leader])
        let start = ContinuousClock.now
        let outcome = try await open("b", 1, at: cluster.nodes[0])
        #expect(outcome.isAnswered, "\(outcome)")
        // Handed over: no election timeout is waited for.
        #expect(ContinuousClock.now - start < .milliseconds(450))
        await cluster.remove()
    }

    @Test func withoutAQuorumNothingIsAcknowledged() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        _ = try await open("a", 1, at: cluster.nodes[0])
        try await cluster.stop([2, 3])
        let command = BankCommand.deposit(try AccountName("a"), amount: 1).bytes
        let outcome = await cluster.nodes[0].submit(command, deadline: .seconds(1))
        #expect(!outcome.isAnswered, "\(outcome)")
        let read = await cluster.nodes[0].query(BankQuery.total.bytes, deadline: .seconds(1))
        #expect(!read.isAnswered, "\(read)")
        let stale = await cluster.nodes[0].query(
            BankQuery.total.bytes, consistency: .stale, deadline: .seconds(1))
        #expect(stale.receipt?.consistency == .stale)
        await cluster.remove()
    }

    @Test func oneNodeAloneIsDurable() async throws {
        let cluster = try InProcessCluster(nodes: 1)
        try cluster.start()
        _ = try await open("a", 7, at: cluster.nodes[0])
        try await cluster.stop()
        try cluster.start()
        #expect(try await balance(of: "a", at: cluster.nodes[0]) == 7)
        await cluster.remove()
    }

    @Test func manyCommandsAtOnceAreEachDoneOnce() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        _ = try await open("a", 0, at: cluster.nodes[0])
        let deposit = BankCommand.deposit(try AccountName("a"), amount: 1).bytes
        await withTaskGroup(of: Bool.self) { group in
            for index in 0..<2_000 {
                let node = cluster.nodes[index % 3]
                group.addTask { await node.submit(deposit).isAnswered }
            }
            for await isAnswered in group { #expect(isAnswered) }
        }
        #expect(try await balance(of: "a", at: cluster.nodes[2]) == 2_000)
        #expect(await cluster.eventually { agree($0) })
        await cluster.remove()
    }
}
