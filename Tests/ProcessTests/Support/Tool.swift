import Foundation
import Testing

/// The built `decree`, run as a process.
struct Tool {
    /// How a process ended, and what it said.
    struct Result {
        let status: Int32
        let output: String
        let error: String

        /// The output's lines, each an object.
        func objects() throws -> [[String: Any]] {
            try output.split(separator: "\n").map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                return try #require(object as? [String: Any], "\(line)")
            }
        }
    }

    /// Runs the tool to its end.
    static func run(_ arguments: [String], input: String = "") async throws -> Result {
        let directory = try TemporaryDirectory()
        let inputFile = directory.path + "/input"
        try Data(input.utf8).write(to: URL(fileURLWithPath: inputFile))
        let process = try ToolProcess(
            arguments, input: FileHandle(forReadingFrom: URL(fileURLWithPath: inputFile)))
        return try await process.result()
    }
}

/// A process of the tool, while it runs. Its output goes to files: no pipe can fill.
final class ToolProcess {
    let process = Process()
    private let directory: TemporaryDirectory
    private let ended: AsyncStream<Int32>

    /// - Parameters:
    ///   - output: where results go; a file unless given.
    ///   - runner: a program and its arguments that becomes the tool in the process it is given.
    ///   - executable: another build of the tool.
    init(
        _ arguments: [String], input: Any?, output: FileHandle? = nil,
        environment: [String: String] = [:], runner: [String] = [], executable: String? = nil
    ) throws {
        directory = try TemporaryDirectory()
        let command = try runner + [executable ?? DecreeExecutable.path()] + arguments
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        // The child that prints a backtrace can hang.
        process.environment = ProcessInfo.processInfo.environment
            .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = try output ?? directory.newFile("output")
        process.standardError = try directory.newFile("error")
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        ended = stream
        process.terminationHandler = { process in
            let isSignal = process.terminationReason == .uncaughtSignal
            continuation.yield(isSignal ? -process.terminationStatus : process.terminationStatus)
            continuation.finish()
        }
        try process.run()
        // Foundation keeps them open as long as the object lives, which outlives the process; and where a thousand files are
        // open, its search for the highest of them reads past the end of what it was given, and traps.
        for case let handle as FileHandle in [input, process.standardOutput, process.standardError] {
            if handle !== output { try handle.close() }
        }
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    var output: String { directory.text(of: "output") }
    var error: String { directory.text(of: "error") }

    /// Longer than any run that ends, also on a slow machine.
    private static let patience = Duration.seconds(240)

    private static func end(_ id: Int32) async throws {
        try await Task.sleep(for: patience)
        kill(id, SIGKILL)
    }

    /// A process that had to be killed, for it did not end.
    private struct Endless: Error {}

    /// Waits for the end: the exit code, or the signal below zero. A process that does not end is killed, and ends the test.
    func status() async throws -> Int32 {
        let id = process.processIdentifier
        let watchdog = Task { try await ToolProcess.end(id) }
        defer { watchdog.cancel() }
        let begin = ContinuousClock.now
        for await status in ended {
            guard ContinuousClock.now - begin < Self.patience else { throw Endless() }
            return status
        }
        throw CancellationError()
    }

    func result() async throws -> Tool.Result {
        let status = try await status()
        return Tool.Result(status: status, output: output, error: error)
    }

    func signal(_ signal: Int32) { kill(process.processIdentifier, signal) }
}

/// Tries again until it holds; false when the time is up.
func eventually(
    within time: Duration = .seconds(30), _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + time
    repeat {
        if try await condition() { return true }
        await Task.yield()
    } while ContinuousClock.now < end
    return false
}
