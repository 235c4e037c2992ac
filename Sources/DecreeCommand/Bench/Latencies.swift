import Histogram

/// Latencies from 64 ns to 100 s, three digits.
struct Latencies: Sendable {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 64, highestTrackableValue: Self.longestNanoseconds,
        numberOfSignificantValueDigits: .three)

    private static let longestNanoseconds: UInt64 = 100_000_000_000

    mutating func record(nanoseconds: UInt64) {
        histogram.record(min(nanoseconds, Self.longestNanoseconds))
    }

    mutating func add(_ other: Latencies) { histogram.add(other.histogram) }

    mutating func reset() { histogram.reset() }

    /// How many were recorded.
    var count: UInt64 { histogram.totalCount }

    /// A percentile in microseconds; 0 if nothing was recorded.
    func microseconds(at percentile: Double) -> Double {
        count == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1_000
    }
}
