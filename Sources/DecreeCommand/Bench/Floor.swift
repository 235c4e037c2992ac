import Foundation

/// What the machine itself takes for what a command cannot do without, measured in the same run and on
/// the same file system as the data: no replicated log answers sooner.
struct Floor: Codable, Sendable {
    /// Processes that write at once.
    var processes: Int
    /// A write of 4 KiB into a preallocated file and fdatasync, p50.
    var fdatasyncMicroseconds: Double
    /// A commit of one row by the production store, alone, p50.
    var commitMicroseconds: Double
    /// The same by all processes at once: the median of their p50s.
    var concurrentCommitMicroseconds: Double
    /// 64 bytes to another process over loopback TCP and back, p50.
    var loopbackMicroseconds: Double
    /// For one command: a commit of all processes at once, and two round trips (the client's, the peer's).
    var commandMicroseconds: Double

    private static let seconds = 1.5

    /// Measures in `directory`, which is left as it was. Takes about five seconds.
    ///
    /// - Parameter valueBytes: of the command in the row.
    static func measure(
        in directory: String, processes: Int, valueBytes: Int, progress: inout BenchProgress
    ) throws -> Floor {
        let scratch = "\(directory)/floor-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        progress.tell("floor: fdatasync of 4 KiB")
        let fdatasync = try FileFloor.measure(in: scratch, seconds: seconds / 1.5)
        progress.tell("floor: loopback round trips")
        let loopback = try LoopbackFloor.measure(seconds: seconds / 3)
        progress.tell("floor: one-row commits, one process")
        let alone = try commits(1, scratch, valueBytes)
        progress.tell("floor: one-row commits, \(processes) processes at once")
        let atOnce = processes == 1 ? alone : try commits(processes, scratch, valueBytes)
        progress.clear()
        return Floor(
            processes: processes, fdatasyncMicroseconds: fdatasync, commitMicroseconds: alone,
            concurrentCommitMicroseconds: atOnce, loopbackMicroseconds: loopback,
            commandMicroseconds: atOnce + 2 * loopback)
    }

    /// Lets processes commit at once; the median of their p50s, in microseconds.
    private static func commits(_ count: Int, _ directory: String, _ valueBytes: Int) throws -> Double {
        let helpers = try (1...count).map { number in
            try HelperProcess(arguments: [
                "bench-floor", "commit", "\(directory)/store-\(count)-\(number)", "--value-bytes",
                "\(valueBytes)", "--seconds", "\(seconds)",
            ])
        }
        // Each says when its store is open; then all are told to begin.
        for helper in helpers { _ = try helper.readLine() }
        for helper in helpers { try helper.writeLine("go") }
        let medians = try helpers.map { helper in
            guard let microseconds = Double(try helper.readLine()) else {
                throw ToolError(.checkFailed, "cannot measure commits: no number from a helper process")
            }
            return microseconds
        }
        for helper in helpers { helper.finish() }
        let sorted = medians.sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}

/// This very tool in another process, spoken to line by line.
final class HelperProcess {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var received: [UInt8] = []

    init(arguments: [String]) throws {
        guard let executable = Bundle.main.executablePath else {
            throw ToolError(.usage, "cannot find the decree executable to start helpers with")
        }
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// The next line it says.
    func readLine() throws -> String {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeSubrange(...end) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else {
                process.waitUntilExit()
                throw ToolError(
                    .checkFailed,
                    "cannot measure the floor: a helper process ended with code \(process.terminationStatus)")
            }
            received.append(contentsOf: data)
        }
    }

    func writeLine(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    /// Ends its input, and waits until it is gone.
    func finish() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
