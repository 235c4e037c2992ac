/// Asking, before an election, whether it could be won: a node that was cut off must not raise the ballot
/// and depose a leader that works. (Ongaro's thesis, section 9.6, for Raft.)
struct Candidacy: Sendable {
    /// The ballot it would prepare.
    let ballot: Ballot
    var grants = JointQuorum()
}

/// When to lose patience with a silent leader, or with one's own election. The timeout is drawn anew each
/// time, and from a wider range after each failure, so that candidates who collide part.
struct ElectionTimer: Sendable {
    private var ticks = 0
    private var timeoutTicks = 0
    private var failures = 0
    private var isCampaigning = false
    private let limits: Limits

    init(limits: Limits) { self.limits = limits }

    /// A sign of life from the leader.
    mutating func restart(using random: inout SeededGenerator) {
        failures = 0
        isCampaigning = false
        draw(using: &random)
    }

    /// Pre-votes are asked for. If they do not come (the others may still have a little patience with the
    /// leader), it is soon asked again: that changes nothing, and needs no backing off.
    mutating func askAgainSoon(using random: inout SeededGenerator) {
        isCampaigning = true
        ticks = 0
        timeoutTicks =
            limits.electionTicks / 5 + Int.random(in: 0...limits.electionTicks / 5, using: &random)
    }

    /// A ballot is prepared: a failure, until a leader is heard of.
    mutating func backOff(using random: inout SeededGenerator) {
        failures = min(failures + 1, 3)
        draw(using: &random)
    }

    private mutating func draw(using random: inout SeededGenerator) {
        ticks = 0
        timeoutTicks =
            limits.electionTicks
            + Int.random(in: 0...limits.electionSpreadTicks * (1 + failures), using: &random)
    }

    /// One tick. Returns whether the timeout has run out.
    mutating func tick() -> Bool {
        ticks += 1
        return ticks >= timeoutTicks
    }

    /// Whether nothing was heard of a leader for the shortest timeout.
    var isLeaderSilent: Bool { isCampaigning || failures > 0 || ticks >= limits.electionTicks }
}
