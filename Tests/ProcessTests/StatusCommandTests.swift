import Foundation
import Testing

/// `decree status`, of real nodes.
@Suite(.serialized, .timeLimit(.minutes(6))) struct StatusCommandTests {
    @Test func everyNodeHasARowAndOneLeads() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "1").status == 0)
        try await cluster.converge()

        let table = try await cluster.tool("status")
        #expect(table.status == 0)
        let lines = table.output.split(separator: "\n")
        #expect(lines.count == 5)
        for column in [
            "role", "ballot", "leader", "chosen", "executed", "floor", "lag", "store", "fsyncs", "p99",
        ] {
            #expect(lines[0].contains(column))
        }
        #expect(lines[1...3].filter { $0.contains(" leader ") }.count == 1)
        #expect(lines[4].hasPrefix(#"3 of 3 answer; cluster "bank", version 3; node "#))

        let nodes = try await cluster.tool("status", "--json").objects()
        #expect(nodes.compactMap { $0["node"] as? Int } == cluster.ids)
        for node in nodes {
            let group = try #require((node["groups"] as? [[String: Any]])?.first)
            #expect(group["lag"] as? Int == 0)
            #expect((group["ballot"] as? [Int])?.count == 2)
            #expect(group["executedThrough"] as? Int == group["chosenThrough"] as? Int)
            #expect(try #require(node["fsyncs"] as? Int) > 0)
            #expect(try #require(node["commitP99Microseconds"] as? Double) > 0)
            #expect(try #require(node["storeBytes"] as? Int) > 0)
            #expect(node["isReadOnly"] as? Bool == false)
        }
    }

    @Test func aNodeThatDoesNotAnswerIsARowThatSaysWhy() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        try await cluster.kill(2)
        let table = try await cluster.tool("status")
        #expect(table.status == 0)
        let row = try #require(table.output.split(separator: "\n").dropFirst(2).first)
        #expect(row.hasSuffix("-     Connection refused"))
        #expect(table.output.contains("2 of 3 answer"))
        let nodes = try await cluster.tool("status", "--json").objects()
        #expect(nodes[1]["error"] as? String == "Connection refused" && nodes[1]["node"] == nil)

        try await cluster.kill(1)
        try await cluster.kill(3)
        let nobody = try await cluster.tool("status")
        #expect(nobody.status == 3)
        #expect(nobody.output.hasSuffix("no node answers\n"))
        #expect(nobody.error.contains("no node can be reached"))
    }

    @Test func twoClustersOfOneNameAreNotOne() async throws {
        let clusters = [try ProcessCluster(nodes: 1), try ProcessCluster(nodes: 2)]
        for cluster in clusters { try await cluster.startAndWait() }
        let addresses = clusters.map(\.addresses).joined(separator: ",")
        let status = try await Tool.run(["status", "--nodes", addresses])
        #expect(status.status == 1)
        let geneses = try await Tool.run(["status", "--json", "--nodes", addresses]).objects()
            .compactMap { $0["genesis"] as? String }
        #expect(geneses.count == 3 && Set(geneses).count == 2)
        let nodes = clusters[1].ids.map {
            "\(clusters[1].address(of: $0)) (node \($0))"
        }
        for text in [
            "different clusters", "\(clusters[0].addresses) (node 1) to \"bank\", created as \(geneses[0])",
            nodes.joined(separator: ", ") + " to \"bank\", created as \(geneses[1])",
        ] {
            #expect(status.error.contains(text), "\(status.error)")
        }
        let listed = try await Tool.run(["member", "list", "--nodes", addresses])
        #expect(listed.status == 2 && listed.error.contains("different clusters"))
    }

    @Test func helpIsFreeOfHoles() async throws {
        for command in ["status", "snapshot", "backup", "restore", "recover"] {
            let help = try await Tool.run(["help", command])
            let texts = help.output.split(separator: "\n").filter { !$0.hasPrefix(" ") }
            #expect(texts.allSatisfy { !$0.contains("   ") }, "\(command): \(texts)")
        }
    }
}
