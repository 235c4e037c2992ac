import Decree
import Foundation
import Testing

/// `decree bank open`, `deposit` and the others, against real nodes.
@Suite(.serialized, .timeLimit(.minutes(6))) struct BankCommandTests {
    @Test func oneOperationACall() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        func expect(
            _ arguments: String..., output: String = "", error: String = "", status: Int32 = 0,
            at location: SourceLocation = #_sourceLocation
        ) async throws {
            let result = try await Tool.run(["bank"] + arguments + ["--nodes", cluster.addresses])
            #expect(result.status == status, sourceLocation: location)
            #expect(result.output == (output.isEmpty ? "" : output + "\n"), sourceLocation: location)
            #expect(result.error == (error.isEmpty ? "" : "decree: \(error)\n"), sourceLocation: location)
        }
        try await expect("open", "alice", "100", output: "alice holds 100")
        try await expect("open", "bob", output: "bob holds 0")
        try await expect("deposit", "bob", "20", output: "bob holds 20")
        try await expect("withdraw", "bob", "5", output: "bob holds 15")
        try await expect("transfer", "alice", "bob", "40", output: "alice holds 60, bob holds 55")
        try await expect("balance", "alice", output: "alice holds 60")
        try await expect("total", output: "all accounts hold 115")
        try await expect(
            "open", "bob", error: "rejected: the account is open already", status: 1)
        try await expect(
            "withdraw", "bob", "56", error: "rejected: the account holds less than the amount", status: 1)
        try await expect("balance", "", error: "rejected: an account's name has at least 1 byte", status: 1)
        try await expect(
            "balance", "carol", error: "rejected: there is no such account; open it first", status: 1)
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    @Test func readsSayWhatTheyAreWorth() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        let open = try await cluster.tool("bank", "open", "alice", "100", "--json")
        let opened = try #require(open.objects().first)
        #expect(opened["outcome"] as? String == "ok")
        #expect((opened["result"] as? [String: Int]) == ["balance": 100])
        #expect(opened["client"] is String && opened["sequence"] as? Int == 1)
        let slot = try #require(opened["slot"] as? Int)

        let stale = try await cluster.tool("bank", "balance", "alice", "--stale")
        #expect(stale.output == "alice holds 100 (stale: as of slot \(slot) on the node asked)\n")
        let read = try await cluster.tool("bank", "total", "--json").objects().first
        #expect(read?["executedThrough"] as? Int == slot && read?["stale"] == nil)
        let staleRead = try await cluster.tool("bank", "total", "--json", "--stale").objects().first
        #expect(staleRead?["stale"] as? Bool == true)
        #expect((staleRead?["result"] as? [String: Int]) == ["total": 100])

        let rejected = try await cluster.tool("bank", "open", "alice", "--json")
        #expect(rejected.status == 1 && rejected.error == "")
        #expect(try rejected.objects().first?["reason"] as? String == "duplicate account")
    }

    @Test func anUnreachableClusterIsCode3AndNothingIsDone() async throws {
        let port = try LoopbackPorts.free(1)[0]
        for arguments in [["open", "a", "1"], ["total"], ["run"]] {
            let result = try await Tool.run(
                ["bank"] + arguments + ["--nodes", "127.0.0.1:\(port)", "--deadline", "0.3"],
                input: #"{"id":"1","op":"total"}"#)
            #expect(result.status == 3)
            #expect(result.output == "")
            #expect(result.error.contains("nothing was done: no node could be reached"))
            #expect(result.error.contains("127.0.0.1:\(port): Connection refused"))
        }
    }

    @Test func anotherClusterIsCode3() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        let result = try await cluster.tool("bank", "total", "--cluster", "shop")
        #expect(result.status == 3)
        #expect(result.error.contains(#"belongs to cluster "bank", not "shop""#))
    }

    @Test func withoutAMajorityItSaysWhetherItMayHaveBeenDone() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        let leader = try #require(try await cluster.statuses().first?.groups.first?.leader)
        for id in cluster.ids where id != leader { try await cluster.kill(id) }
        // The leader takes the command before it misses its followers; or it has missed them already.
        let result = try await cluster.tool("bank", "open", "a", "1", "--deadline", "1.5")
        #expect(result.status == 3)
        #expect(
            result.error.contains("it may or may not have been done: read the state before asking anew")
                || result.error.contains("nothing was done: not done before its deadline"))
        try await cluster.startAndWait(cluster.ids.filter { $0 != leader })
        #expect(try await cluster.tool("bank", "open", "b", "1").output == "b holds 1\n")
    }

    @Test(
        arguments: [
            (["deposit", "a", "--nodes", "127.0.0.1:1"], "Missing expected argument '<amount>'"),
            (["deposit", "a", "much", "--nodes", "127.0.0.1:1"], "The value 'much' is invalid"),
            (["total"], "Missing expected argument '--nodes"),
            (["total", "--nodes", "127.0.0.1"], "--nodes wants HOST:PORT, separated by commas"),
            (["total", "--nodes", "127.0.0.1:1", "--deadline", "0"], "The value '0' is invalid"),
            (
                ["run", "--nodes", "127.0.0.1:1", "--concurrency", "0"],
                "--concurrency must be 1 through 65536"
            ),
            (["run", "--nodes", "127.0.0.1:1", "--connections", "0"], "--connections must be 1 through 256"),
        ])
    func wrongUsageIsCode2(arguments: [String], message: String) async throws {
        let result = try await Tool.run(["bank"] + arguments)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.error.contains(message))
    }

    @Test(arguments: [["bank"], ["bank", "run"], ["status"], ["log", "inspect"], ["log", "verify"]])
    func helpHasExamplesAndExitCodes(command: [String]) async throws {
        let result = try await Tool.run(command + ["--help"])
        #expect(result.status == 0)
        #expect(result.output.contains("EXAMPLE") && result.output.contains("EXIT CODES"))
    }
}
