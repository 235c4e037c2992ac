import Foundation

/// Times of the parts that a command passes through, a line of JSON each, with those of the calibration that the
/// thresholds are ratios to. `benchmarks/bench` runs it and judges.
///
///     Microbenchmarks DIRECTORY      DIRECTORY is on the disk that is meant
@main enum Microbenchmarks {
    static func main() {
        guard CommandLine.arguments.count == 2 else {
            FileHandle.standardError.write(Data("usage: Microbenchmarks DIRECTORY\n".utf8))
            exit(2)
        }
        do {
            try measure(in: CommandLine.arguments[1])
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    private static func measure(in parent: String) throws {
        let directory = parent + "/microbenchmarks-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var stopwatch = Stopwatch()
        let sink = Sink()
        calibrate(&stopwatch, sink)
        try CoreBenchmarks.run(&stopwatch)
        try CodecBenchmarks.run(&stopwatch, sink)
        try StoreBenchmarks.run(&stopwatch, in: directory)
        try BankBenchmarks.run(&stopwatch, sink)
        // Once more behind them: the lower counts, for a machine that was busy at one of the two.
        calibrate(&stopwatch, sink)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for measurement in stopwatch.measurements {
            FileHandle.standardOutput.write(try encoder.encode(measurement) + Data("\n".utf8))
        }
        // Nobody wants to know the sum; but it was needed.
        if sink.sum == 0 { throw BenchmarkFailure("nothing was measured") }
    }

    private static func calibrate(_ stopwatch: inout Stopwatch, _ sink: Sink) {
        Calibration.mixing(&stopwatch, sink)
        Calibration.lookingUp(&stopwatch, sink)
    }
}
