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
}

/// How long answers take that bring slots and snapshots: over a slow link, or from a busy disk, much longer than others. The
/// next peer is not asked for the same meanwhile.
struct AnswerTime: Sendable {
    /// How long is waited at least.
    private let leastTicks: UInt64
    private var meanTicks: UInt64 = 0
    /// When each peer was asked first that has not answered since.
    private var askedAtTick: [NodeID: UInt64] = [:]
    /// Questions in a row that were not answered in time.
    private var silences = 0

    /// Above it a peer counts as silent, whatever the answers before took.
    private static let longestTicks: UInt64 = 1_000
    /// An answer that takes longer than so many times what the others took counts as that long: the peer was down or
    /// stood still meanwhile, and one outage is not to make every later silence cost as much. A link that has become that
    /// slow is believed with the next answer.
    private static let outlierFactor: UInt64 = 8

    init(leastTicks: Int) { self.leastTicks = UInt64(leastTicks) }

    mutating func asked(_ peer: NodeID, atTick tick: UInt64) {
        if askedAtTick[peer] == nil { askedAtTick[peer] = tick }
    }

    /// A peer has answered: the first of the questions that it was asked, for it answers each in its turn.
    mutating func answered(by peer: NodeID, atTick tick: UInt64) {
        guard let asked = askedAtTick.removeValue(forKey: peer) else { return }
        let taken = min(tick - asked, Self.outlierFactor * max(leastTicks, meanTicks))
        meanTicks = (3 * meanTicks + taken + 3) / 4
        silences = 0
    }

    /// None has come in time.
    mutating func noteSilence() { silences += 1 }

    /// How long to wait for the next: three times as long as they take, and longer when all of so many peers have been asked
    /// in vain.
    func patience(peers: Int) -> UInt64 {
        let rounds = silences / max(1, peers)
        return min(max(leastTicks, 3 * meanTicks) << UInt64(min(rounds, 2)), Self.longestTicks)
    }
}
