import Decree
import Foundation
import Testing

/// `decree member`, `leader` and `snapshot`, against real nodes, asked through one of them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MemberCommandTests {
    /// A node that joins; it ends with this process.
    final class Joiner {
        let address: String
        let process: ToolProcess
        private let lifeline = Pipe()

        init(_ cluster: ProcessCluster, _ name: String, port: Int) throws {
            address = "127.0.0.1:\(port)"
            process = try ToolProcess(
                [
                    "node", "--join", cluster.address(of: 1), "--listen", address, "--data-directory",
                    cluster.directory.path + "/" + name, "--stop-with-parent",
                ], input: lifeline)
        }
    }

    func ask(_ arguments: String..., of address: String) async throws -> Tool.Result {
        try await Tool.run(arguments + ["--nodes", address, "--deadline", "30"])
    }

    func members(_ address: String) async throws -> [[String: Any]] {
        try await ask("member", "list", "--json", of: address).objects()
    }

    @Test func aVoterIsReplacedAndTheClusterGoesOn() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        let one = cluster.address(of: 1)
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        let port = try LoopbackPorts.free(1)[0]
        let admitted = try await ask("member", "replace", "3", "127.0.0.1:\(port)", "--json", of: one)
        #expect(admitted.status == 0, "\(admitted.error)")
        #expect(try admitted.objects().first?["node"] as? Int == 4)
        let before = try await members(one)
        try #require(before.count == 4)
        #expect(before[3]["role"] as? String == "joining")
        #expect(before[3]["replaces"] as? Int == 3)

        try await cluster.kill(3)
        let joiner = try Joiner(cluster, "4", port: port)
        let done = try await ask("member", "replace", "3", joiner.address, "--wait", of: one)
        #expect(
            done.status == 0 && done.output.contains("node 4 votes in the place of node 3"), "\(done.error)")
        let after = try await members(one)
        try #require(after.compactMap { $0["node"] as? Int } == [1, 2, 4])
        #expect(after.allSatisfy { $0["role"] as? String == "voter" && $0["inForceFrom"] == nil })
        #expect(after[2]["store"] is String)

        // Its id is not given again, and what the cluster refuses it says why.
        let again = try await ask("member", "add", "127.0.0.1:1", "--id", "3", of: one)
        #expect(again.status == 1 && again.error.contains("never given again"))
        let largest = try await ask("member", "add", "127.0.0.1:1", "--id", "32767", of: one)
        #expect(largest.status == 1 && largest.error.contains("that id is reserved for backups"))
        // What is done is done.
        let gone = try await ask("member", "remove", "3", of: one)
        #expect(gone.status == 0 && gone.output == "node 3 is removed; it was so already\n", "\(gone.error)")
        let voting = try await ask("member", "promote", "4", of: one)
        #expect(voting.status == 0 && voting.output == "node 4 votes; it was so already\n", "\(voting.error)")
        let stranger = try await ask("member", "remove", "9", "--json", of: one)
        #expect(stranger.status == 1 && stranger.output.contains("no member has that id"))
        // The newcomer is asked through no address but its own.
        #expect(
            try await Tool.run(["bank", "balance", "a", "--nodes", joiner.address]).output == "a holds 5\n")
    }

    @Test func membersAreAddedMovedPromotedAndRemoved() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        let one = cluster.address(of: 1)
        // Node 2 moves to where nobody listens: if it led, nobody would find the leader.
        let isLed = try await eventually {
            _ = try await Tool.run(["leader", "transfer", "1", "--nodes", one])
            return try await Tool.run(["status", "--nodes", one]).output.contains("node 1 leads")
        }
        #expect(isLed)
        let ports = try LoopbackPorts.free(2)
        let place = "127.0.0.1:\(ports[0])"
        let added = try await ask("member", "add", place, "--non-voter", of: one)
        #expect(
            added.status == 0 && added.output.contains("node 4 is admitted at \(place)"), "\(added.error)")
        #expect(
            try await ask("member", "add", place, "--non-voter", of: one).output.contains("it was so already")
        )
        let unfit = try await ask("member", "replace", "4", "127.0.0.1:1", of: one)
        #expect(unfit.status == 1 && unfit.error.contains("it does not vote"), "\(unfit.error)")
        let early = try await ask("member", "promote", "4", of: one)
        #expect(early.status == 1 && early.error.contains("too far behind"))
        let joiner = try Joiner(cluster, "4", port: ports[0])
        let isThere = try await eventually {
            try await members(one).last?["lag"] as? Int == 0
        }
        #expect(isThere, "\(joiner.process.error)")
        #expect(try await members(one).last?["role"] as? String == "non-voter")
        let promoted = try await ask("member", "promote", "4", "--wait", of: one)
        #expect(
            promoted.status == 0 && promoted.output.contains("node 4 votes; it is in force"),
            "\(promoted.error)")
        let moved = try await ask("member", "move", "2", "127.0.0.1:\(ports[1])", of: one)
        #expect(moved.status == 0, "\(moved.error)")
        #expect(try await members(one)[1]["address"] as? String == "127.0.0.1:\(ports[1])")
        #expect(try await ask("member", "remove", "2", of: one).status == 0)
        #expect(try await members(one).compactMap { $0["node"] as? Int } == [1, 3, 4])
    }

    @Test func theLeadGoesWhereItIsSent() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        for node in [3, 1, 2] {
            let sent = try await ask("leader", "transfer", "\(node)", "--json", of: cluster.address(of: 1))
            #expect(sent.status == 0, "\(sent.error)\(sent.output)")
            let shown = try await ask("leader", "show", "--json", of: cluster.address(of: 2)).objects()
            #expect(shown.first?["leader"] as? Int == node)
        }
        let nobody = try await ask("leader", "transfer", "7", of: cluster.address(of: 1))
        #expect(nobody.status == 1 && nobody.error.contains("no voter has the id 7"), "\(nobody.error)")
    }

    @Test func aSnapshotIsTakenAndShown() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        try await cluster.converge()
        let taken = try await cluster.tool("snapshot", "--json")
        #expect(taken.status == 0, "\(taken.error)")
        let objects = try taken.objects()
        try #require(objects.count == 3 && Set(objects.compactMap { $0["slot"] as? Int }).count == 1)
        let nodes = try await cluster.tool("status", "--json").objects()
        for node in nodes {
            let group = try #require((node["groups"] as? [[String: Any]])?.first)
            let snapshot = try #require(group["snapshot"] as? [String: Any])
            #expect(snapshot["slot"] as? Int == objects[0]["slot"] as? Int)
        }
        #expect(try await cluster.tool("status", "--members").output.contains("role   address"))
    }

    /// As the table of exit codes has it, and the crash test takes it.
    @Test func aRefusalIsExitCodeOneAndSilenceThree() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        let port = try LoopbackPorts.free(1)[0]
        for (contact, replaced, status) in [(cluster.address(of: 1), "9", 1), ("127.0.0.1:\(port)", "3", 3)]
            as [(String, String, Int32)]
        {
            let result = try await Tool.run([
                "node", "--join", contact, "--listen", "127.0.0.1:\(try LoopbackPorts.free(1)[0])",
                "--replace",
                replaced,
                "--data-directory", cluster.directory.path + "/joins-\(status)",
            ])
            #expect(result.status == status, "\(result.error)")
        }
    }

    @Test func nobodyThereIsExitCodeThree() async throws {
        let port = try LoopbackPorts.free(1)[0]
        for arguments in [["member", "list"], ["member", "remove", "1"], ["leader", "show"], ["snapshot"]] {
            let result = try await Tool.run(arguments + ["--nodes", "127.0.0.1:\(port)", "--deadline", "1"])
            #expect(result.status == 3, "\(arguments): \(result.error)")
        }
    }
}

extension ProcessCluster {
    func address(of id: Int) -> String {
        let member = configurations[0].nodes[id - 1]
        return "\(member.host):\(member.port)"
    }
}
