import Foundation
import Testing

@testable import DecreeCommand

/// The tool, as a user runs it.
@Suite(.serialized) struct CrashRunTests {
    @Test(.timeLimit(.minutes(6))) func fiveKillsAndAPauseLoseNothing() async throws {
        let line = try await run("--kills", "5", "--pauses", "1", "--seed", "1")
        #expect(line["kills"] as? Int == 5)
        #expect(line["pauses"] as? Int == 1)
        #expect(line["leaderKills"] as? Int ?? 0 >= 1)
        #expect(line["boundaryKills"] as? Int == 0)
    }

    @Test(.timeLimit(.minutes(6))) func pausedLeadersLoseNothing() async throws {
        let directory = try TemporaryDirectory()
        let line = try await run(
            "--kills", "0", "--pauses", "4", "--seed", "2", "--history", directory.path + "/history")
        #expect(line["kills"] as? Int == 0 && line["pauses"] as? Int == 4)
        #expect(line["leaderPauses"] as? Int ?? 0 >= 1)
        #expect(line["queuedAsked"] as? Int ?? 0 >= 10)

        // What waited at a paused leader is in the history, asked by those behind the load's own clients.
        let history = try Tool.Result(status: 0, output: directory.text(of: "history"), error: "").objects()
        let acknowledged = history.filter { $0["outcome"] as? String == "ok" && $0["result"] != nil }
        #expect(acknowledged.count > 100)
        let queued = history.filter { ($0["client"] as? Int ?? 0) > LoadSettings(seed: 2).lanes }
        #expect(queued.count == line["queuedAsked"] as? Int)
        #expect(queued.contains { ($0["request"] as? [String: Any])?["op"] as? String == "total" })
    }

    @Test func aHistoryThatCannotBeWrittenIsRefusedAtOnce() async throws {
        let result = try await Tool.run(["crashtest", "--history", "/nowhere/history"])
        #expect(result.status == 2 && result.error.contains("--history"), "\(result.error)")
    }

    #if os(Linux)
        @Test(.timeLimit(.minutes(6))) func sixKillsAtBoundariesLoseNothing() async throws {
            let line = try await run("--kills", "0", "--boundary-kills", "6", "--seed", "4")
            #expect(line["boundaryKills"] as? Int == 6)
            let boundaries = try #require(line["boundaries"] as? [[String: Any]])
            let visited = boundaries.flatMap { boundary in
                (boundary["numbers"] as? [Int] ?? []).map { "\(boundary["call"] ?? "") \($0)" }
            }
            #expect(visited.count == 6 && Set(visited).count == 6, "\(boundaries)")
        }

        @Test func withoutATracerNothingIsStarted() async throws {
            let process = try ToolProcess(
                ["crashtest", "--boundary-kills", "1"], input: nil, environment: ["PATH": "/nowhere"])
            let result = try await process.result()
            #expect(result.status == 2)
            #expect(result.error.contains("install it"))
        }
    #endif

    /// Runs it, and expects that all was well.
    private func run(_ arguments: String...) async throws -> [String: Any] {
        let result = try await Tool.run(["crashtest", "--nodes", "3", "--json"] + arguments)
        #expect(result.status == 0, "\(result.error)")
        let line = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(line["ok"] as? Bool == true)
        #expect(line["lost"] as? Int == 0 && line["doubled"] as? Int == 0)
        #expect(line["acknowledged"] as? Int ?? 0 > 100)
        #expect(line["directory"] == nil, "temporary files are removed")
        return line
    }

    @Test func aDirectoryInUseIsRefused() async throws {
        let result = try await Tool.run(["crashtest", "--data", "/"])
        #expect(result.status == 2)
        #expect(result.error.contains("is not empty"))
    }

    @Test(arguments: [
        ["--nodes", "2"], ["--kills", "0"], ["--pauses", "-1"], ["--seed", "x"], ["--unknown"],
    ])
    func wrongUsageIsRefused(arguments: [String]) async throws {
        #expect(try await Tool.run(["crashtest"] + arguments).status == 2)
    }
}
