import Foundation
import Testing

/// What passes for a backup is one: it is marked when all of it is there, and nothing else verifies or restores.
@Suite(.serialized, .timeLimit(.minutes(6))) struct BackupMarkTests {
    private let files = FileManager.default

    /// A cluster of one with so many bytes in its log.
    private func cluster(mebibytes: Int = 0) async throws -> ProcessCluster {
        let cluster = try ProcessCluster(nodes: 1, machine: "append")
        try await cluster.startAndWait()
        let value = String(repeating: "x", count: 1 << 16)
        let input = (0..<max(3, 16 * mebibytes)).map { mebibytes > 0 ? value : "value \($0)" }
        let appended = try await cluster.tool("append", input: input.joined(separator: "\n") + "\n")
        #expect(appended.status == 0, "\(appended.error)")
        return cluster
    }

    private func backup(_ cluster: ProcessCluster, _ name: String) async throws -> String {
        let path = cluster.directory.path + "/" + name
        let made = try await Tool.run(["backup", "--nodes", cluster.address(of: 1), path])
        #expect(made.status == 0, "\(made.error)")
        return path
    }

    private func unfinished(_ cluster: ProcessCluster) throws -> [String] {
        try files.contentsOfDirectory(atPath: cluster.directory.path).filter { $0.contains(".incomplete-") }
            .map { cluster.directory.path + "/" + $0 }
    }

    /// Neither `log verify` nor `restore` takes it, and no data directory is made.
    private func expectRefusal(
        of path: String, _ reason: String, at location: SourceLocation = #_sourceLocation
    ) async throws {
        let verified = try await Tool.run(["log", "verify", path])
        #expect(verified.status != 0, "\(verified.output)", sourceLocation: location)
        #expect(
            (verified.output + verified.error).contains(reason), "\(verified.output)\(verified.error)",
            sourceLocation: location)
        #expect(!verified.output.contains("nothing found"), sourceLocation: location)
        let new = try ProcessCluster(nodes: 1, machine: "append")
        let restored = try await Tool.run(["restore", path, "--config", new.configurationFile(of: 1)])
        #expect(restored.status == 1 || restored.status == 4, sourceLocation: location)
        #expect(restored.error.contains(reason), "\(restored.error)", sourceLocation: location)
        #expect(!files.fileExists(atPath: new.dataDirectory(of: 1)), sourceLocation: location)
        let recovered = try await Tool.run(["recover", "--force", "--yes", path])
        #expect(recovered.status != 0, sourceLocation: location)
    }

    @Test func verifySaysWhatIsInABackup() async throws {
        let cluster = try await cluster()
        #expect(try await cluster.tool("snapshot").status == 0)
        _ = try await cluster.tool("append", input: "four\n")
        let path = try await backup(cluster, "backup")
        let verified = try await Tool.run(["log", "verify", path])
        #expect(verified.status == 0, "\(verified.output)")
        for part in [
            #"\#(path): a backup of cluster "bank""#, "holds: group 1: a snapshot at slot ", " and slots ",
            "the end mark fits", "nothing found",
        ] {
            #expect(verified.output.contains(part), "\(part) in \(verified.output)")
        }
        let json = try #require(try await Tool.run(["log", "verify", "--json", path]).objects().first)
        #expect(json["endMark"] as? String == "sound")
        let holds = try #require((json["holds"] as? [[String: Any]])?.first)
        let (snapshot, from) = (holds["snapshotSlot"] as? Int ?? 0, holds["from"] as? Int ?? 0)
        #expect(snapshot > 0 && from == snapshot + 1 && holds["through"] as? Int ?? 0 >= from)
        #expect(try files.contentsOfDirectory(atPath: path).contains("backup.json"))
        #expect(try unfinished(cluster).isEmpty)
        #expect(try await cluster.stop() == [0])
    }

    @Test func whatIsNotWholeIsNoBackup() async throws {
        let cluster = try await cluster()
        let path = try await backup(cluster, "backup")
        let (mark, store) = (path + "/backup.json", path + "/node.db")
        let (sound, bytes) = (try Data(contentsOf: url(mark)), try Data(contentsOf: url(store)))

        // Without its mark, as those of earlier versions are: only who says that it is whole restores it.
        try files.removeItem(atPath: mark)
        try await expectRefusal(of: path, "there is no end mark")
        let new = try ProcessCluster(nodes: 1, machine: "append")
        let accepted = try await Tool.run([
            "restore", path, "--config", new.configurationFile(of: 1), "--accept-unmarked",
        ])
        #expect(accepted.status == 0, "\(accepted.error)")

        // A mark that rotted, of another backup, or of a later version.
        var rotten = sound
        rotten[10] ^= 1
        try rotten.write(to: url(mark))
        try await expectRefusal(of: path, "the end mark does not fit: it is not what was written")
        try Data().write(to: url(mark))
        try await expectRefusal(of: path, "the end mark does not fit")
        try sound.write(to: url(mark))
        try sql("CREATE TABLE more (x)", on: store)
        try await expectRefusal(of: path, "the end mark does not fit: it tells of a node.db of")
        // A copy that was broken off.
        try bytes.prefix(bytes.count / 2).write(to: url(store))
        let cut = try await Tool.run(["log", "verify", path])
        #expect(cut.status != 0 && !cut.output.contains("nothing found"))
        try Data().write(to: url(store))
        try await expectRefusal(of: path, "is not a Decree store")
        try files.removeItem(atPath: store)
        try await expectRefusal(of: path, "there is no store in")
        try bytes.write(to: url(store))
        #expect(try await Tool.run(["log", "verify", path]).status == 0)
        #expect(try await cluster.stop() == [0])
    }

    private func url(_ path: String) -> URL { URL(fileURLWithPath: path) }

    /// kill -9 at many moments: there is a whole backup of that name, or none; what is left beside is none.
    @Test func whatAKilledBackupLeavesPassesForNone() async throws {
        let cluster = try await cluster(mebibytes: 12)
        let path = cluster.directory.path + "/backup"
        var killed = 0
        for round in 0..<10 {
            let process = try ToolProcess(
                ["backup", "--nodes", cluster.address(of: 1), path], input: nil)
            // Further on in each round: the directory, the store, then so many bytes of its log.
            _ = await eventually {
                guard process.process.isRunning else { return true }
                guard let directory = try? unfinished(cluster).first else { return false }
                guard round > 0 else { return true }
                let sizes = ["node.db", "node.db-wal"].compactMap { name in
                    (try? files.attributesOfItem(atPath: directory + "/" + name))?[.size] as? Int
                }
                return sizes.reduce(0, +) > (round - 1) * 1_500_000
            }
            process.signal(SIGKILL)
            let status = try await process.status()
            if files.fileExists(atPath: path) {
                #expect(try await Tool.run(["log", "verify", path]).status == 0)
                try files.removeItem(atPath: path)
            } else {
                #expect(status == -SIGKILL, "round \(round)")
                killed += 1
            }
            for left in try unfinished(cluster) {
                let verified = try await Tool.run(["log", "verify", left])
                #expect(
                    verified.status != 0 && !verified.output.contains("nothing found"), "\(verified.output)")
                let new = try ProcessCluster(nodes: 1, machine: "append")
                for flags in [[], ["--accept-unmarked"]] {
                    let restored = try await Tool.run(
                        ["restore", left, "--config", new.configurationFile(of: 1)] + flags)
                    #expect(restored.status == 1 || restored.status == 4, "\(restored.error)")
                }
                #expect(!files.fileExists(atPath: new.dataDirectory(of: 1)))
            }
            #expect(try unfinished(cluster).count <= 1, "the next one clears away what the last has left")
        }
        #expect(killed > 3, "most were killed in the middle")
        _ = try await backup(cluster, "backup")
        #expect(try unfinished(cluster).isEmpty)
        #expect(try await cluster.stop() == [0])
    }

    /// Of several that write one name one is let through.
    @Test func ofTwoOfOneNameOneIsRefused() async throws {
        let cluster = try await cluster(mebibytes: 8)
        let path = cluster.directory.path + "/backup"
        for _ in 0..<4 {
            let processes = try (0..<3).map { _ in
                try ToolProcess(["backup", "--nodes", cluster.address(of: 1), path], input: nil)
            }
            var done = 0
            for process in processes {
                let result = try await process.result()
                done += result.status == 0 ? 1 : 0
                guard result.status != 0 else { continue }
                #expect(result.status == 4 || result.status == 2, "\(result.error)")
                #expect(
                    ["another process is writing it", "of that name", "is there already"].contains {
                        result.error.contains($0)
                    }, "\(result.error)")
            }
            #expect(done == 1)
            #expect(try await Tool.run(["log", "verify", path]).status == 0)
            #expect(try unfinished(cluster).isEmpty)
            try files.removeItem(atPath: path)
        }
        let name = try await Tool.run(["backup", "--nodes", cluster.address(of: 1), path + ".incomplete-1"])
        #expect(name.status == 2 && name.error.contains("is what an unfinished backup is called"))
        #expect(try await cluster.stop() == [0])
    }
}
