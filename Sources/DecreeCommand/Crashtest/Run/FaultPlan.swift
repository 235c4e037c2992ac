import Paxos

/// The faults of a run, one after the other: the same seed, the same faults. What becomes of them depends
/// on the moment: which node leads is for the cluster to say. The first kill is the leader's.
struct FaultPlan {
    /// What is done to the nodes that are struck.
    enum Deed: Hashable, Sendable {
        /// kill -9.
        case kill
        /// SIGSTOP, and SIGCONT after a while.
        case pause
        /// SIGSTOP, and kill -9 while they stand still.
        case pauseAndKill
        /// At the same moment every other one is killed, and the rest paused.
        case killAndPause
        /// kill -9, and then, time and again, a start under a tracer that kills them at a boundary.
        case boundary
    }

    /// Who is struck.
    enum Extent: Hashable, Sendable {
        /// The leader; a majority stays.
        case leader
        /// Another one; a majority stays.
        case follower
        /// Two or more at the same moment, as many as chance has it.
        case several(withLeader: Bool)
        /// So many at once that no majority stays, until they come back.
        case outage(withLeader: Bool)
        /// All of them.
        case blackout
    }

    struct Fault: Sendable {
        let deed: Deed
        let extent: Extent
        /// How long to wait first, once the cluster works.
        let delay: Duration
        /// How long followers that are killed together with others stand still before (SIGSTOP). What was
        /// sent to them meanwhile dies with them; without, the kernel would have delivered it.
        let freeze: Duration
        /// Says which node, and how many, where several answers would do.
        let choice: UInt64
        /// How long those that are paused stand still.
        let stillness: Duration
        /// How long those that are killed stay away, one after the other.
        let absences: [Duration]
    }

    /// A leader is paused for longer than three election timeouts, so that it wakes up in another's time.
    static let leaderStillness = Duration.milliseconds(1_600)...Duration.milliseconds(3_200)
    static let longestAbsence = Duration.seconds(2)

    private let whole: FaultBudget
    private var generator: SeededGenerator
    private var isFirst = true

    init(seed: UInt64, budget: FaultBudget) {
        whole = budget
        generator = SeededGenerator(seed: seed)
    }

    /// The next fault that the budget has room for; nil if it is used up. Draws the same number of times for
    /// every fault, so that none depends on what became of another.
    mutating func next(left: FaultBudget) -> Fault? {
        let purpose = Int.random(in: 0..<max(1, whole.sum), using: &generator)
        let manner = Int.random(in: 0..<100, using: &generator)
        let dice = Int.random(in: 0..<100, using: &generator)
        let withLeader = Bool.random(using: &generator)
        let delay = Duration.milliseconds(Int.random(in: 20...500, using: &generator))
        let freeze = Duration.milliseconds(Int.random(in: 20...250, using: &generator))
        let choice = generator.next()
        let fraction = Double.random(in: 0...1, using: &generator)
        let absences = (0..<Configuration.maximumVoters).map { _ in
            // Short ones more often: they meet a cluster that is still busy with the kill.
            let fraction = Double.random(in: 0...1, using: &generator)
            return Self.longestAbsence * (fraction * fraction)
        }
        defer { isFirst = false }
        guard let deed = deed(purpose: isFirst ? 0 : purpose, manner: manner, left: left) else { return nil }
        let extent = Self.extent(isFirst ? 0 : dice, of: deed, withLeader: withLeader)
        return Fault(
            deed: deed, extent: extent, delay: delay, freeze: freeze, choice: choice,
            stillness: Self.stillness(fraction, of: extent), absences: absences)
    }

    private func deed(purpose: Int, manner: Int, left: FaultBudget) -> Deed? {
        // What is wanted more comes more often, and what is used up no more.
        var wanted: [Deed] = [.kill, .pause, .boundary]
        if purpose >= whole.kills { wanted.swapAt(0, purpose < whole.kills + whole.pauses ? 1 : 2) }
        guard let deed = wanted.first(where: { left.has($0) }) else { return nil }
        guard deed == .pause else { return deed }
        return switch manner {
        case ..<65: .pause
        case ..<85: .pauseAndKill
        default: left.has(.kill) ? .killAndPause : .pause
        }
    }

    private static func extent(_ dice: Int, of deed: Deed, withLeader: Bool) -> Extent {
        let bounds: [Int] =
            switch deed {
            case .kill: [46, 83, 89, 95]
            case .pause, .pauseAndKill: [45, 70, 82, 91]
            case .killAndPause: [0, 0, 60, 85]
            case .boundary: [20, 70, 85, 92]
            }
        return switch bounds.firstIndex(where: { dice < $0 }) {
        case 0: .leader
        case 1: .follower
        case 2: .several(withLeader: withLeader)
        case 3: .outage(withLeader: withLeader)
        default: .blackout
        }
    }

    private static func stillness(_ fraction: Double, of extent: Extent) -> Duration {
        switch extent {
        case .follower, .several(withLeader: false), .outage(withLeader: false):
            .milliseconds(100) + .seconds(3) * (fraction * fraction)
        case .leader, .several, .outage, .blackout:
            leaderStillness.lowerBound + (leaderStillness.upperBound - leaderStillness.lowerBound) * fraction
        }
    }
}

/// How many nodes are to be struck, of each kind.
struct FaultBudget: Hashable, Sendable {
    /// kill -9.
    var kills = 0
    /// SIGSTOP.
    var pauses = 0
    /// kill -9 at a boundary.
    var boundaryKills = 0

    var sum: Int { kills + pauses + boundaryKills }
    var isUsedUp: Bool { kills <= 0 && pauses <= 0 && boundaryKills <= 0 }

    func has(_ deed: FaultPlan.Deed) -> Bool { room(for: deed) > 0 }

    /// How many nodes may still be struck so.
    func room(for deed: FaultPlan.Deed) -> Int {
        switch deed {
        case .kill: kills
        case .pause, .pauseAndKill: pauses
        case .killAndPause: min(2 * kills, 2 * pauses)
        case .boundary: boundaryKills
        }
    }
}
