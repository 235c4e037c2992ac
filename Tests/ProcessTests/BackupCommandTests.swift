import CSQLite
import Foundation
import Testing

/// `decree backup`, `restore` and `recover`, with real nodes.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BackupCommandTests {
    func balance(_ cluster: ProcessCluster) async throws -> String {
        try await cluster.tool("bank", "balance", "a").output
    }

    /// A snapshot, and slots behind it.
    func fill(_ cluster: ProcessCluster) async throws {
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        try await cluster.converge()
        #expect(try await cluster.tool("snapshot").status == 0)
        for _ in 0..<3 { #expect(try await cluster.tool("bank", "deposit", "a", "10").status == 0) }
        try await cluster.converge()
    }

    @Test func aBackupIsVerifiedAndBecomesANewCluster() async throws {
        let old = try ProcessCluster()
        try await old.startAndWait()
        try await fill(old)
        let backup = old.directory.path + "/backup"
        let made = try await Tool.run(["backup", "--nodes", old.address(of: 2), backup, "--json"])
        #expect(made.status == 0, "\(made.error)")
        let group = try #require(try made.objects().first)
        let slots = try #require(group["slots"] as? Int)
        #expect(group["snapshotSlot"] is Int && slots >= 3)
        #expect(try await Tool.run(["log", "verify", backup]).status == 0)
        #expect(try await cluster(old, "deposit", "a", "1000").status == 0, "what comes later is not in it")

        let new = try ProcessCluster(nodes: 3, cluster: "bank")
        var ends: Set<String> = []
        for id in new.ids {
            let restored = try await Tool.run(
                ["restore", backup, "--config", new.configurationFile(of: id), "--json"])
            #expect(restored.status == 0, "\(restored.error)")
            ends.insert(restored.output)
        }
        #expect(ends.count == 1, "the nodes of one new cluster reckon it alike")
        #expect(
            try await Tool.run(["restore", backup, "--config", new.configurationFile(of: 1)]).status == 4)
        try await new.startAndWait()
        #expect(try await balance(new) == "a holds 35\n")
        #expect(try await cluster(new, "deposit", "a", "1").status == 0)
        #expect(try await balance(new) == "a holds 36\n")
        #expect(try await balance(old) == "a holds 1035\n")
        let members = try await new.tool("member", "list", "--json").objects()
        #expect(members.compactMap { $0["node"] as? Int } == [1, 2, 3])

        // A node of the old cluster is not let in.
        #expect(try await new.stop().allSatisfy { $0 == 0 })
        #expect(try await old.stop().allSatisfy { $0 == 0 })
        let strangers = try await Tool.run([
            "log", "audit", new.dataDirectory(of: 1), old.dataDirectory(of: 2),
        ])
        #expect(strangers.status == 1 && strangers.error.contains("different clusters"))
        let audit = try await Tool.run(["log", "audit"] + new.ids.map(new.dataDirectory))
        #expect(audit.status == 0, "\(audit.output)\(audit.error)")
    }

    @Test func anotherTokenIsAnotherCluster() async throws {
        let old = try ProcessCluster(nodes: 1)
        try await old.startAndWait()
        try await fill(old)
        let backup = old.directory.path + "/backup"
        #expect(try await Tool.run(["backup", "--nodes", old.address(of: 1), backup]).status == 0)
        var geneses: Set<String> = []
        for token in ["", "second"] {
            let new = try ProcessCluster(nodes: 1)
            let restored = try await Tool.run(
                ["restore", backup, "--config", new.configurationFile(of: 1), "--json", "--token", token])
            geneses.insert(try #require(try restored.objects().first?["genesis"] as? String))
        }
        #expect(geneses.count == 2)
        // A backup that rotted makes no cluster.
        var database: OpaquePointer?
        #expect(sqlite3_open(backup + "/node.db", &database) == SQLITE_OK)
        #expect(sqlite3_exec(database, "UPDATE snapshot SET byte_count = 1", nil, nil, nil) == SQLITE_OK)
        sqlite3_close(database)
        let new = try ProcessCluster(nodes: 1)
        let rotten = try await Tool.run(["restore", backup, "--config", new.configurationFile(of: 1)])
        #expect(rotten.status == 1 && rotten.error.contains("is not sound"))
        #expect(!FileManager.default.fileExists(atPath: new.dataDirectory(of: 1)))
    }

    @Test func aSurvivorGoesOnAloneWhenItIsToldTo() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        try await fill(cluster)
        for id in cluster.ids { try await cluster.kill(id) }
        let directory = cluster.dataDirectory(of: 2)
        #expect(try await Tool.run(["recover", directory]).status == 2)
        let doubted = try await Tool.run(["recover", "--force", directory], input: "no\n")
        #expect(doubted.status == 1 && doubted.error.contains("nothing was written"))
        #expect(doubted.output.contains("given up: node 1") && doubted.output.contains("node 3"))
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        #expect(!names.contains { $0.contains("lost-quorum") || $0.contains("recovered") })

        let done = try await Tool.run(["recover", "--force", directory], input: "bank\n")
        #expect(done.status == 0, "\(done.error)")
        try await cluster.startAndWait([2])
        let address = cluster.address(of: 2)
        #expect(
            try await Tool.run(["bank", "balance", "a", "--nodes", address]).output == "a holds 35\n")
        #expect(try await Tool.run(["bank", "deposit", "a", "1", "--nodes", address]).status == 0)
        // Another survivor, as it was, is of another cluster, and is refused.
        try cluster.start([1])
        let isRefused = await eventually { cluster.log(of: 1).contains("was created as") }
        #expect(isRefused, "\(cluster.log(of: 1))")
        let members = try await Tool.run(["member", "list", "--json", "--nodes", address]).objects()
        #expect(members.compactMap { $0["node"] as? Int } == [2])
    }

    private func cluster(_ cluster: ProcessCluster, _ arguments: String...) async throws -> Tool.Result {
        try await Tool.run(["bank"] + arguments + ["--nodes", cluster.addresses])
    }
}
