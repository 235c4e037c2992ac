import Foundation

/// What the machine itself takes for what a command cannot do without, measured in the same run and on
/// the same file system as the data: no replicated log answers sooner.
///
/// It is measured before the rows and again behind them, for machines drift. The lower counts: whatever
/// else keeps a machine busy can only raise it.
struct Floor: Codable, Hashable, Sendable {
    /// Processes that write at once.
    var processes: Int
    /// A write of 4 KiB into a preallocated file and fdatasync, p50.
    var fdatasyncMicroseconds: Double
    /// A commit of one row by the production store, alone, p50.
    var commitMicroseconds: Double
    /// The same by all processes at once: the median of their p50s.
    var concurrentCommitMicroseconds: Double
    /// Commits a second of each of them, with the checkpoints between.
    var concurrentCommitsPerSecond: Double
    /// 64 bytes to another process over loopback TCP and back, p50.
    var loopbackMicroseconds: Double
    /// For one command: a commit of all processes at once, and two round trips (the client's, the peer's).
    var commandMicroseconds: Double
    /// `commandMicroseconds` behind the rows over that before them: far from 1, and the machine was busy
    /// with something else.
    var drift: Double

    private static let seconds = 0.75

    init(
        processes: Int, fdatasyncMicroseconds: Double, commitMicroseconds: Double,
        concurrentCommitMicroseconds: Double, concurrentCommitsPerSecond: Double, loopbackMicroseconds: Double
    ) {
        self.processes = processes
        self.fdatasyncMicroseconds = fdatasyncMicroseconds
        self.commitMicroseconds = commitMicroseconds
        self.concurrentCommitMicroseconds = concurrentCommitMicroseconds
        self.concurrentCommitsPerSecond = concurrentCommitsPerSecond
        self.loopbackMicroseconds = loopbackMicroseconds
        commandMicroseconds = concurrentCommitMicroseconds + 2 * loopbackMicroseconds
        drift = 1
    }

    /// What was measured before, taken together with what was measured later.
    func lowest(with later: Floor) -> Floor {
        func lower(_ value: KeyPath<Floor, Double>) -> Double {
            min(self[keyPath: value], later[keyPath: value])
        }
        var floor = Floor(
            processes: processes, fdatasyncMicroseconds: lower(\.fdatasyncMicroseconds),
            commitMicroseconds: lower(\.commitMicroseconds),
            concurrentCommitMicroseconds: lower(\.concurrentCommitMicroseconds),
            concurrentCommitsPerSecond: max(concurrentCommitsPerSecond, later.concurrentCommitsPerSecond),
            loopbackMicroseconds: lower(\.loopbackMicroseconds))
        floor.drift = later.commandMicroseconds / max(1, commandMicroseconds)
        return floor
    }

    /// Measures in `directory`, which is left as it was. Takes about two and a half seconds.
    ///
    /// - Parameter valueBytes: of the command in the row.
    static func measure(
        in directory: String, processes: Int, valueBytes: Int, progress: inout BenchProgress
    ) throws -> Floor {
        let scratch = "\(directory)/floor-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        progress.tell("floor: fdatasync of 4 KiB")
        let fdatasync = try FileFloor.measure(in: scratch, seconds: seconds)
        progress.tell("floor: loopback round trips")
        let loopback = try LoopbackFloor.measure(seconds: seconds / 2)
        progress.tell("floor: one-row commits, one process")
        let alone = try commits(1, scratch, valueBytes)
        progress.tell("floor: one-row commits, \(processes) processes at once")
        let atOnce = processes == 1 ? alone : try commits(processes, scratch, valueBytes)
        progress.clear()
        return Floor(
            processes: processes, fdatasyncMicroseconds: fdatasync, commitMicroseconds: alone.microseconds,
            concurrentCommitMicroseconds: atOnce.microseconds,
            concurrentCommitsPerSecond: atOnce.perSecond, loopbackMicroseconds: loopback)
    }

    /// Lets processes commit at once; the medians of their p50s, in microseconds, and of their commits a second.
    private static func commits(
        _ count: Int, _ directory: String, _ valueBytes: Int
    ) throws -> (microseconds: Double, perSecond: Double) {
        let helpers = try (1...count).map { number in
            try HelperProcess(arguments: [
                "bench-floor", "commit", "\(directory)/store-\(count)-\(number)", "--value-bytes",
                "\(valueBytes)", "--seconds", "\(seconds)",
            ])
        }
        // Each says when its store is open; then all are told to begin.
        for helper in helpers { _ = try helper.readLine() }
        for helper in helpers { try helper.writeLine("go") }
        let measured = try helpers.map { helper in
            let numbers = try helper.readLine().split(separator: " ").compactMap { Double($0) }
            guard numbers.count == 2 else {
                throw ToolError(.checkFailed, "cannot measure commits: no numbers from a helper process")
            }
            return numbers
        }
        for helper in helpers { helper.finish() }
        func median(_ index: Int) -> Double {
            let sorted = measured.map { $0[index] }.sorted()
            return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
        }
        return (median(0), median(1))
    }
}
