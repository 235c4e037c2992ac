import Decree
import Foundation
import Testing

/// Nodes whose disks, or addresses, are not what they were: what they say, how they end, and which command helps.
@Suite(.serialized, .timeLimit(.minutes(6))) struct LifecycleIdentityTests {
    private let files = FileManager.default

    /// Three nodes and an account with 5 in it.
    private func cluster() async throws -> ProcessCluster {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        try await cluster.converge()
        return cluster
    }

    private func expectFence(_ result: Tool.Result, _ message: String, node: Int) {
        #expect(result.status == 4, "\(result.error)")
        let last = result.error.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("decree: this node is fenced and must not vote: "), "\(last)")
        #expect(last.contains(message), "\(last)")
        #expect(last.contains("run `decree member replace \(node) HOST:PORT --nodes …`"), "\(last)")
        #expect(last.contains("with an empty directory and `decree node --join HOST:PORT`"), "\(last)")
    }

    @Test func aWipedNodeDoesNotComeBackUnderItsId() async throws {
        let cluster = try await cluster()
        try await cluster.kill(3)
        try files.removeItem(atPath: cluster.dataDirectory(of: 3))
        try cluster.start([3])
        expectFence(
            try await cluster.end(of: 3), "a node that lost its disk joins again under a new id", node: 3)

        // What it is told to do helps.
        let address = "127.0.0.1:\(try LoopbackPorts.free(1)[0])"
        #expect(try await cluster.tool("member", "replace", "3", address).status == 0)
        let joining = try ToolProcess(
            [
                "node", "--join", cluster.addresses, "--listen", address, "--data-directory",
                cluster.directory.path + "/data-4",
            ], input: nil)
        let votes = try await eventually {
            try await cluster.tool("member", "list").output.contains("4     voter")
        }
        #expect(votes, "\(joining.error)")
        #expect(try await !cluster.tool("member", "list").output.contains("\n3 "))
        joining.signal(SIGTERM)
        #expect(try await joining.status() == 0)
        #expect(try await cluster.stop() == [0, 0])
    }

    @Test func anOldCopyOfADirectoryIsFenced() async throws {
        let cluster = try await cluster()
        #expect(try await cluster.stop(3).status == 0)
        let directory = cluster.dataDirectory(of: 3)
        try files.copyItem(atPath: directory, toPath: directory + ".old")
        try await cluster.startAndWait([3])
        try await cluster.deposit(10)
        try await cluster.converge()
        #expect(try await cluster.stop(3).status == 0)
        try files.removeItem(atPath: directory)
        try files.moveItem(atPath: directory + ".old", toPath: directory)
        try cluster.start([3])
        expectFence(
            try await cluster.end(of: 3), "the store of node 3 went back in time, from transaction ", node: 3)
        #expect(try await cluster.balance() == "a holds 15\n", "the others go on")
    }

    @Test func swappedDirectoriesAreRefused() async throws {
        let cluster = try await cluster()
        #expect(try await cluster.stop() == [0, 0, 0])
        let (second, third) = (cluster.dataDirectory(of: 2), cluster.dataDirectory(of: 3))
        func swap() throws {
            try files.moveItem(atPath: second, toPath: second + ".moved")
            try files.moveItem(atPath: third, toPath: second)
            try files.moveItem(atPath: second + ".moved", toPath: third)
        }
        try swap()
        try cluster.start()
        for (node, directory, owner) in [(2, second, 3), (3, third, 2)] {
            let result = try await cluster.end(of: node)
            #expect(result.status == 4)
            #expect(
                result.error.contains(
                    "decree: \(directory) belongs to node \(owner), not node \(node): check the data directory and the "
                        + "node's id in the configuration; a node never takes over another's votes"),
                "\(result.error)")
        }
        try swap()
        try await cluster.startAndWait([2, 3])
        #expect(try await cluster.balance() == "a holds 5\n")
    }

    @Test func aRemovedNodeSaysSoAndEnds() async throws {
        let cluster = try await cluster()
        #expect(try await cluster.tool("member", "remove", "3").status == 0)
        let result = try await cluster.end(of: 3)
        #expect(result.status == 0, "\(result.error)")
        let message =
            "node 3 was removed from the cluster: it may stay stopped, and its data directory deleted; it can come back "
            + "under a new id with `decree node --join`"
        #expect(result.error.components(separatedBy: message).count == 2, "said once: \(result.error)")

        // And once more when it is started again, for it may have been down when it was removed.
        try cluster.start([3])
        let again = try await cluster.end(of: 3)
        #expect(again.status == 0)
        #expect(
            again.error.components(separatedBy: "`decree node --join").count == 2, "said once: \(again.error)"
        )
        #expect(try await cluster.balance() == "a holds 5\n")
    }

    @Test func allNodesMoveToNewAddresses() async throws {
        let cluster = try await cluster()
        #expect(try await cluster.stop() == [0, 0, 0])
        try cluster.move([1, 2, 3])
        try await cluster.startAndWait()
        try await cluster.deposit(1)
        #expect(try await cluster.balance() == "a holds 6\n")

        // One at a time: each tells the others where it is now.
        for node in [1, 2, 3] {
            #expect(try await cluster.stop(node).status == 0)
            try cluster.move([node])
            try await cluster.startAndWait([node])
            try await cluster.deposit(1)
            try await cluster.converge()
        }
        #expect(try await cluster.balance() == "a holds 9\n")
        #expect(try await cluster.stop() == [0, 0, 0])
    }
}
