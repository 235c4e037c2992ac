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

    func isOverdue(atTick tick: UInt64, after ticks: Int) -> Bool { tick - askedAtTick >= UInt64(ticks) }
}
