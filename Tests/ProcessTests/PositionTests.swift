import Decree
import Foundation
import Testing

/// Invariant PositionNamesItsLog, as users meet it: scenario RestoredUnderReaders.
@Suite(.serialized, .timeLimit(.minutes(6))) struct PositionTests {
    private func cluster() async throws -> ProcessCluster {
        let cluster = try ProcessCluster(machine: "append")
        try await cluster.startAndWait()
        return cluster
    }

    private func append(_ values: [String], to cluster: ProcessCluster) async throws -> [[String: Any]] {
        let result = try await cluster.tool(
            "append", "--concurrency", "1", input: values.map { $0 + "\n" }.joined())
        try #require(result.status == 0, "\(result.error)")
        return try result.objects()
    }

    /// Where to go on behind a line of `append` or `tail`.
    private func behind(_ line: [String: Any]) throws -> String {
        let (slot, index) = (try #require(line["slot"] as? Int), try #require(line["index"] as? Int))
        return "\(slot).\(index + 1)@\(try #require(line["log"] as? String))"
    }

    private func values(_ result: Tool.Result) throws -> [String] {
        try result.objects().compactMap { $0["value"] as? String }
    }

    @Test func receiptsAndEntriesNameTheLog() async throws {
        let cluster = try await cluster()
        let appended = try await append(["one", "two", "three"], to: cluster)
        let genesis = try #require(try await cluster.statuses().first?.genesis)
        #expect(appended.allSatisfy { $0["log"] as? String == String(genesis.prefix(8)) })
        let read = try await cluster.tool("tail").objects()
        #expect(read.map { $0["log"] as? String } == appended.map { $0["log"] as? String })

        // Gone on behind any of them, whichever said where it stands; behind the last there is nothing yet.
        for lines in [appended, read] {
            for (count, line) in lines.enumerated() {
                let rest = try await cluster.tool("tail", "--from", behind(line))
                #expect(rest.status == 0, "\(rest.error)")
                #expect(try values(rest) == Array(["one", "two", "three"].dropFirst(count + 1)))
            }
        }
        let last = try behind(appended[2])
        let follower = try ToolProcess(
            ["tail", "--nodes", cluster.addresses, "--from", last, "--follow", "--count", "1"], input: nil)
        _ = try await append(["four"], to: cluster)
        #expect(try await values(follower.result()) == ["four"])

        // Another log's name, and places that are not there.
        let slot = try #require(appended[0]["slot"] as? Int)
        let other = try await cluster.tool("tail", "--from", "\(slot).0@00c0ffee")
        #expect(other.status == 1 && other.output.isEmpty)
        #expect(
            other.error.contains(
                "the position is of log 00c0ffee, and the nodes keep log \(genesis.prefix(8))"),
            "\(other.error)")
        for place in ["9000", "9000.7", "9000@\(genesis.prefix(8))"] {
            for follow in [[], ["--follow"]] {
                let beyond = try await Tool.run(
                    ["tail", "--nodes", cluster.addresses, "--from", place] + follow)
                #expect(beyond.status == 1 && beyond.output.isEmpty, "\(beyond.error)")
                #expect(beyond.error.contains("is beyond the end of the log, which is chosen through slot "))
            }
        }
        for place in ["12@", "12@1a2b", "12@1a2b3c4g", "@1a2b3c4d"] {
            #expect(try await cluster.tool("tail", "--from", place).status == 2)
        }
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// The cluster goes back to a backup while a reader has a place beyond it, and another follows.
    @Test func aReaderOfARestoredClusterIsToldSo() async throws {
        let cluster = try await cluster()
        let old = try await append(["one", "two"], to: cluster)
        let backup = cluster.directory.path + "/backup"
        #expect(try await Tool.run(["backup", "--nodes", cluster.address(of: 1), backup]).status == 0)
        let lost = try await append((1...50).map { "lost \($0)" }, to: cluster)
        let follower = try ToolProcess(
            ["tail", "--nodes", cluster.addresses, "--follow", "--deadline", "20"], input: nil)
        let hasRead = await eventually { follower.output.contains("lost 50") }
        #expect(hasRead)
        #expect(try await cluster.stop() == [0, 0, 0])
        for id in cluster.ids {
            let directory = cluster.dataDirectory(of: id)
            try FileManager.default.moveItem(atPath: directory, toPath: directory + "-old")
            let restored = try await Tool.run([
                "restore", backup, "--config", cluster.configurationFile(of: id),
            ])
            #expect(restored.status == 0, "\(restored.error)")
        }
        try await cluster.startAndWait()
        let new = try await append((1...80).map { "new \($0)" }, to: cluster)
        let names = (try #require(old[0]["log"] as? String), try #require(new[0]["log"] as? String))
        #expect(names.0 != names.1)
        let error =
            "the position is of log \(names.0), and the nodes keep log \(names.1): the cluster was restored"

        // Each of these places exists in the new log as well, as another command's.
        for line in [old[0], old[1], lost[0], lost[49]] {
            for follow in [[], ["--follow"]] {
                let result = try await Tool.run(
                    ["tail", "--nodes", cluster.addresses, "--from", behind(line)] + follow)
                #expect(result.status == 1 && result.output.isEmpty, "\(result.output)")
                #expect(result.error.contains(error), "\(result.error)")
            }
        }
        let followed = try await follower.result()
        #expect(followed.status == 1 && followed.error.contains(error), "\(followed.error)")
        #expect(!followed.output.contains("new "), "nothing of the new log is taken for the old one's")

        // Who says so by a bare place is given what is there.
        let slot = try #require(new[0]["slot"] as? Int)
        let rest = try await cluster.tool("tail", "--from", "\(slot)")
        #expect(try values(rest) == (1...80).map { "new \($0)" })
        #expect(try await cluster.stop() == [0, 0, 0])
    }
}
