import Paxos

/// What a machine saw of another's store above some transaction: whether it can be relied on to know, even after a
/// restart, that the store was that far. A world without anybody who knows must not put a disk back, for nobody could
/// fence it.
struct Sighting {
    /// What must be exceeded.
    let above: PersistSequence
    private var seenAt: UInt64?
    private(set) var isKept = false

    /// How long after it was seen a commit must have written it down.
    static let settleNanoseconds = VirtualTime.second

    init(above: PersistSequence) { self.above = above }

    mutating func saw(_ sequence: PersistSequence, at time: UInt64) {
        if sequence > above, seenAt == nil { seenAt = time }
    }

    /// A transaction is durable.
    mutating func committed(at time: UInt64) {
        if let seenAt, time >= seenAt + Self.settleNanoseconds { isKept = true }
    }

    /// The process is gone, and what was in its memory.
    mutating func forgetUnlessKept() { seenAt = nil }
}
