/// Virtual time is counted in nanoseconds from the start of a simulation.
enum VirtualTime {
    static let microsecond: UInt64 = 1_000
    static let millisecond: UInt64 = 1_000_000
    static let second: UInt64 = 1_000_000_000

    /// `12.345678 s`.
    static func text(_ nanoseconds: UInt64) -> String {
        let micros = nanoseconds / microsecond
        let fraction = String(micros % 1_000_000)
        return "\(micros / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
    }
}
