import Foundation
import Testing

/// The tool, as a user runs it.
@Suite(.serialized) struct CrashRunTests {
    @Test(.timeLimit(.minutes(3))) func fiveKillsLoseNothing() async throws {
        let result = try await Tool.run([
            "crashtest", "--nodes", "3", "--kills", "5", "--seed", "1", "--json",
        ])
        #expect(result.status == 0, "\(result.error)")
        let line = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(line["ok"] as? Bool == true)
        #expect(line["kills"] as? Int == 5)
        #expect(line["lost"] as? Int == 0 && line["doubled"] as? Int == 0)
        #expect(line["acknowledged"] as? Int ?? 0 > 100)
        #expect(line["leaderKills"] as? Int ?? 0 >= 1)
        #expect(line["directory"] == nil, "temporary files are removed")
    }

    @Test func aDirectoryInUseIsRefused() async throws {
        let result = try await Tool.run(["crashtest", "--data", "/"])
        #expect(result.status == 2)
        #expect(result.error.contains("is not empty"))
    }

    @Test(arguments: [["--nodes", "2"], ["--kills", "0"], ["--seed", "x"], ["--unknown"]])
    func wrongUsageIsRefused(arguments: [String]) async throws {
        #expect(try await Tool.run(["crashtest"] + arguments).status == 2)
    }
}
