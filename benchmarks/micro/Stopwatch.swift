import Foundation

/// One measured thing: a line of the output.
struct Measurement: Encodable {
    let name: String
    let nanoseconds: Double
}

/// Takes times. A time is the lower quartile of many samples: whatever else keeps a machine busy can only
/// raise it, and the very lowest is a matter of luck.
struct Stopwatch {
    private(set) var measurements: [Measurement] = []

    private static let samples = 25
    private static let sampleNanoseconds = 4_000_000.0
    private static let longestNanoseconds: UInt64 = 3_000_000_000

    static var now: UInt64 { clock_gettime_nsec() }

    /// Measures what one run of `body` takes, or one part in `parts` of it; short ones are run many times a sample.
    mutating func measure(_ name: String, parts: Int = 1, _ body: () throws -> Void) rethrows {
        let first = try Self.time(1, body)
        // The first run may have made caches and memory warm: the second says how long one takes.
        let once = first > 100_000_000 ? first : try Self.time(1, body)
        let repetitions = max(1, Int(Self.sampleNanoseconds / max(1, Double(once))))
        var samples: [Double] = []
        let end = Self.now + Self.longestNanoseconds
        while samples.count < Self.samples, samples.count < 3 || Self.now < end {
            samples.append(Double(try Self.time(repetitions, body)) / Double(repetitions * parts))
        }
        record(name, samples: samples)
    }

    /// Notes what was measured elsewhere, sample by sample, in nanoseconds.
    mutating func record(_ name: String, samples: [Double]) {
        let quartile = samples.sorted()[samples.count / 4]
        // Measured twice, the lower counts.
        if let place = measurements.firstIndex(where: { $0.name == name }) {
            guard quartile < measurements[place].nanoseconds else { return }
            measurements[place] = Measurement(name: name, nanoseconds: quartile)
        } else {
            measurements.append(Measurement(name: name, nanoseconds: quartile))
        }
    }

    private static func time(_ repetitions: Int, _ body: () throws -> Void) rethrows -> UInt64 {
        let begin = now
        for _ in 0..<repetitions { try body() }
        return now - begin
    }

    private static func clock_gettime_nsec() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Where results go, so that the compiler cannot leave out what makes them.
final class Sink {
    private(set) var sum: UInt64 = 0

    @inline(never) func take(_ value: UInt64) { sum &+= value }
    @inline(never) func take(_ value: Int) { sum &+= UInt64(truncatingIfNeeded: value) }
}

/// A benchmark did not do what it is to measure.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
