import Foundation
import Testing

/// The tool, as a user runs it.
@Suite(.serialized) struct CrashRunTests {
    @Test(.timeLimit(.minutes(3))) func fiveKillsLoseNothing() async throws {
        let result = try await Tool.run([
            "crashtest", "--nodes", "3", "--kills", "5", "--seed", "1", "--json",
        ])
        #expect(result.code == 0, "\(result.errors)")
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
        #expect(result.code == 2)
        #expect(result.errors.contains("is not empty"))
    }

    @Test(arguments: [["--nodes", "2"], ["--kills", "0"], ["--seed", "x"], ["--unknown"]])
    func wrongUsageIsRefused(arguments: [String]) async throws {
        #expect(try await Tool.run(["crashtest"] + arguments).code == 2)
    }
}

/// Runs the debug build of the tool, which stands beside the tests.
private enum Tool {
    struct Result {
        let code: Int32
        let output: String
        let errors: String
    }

    static func run(_ arguments: [String]) async throws -> Result {
        let process = Process()
        let output = try Sink()
        let errors = try Sink()
        process.executableURL = try executable()
        process.arguments = arguments
        process.standardOutput = output.handle
        process.standardError = errors.handle
        let code = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
        return Result(code: code, output: try output.text(), errors: try errors.text())
    }

    /// A file that is gone after it was read: nobody has to wait beside it, as beside a pipe.
    private struct Sink {
        let url: URL
        let handle: FileHandle

        init() throws {
            url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try Data().write(to: url)
            handle = try FileHandle(forWritingTo: url)
        }

        func text() throws -> String {
            defer { try? FileManager.default.removeItem(at: url) }
            return try String(contentsOf: url, encoding: .utf8)
        }
    }

    private static func executable() throws -> URL {
        var directory = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        while directory.path != "/" {
            let candidate = directory.appendingPathComponent("decree")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            directory.deleteLastPathComponent()
        }
        throw CocoaError(.fileNoSuchFile)
    }
}
