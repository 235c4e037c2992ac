import Paxos

/// The faults of a run, one after the other: the same seed, the same faults. What becomes of them depends
/// on the moment: which node leads is for the cluster to say.
struct FaultPlan {
    enum Kind: Sendable {
        /// The leader is killed; a majority stays.
        case leader
        /// Another one is killed; a majority stays.
        case follower
        /// So many are killed at once that no majority stays, until they come back.
        case outage(withLeader: Bool)
        /// All of them are.
        case blackout
    }

    struct Fault: Sendable {
        let kind: Kind
        /// How long to wait first, once the cluster works.
        let delay: Duration
        /// How long followers that are killed together with others stand still before (SIGSTOP). What was
        /// sent to them meanwhile dies with them; without, the kernel would have delivered it.
        let freeze: Duration
        /// Says which node, where several would do.
        let choice: UInt64
        /// How long those that are killed stay away, one after the other.
        let pauses: [Duration]
    }

    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Draws the same number of times for every fault, so that none depends on what became of another.
    mutating func next() -> Fault {
        let dice = Int.random(in: 0..<100, using: &generator)
        let withLeader = Bool.random(using: &generator)
        let delay = Duration.milliseconds(Int.random(in: 20...500, using: &generator))
        let freeze = Duration.milliseconds(Int.random(in: 20...250, using: &generator))
        let choice = generator.next()
        let pauses = (0..<Configuration.maximumVoters).map { _ in
            // Up to 2 s, short ones more often: they meet a cluster that is still busy with the kill.
            let fraction = Double.random(in: 0...1, using: &generator)
            return Duration.milliseconds(Int(2_000 * fraction * fraction))
        }
        let kind: Kind =
            switch dice {
            case ..<48: .leader
            case ..<88: .follower
            case ..<95: .outage(withLeader: withLeader)
            default: .blackout
            }
        return Fault(kind: kind, delay: delay, freeze: freeze, choice: choice, pauses: pauses)
    }
}
