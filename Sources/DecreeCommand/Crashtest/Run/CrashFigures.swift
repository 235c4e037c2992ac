/// What happened while it ran.
struct CrashFigures: Sendable {
    /// What writes had to resume after.
    enum Cause: Hashable, Sendable {
        case kill, pause, boundary
    }

    /// A fault after which writes had to resume.
    struct Gap: Sendable {
        let cause: Cause
        let wasLeader: Bool
        /// Whether a majority stayed, so that nobody had to come back first.
        let leftMajority: Bool
        let nanoseconds: UInt64
    }

    /// How the members changed.
    struct Members: Sendable {
        /// Nodes that came, and vote.
        var joins = 0
        /// Nodes that came in the place of one whose disk was lost.
        var replacements = 0
        /// Nodes that left, so that another might come.
        var removals = 0
        /// Nodes that were killed on their way in.
        var joinerKills = 0
        /// Nodes with an empty disk that were told they cannot come back.
        var refusals = 0
        /// Starts of nodes that joined, and found nobody to admit them.
        var unanswered = 0
        /// How many voted, from change to change.
        var voters: [Int] = []
    }

    var members = Members()
    /// What was seen of the nodes' snapshots.
    var tail = LogTail.Figures()
    var leaderKills = 0
    var followerKills = 0
    var leaderPauses = 0
    var followerPauses = 0
    /// Nodes that were killed while they were paused; in none of the figures above but the pauses.
    var killedWhilePaused = 0
    /// Kills by which a node was brought to begin a walk along the boundaries.
    var walks = 0
    /// Nodes that died at a boundary, and where.
    var boundaryKills: [Boundary.Visit] = []
    /// Boundaries that a node did not reach while it was waited for.
    var unreached: [Boundary] = []
    /// Faults that struck two nodes or more at the same moment.
    var multiNodeFaults = 0
    /// Faults that left no majority.
    var outages = 0
    var restarts = 0
    var endedFromOutside = 0
    /// Operations that were asked of a paused leader alone, and those of them that it answered afterwards.
    var queued = (asked: 0, answered: 0)
    var gaps: [Gap] = []
    var fsyncs: UInt64 = 0
    /// From the first fault to the end of the load.
    var faultSeconds = 0.0

    var kills: Int { leaderKills + followerKills }
    var pauses: Int { leaderPauses + followerPauses }

    /// What is left of the budget. As many boundaries as were asked for may be missed; every further one
    /// counts, for else a run might not end.
    func left(of budget: FaultBudget) -> FaultBudget {
        FaultBudget(
            kills: budget.kills - kills, pauses: budget.pauses - pauses,
            boundaryKills: budget.boundaryKills - boundaryKills.count
                - max(0, unreached.count - budget.boundaryKills))
    }

    /// Milliseconds until writes resumed after the leader was struck, ascending.
    func resumeMilliseconds(after cause: Cause, leftMajority: Bool) -> [Double] {
        gaps.filter { $0.cause == cause && $0.wasLeader && $0.leftMajority == leftMajority }
            .map { Double($0.nanoseconds) / 1_000_000 }.sorted()
    }
}

extension [Double] {
    /// The middle one of sorted numbers; the mean of two.
    var median: Double? {
        guard !isEmpty else { return nil }
        return (self[(count - 1) / 2] + self[count / 2]) / 2
    }
}
