import Foundation

/// A disk that hangs: strace holds a running process up, at its next fdatasync, for five seconds. To the process that is
/// a write that the disk does not take.
final class DiskStall {
    private let process = Process()

    /// How long the disk hangs.
    static let duration = Duration.seconds(5)

    /// Where strace is; nil if it is not installed.
    static var tool: String? {
        let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
        return folders.split(separator: ":").map { "\($0)/strace" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Begins as soon as strace has attached itself.
    init(of processIdentifier: Int32) throws {
        guard let tool = Self.tool else {
            throw ToolError(.usage, "--stalls needs strace: install it, or say --stalls 0")
        }
        let microseconds = Self.duration.components.seconds * 1_000_000
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = [
            "-f", "-q", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "signal=none", "-e",
            "inject=fdatasync:delay_enter=\(microseconds):when=1", "-p", "\(processIdentifier)",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Waits until the disk works again, and lets the process go.
    func end() async throws {
        try await Task.sleep(for: Self.duration)
        // SIGINT and SIGTERM are ignored by whoever this tool starts, for it takes them itself.
        kill(process.processIdentifier, SIGQUIT)
        let end = ContinuousClock.now + .seconds(5)
        while process.isRunning, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(10)) }
        // The kernel lets go of what it traced.
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
}
