/// Why connections were turned away, and how often since this was last told: the first is told at once, the rest once a
/// minute with their number, for a client that is turned away comes again and again.
struct Refusals {
    private var counts: [String: Int] = [:]

    /// Reasons that are kept apart; there may be more where names are in them.
    static let limit = 64
    private static let others = "various reasons"

    /// Counts one. Returns whether it is to be told.
    mutating func add(_ reason: String) -> Bool {
        let key = counts[reason] != nil || counts.count < Self.limit ? reason : Self.others
        counts[key, default: -1] += 1
        return counts[key] == 0
    }

    /// Those beyond the first ones, by reason; the counts start at zero again.
    mutating func take() -> [(reason: String, count: Int)] {
        defer { counts = [:] }
        return counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
