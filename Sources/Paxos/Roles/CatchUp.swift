/// Fetching chosen slots that this node missed, a stretch at a time, from one peer and then another.
struct CatchUp: Sendable {
    /// The last slot known to be chosen somewhere.
    private(set) var through: Slot
    /// Who is asked.
    private(set) var from: NodeID
    private var askedAtTick: UInt64

    init(through: Slot, from: NodeID, tick: UInt64) {
        self.through = through
        self.from = from
        askedAtTick = tick
    }

    mutating func extend(through slot: Slot) { through = max(through, slot) }

    mutating func asked(_ node: NodeID, atTick tick: UInt64) {
        from = node
        askedAtTick = tick
    }

    func isOverdue(atTick tick: UInt64, after ticks: UInt64) -> Bool { tick - askedAtTick >= ticks }

    /// Ticks since the last question.
    func waited(atTick tick: UInt64) -> UInt64 { tick - askedAtTick }
}

/// How long answers take that bring slots and snapshots: over a slow link, or from a busy disk, much longer than others. The
/// next peer is not asked for the same meanwhile.
struct AnswerTime: Sendable {
    private var meanTicks: UInt64 = 0
    /// Questions in a row that were not answered in time.
    private var silences = 0

    /// Above it a peer counts as silent, whatever the answers before took.
    private static let longestTicks: UInt64 = 1_000

    /// An answer has come after so many ticks.
    mutating func answered(after ticks: UInt64) {
        meanTicks = (3 * meanTicks + ticks + 3) / 4
        silences = 0
    }

    /// None has come in time.
    mutating func noteSilence() { silences += 1 }

    /// How long to wait for the next: three times as long as they take, and longer if they do not come.
    func patience(atLeast ticks: Int) -> UInt64 {
        min(max(UInt64(ticks), 3 * meanTicks) << UInt64(min(silences, 2)), Self.longestTicks)
    }
}
