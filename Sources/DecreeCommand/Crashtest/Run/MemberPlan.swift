import Paxos

/// How the members change in a run: the same seed, the same changes, spread over the faults.
struct MemberPlan: Hashable, Sendable {
    /// A change of the members.
    enum Change: Hashable, Sendable {
        /// A fresh node comes in.
        case join
        /// A node loses its disk, and a fresh one takes its place.
        case replacement
    }

    /// In this order.
    let changes: [Change]
    let seed: UInt64

    /// With more voters than that, one leaves before another comes.
    static let mostVoters = 5

    init(seed: UInt64, joins: Int, replacements: Int) {
        self.seed = seed
        var generator = SeededGenerator(seed: seed &* 7_919 &+ 17)
        changes =
            (Array(repeating: .join, count: joins) + Array(repeating: .replacement, count: replacements))
            .shuffled(using: &generator)
    }

    /// How many are to have begun when that part of the faults is over: none at the start, the last before the end.
    func due(after fraction: Double) -> Int {
        min(changes.count, max(0, Int(Double(changes.count + 1) * fraction)))
    }
}
