import Decree
import Foundation
import Testing

@testable import DecreeCommand

/// Nodes that come into a cluster: killed on their way, and started again with the same command.
@Suite(.serialized, .timeLimit(.minutes(6))) struct LifecycleJoinTests {
    @Test func aNodeKilledWhileItJoinsIsTheSameNodeAfterwards() async throws {
        let cluster = try ProcessCluster(snapshotCommands: 1_000)
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "0").status == 0)
        try await cluster.deposit(3_000)
        let command = [
            "node", "--join", cluster.addresses, "--listen", "127.0.0.1:\(try LoopbackPorts.free(1)[0])",
            "--data-directory", cluster.directory.path + "/data-4",
        ]
        // Before it is admitted, as it is, while it prepares its directory, and while it learns.
        for milliseconds in [1, 20, 40, 60, 80, 120, 200, 400] {
            let process = try ToolProcess(command, input: nil)
            try await Task.sleep(for: .milliseconds(milliseconds))
            process.signal(SIGKILL)
            #expect(try await process.status() == -SIGKILL, "\(process.error)")
        }
        let process = try ToolProcess(command, input: nil)
        let votes = try await eventually {
            try await cluster.tool("member", "list").output.contains("4     voter")
        }
        #expect(votes, "\(process.error)")
        let list = try await cluster.tool("member", "list").output
        #expect(!list.contains("\n5 "), "it was one node all along: \(list)")
        process.signal(SIGTERM)
        #expect(try await process.status() == 0)

        // Killed between its store and its configuration: it is still node 4.
        try FileManager.default.removeItem(atPath: cluster.directory.path + "/data-4/node.json")
        let again = try ToolProcess(command, input: nil)
        #expect(await eventually { again.error.contains("running") }, "\(again.error)")
        #expect(again.error.contains("node=4"))
        again.signal(SIGTERM)
        #expect(try await again.status() == 0, "\(again.error)")

        // An empty directory at the same address is another store, and no way back.
        try FileManager.default.removeItem(atPath: cluster.directory.path + "/data-4")
        let refused = try await Tool.run(command)
        #expect(refused.status == 4)
        #expect(
            refused.error.contains("node 4 of this address was known with another store"), "\(refused.error)")
        #expect(
            refused.error.contains("run `decree member replace 4 HOST:PORT --nodes …`"), "\(refused.error)")
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// The address is admitted for the place of node 3: that is done, whatever the node asks for, and it says so.
    @Test func aNodeSaysThatItWasAdmittedForSomethingElse() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        let address = "127.0.0.1:\(try LoopbackPorts.free(1)[0])"
        #expect(try await cluster.tool("member", "replace", "3", address).status == 0)
        let process = try ToolProcess(
            [
                "node", "--join", cluster.addresses, "--listen", address, "--replace", "2",
                "--data-directory",
                cluster.directory.path + "/data-4",
            ], input: nil)
        #expect(await eventually { process.error.contains("running") }, "\(process.error)")
        #expect(
            process.error.contains(
                "this node was admitted before to take the place of node 3, and that counts, not --replace 2"),
            "\(process.error)")
        process.signal(SIGTERM)
        #expect(try await process.status() == 0)
    }

    @Test func aCrashTestJoinsAndReplaces() async throws {
        let result = try await Tool.run([
            "crashtest", "--json", "--kills", "6", "--pauses", "0", "--joins", "2", "--replacements", "1",
            "--seed",
            "5", "--snapshot-commands", "1000",
        ])
        #expect(result.status == 0, "\(result.error)")
        let line = try #require(try result.objects().first)
        #expect(line["joins"] as? Int == 2 && line["replacements"] as? Int == 1)
        #expect(line["refusals"] as? Int == 1)
        #expect(line["lost"] as? Int == 0 && line["doubled"] as? Int == 0)
        #expect(line["snapshots"] as? Int ?? 0 > 0)
        #expect(line["voters"] as? [Int] ?? [] != [])
    }

    @Test func theMembersChangesComeFromTheSeed() {
        let plan = MemberPlan(seed: 7, joins: 20, replacements: 10)
        #expect(plan == MemberPlan(seed: 7, joins: 20, replacements: 10))
        #expect(plan.changes != MemberPlan(seed: 8, joins: 20, replacements: 10).changes)
        #expect(plan.changes.count { $0 == .join } == 20 && plan.changes.count == 30)
        #expect(plan.due(after: 0) == 0 && plan.due(after: 0.5) == 15 && plan.due(after: 1) == 30)
    }
}
