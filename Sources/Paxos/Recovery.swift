/// What a store holds of a group beyond its chosen slots, as found when it was opened. The chosen slots
/// themselves are replayed one by one before it (`Group.replay`).
public struct RecoveredVotes: Sendable, Equatable {
    /// The promise; zero if none was made.
    public let promised: Ballot
    /// Votes above the last chosen slot, ascending.
    public let accepted: [AcceptedProposal]
    /// Slots through this one are deleted, or may be.
    public let floor: Slot
    /// The snapshot that was restored before the first slot was replayed, if there is one.
    public let snapshot: SnapshotHeader?
    /// A snapshot of a peer's of which some chunks have come, from the first on without a gap, and how many.
    public let partial: PartialSnapshot?
    /// The last slot of which it is not known any more what this node voted for, if there is one. Votes above the
    /// last chosen slot and through this one are incomplete: until all of it has been learnt from others, the node
    /// must not vote (invariant CorruptIsNotAbsent).
    public let damagedThrough: Slot?
    /// In words what is damaged.
    public let damage: String?

    /// Recovered votes.
    public init(
        promised: Ballot, accepted: [AcceptedProposal], floor: Slot = .zero,
        snapshot: SnapshotHeader? = nil, partial: PartialSnapshot? = nil, damagedThrough: Slot? = nil,
        damage: String? = nil
    ) {
        self.promised = promised
        self.accepted = accepted
        self.floor = floor
        self.snapshot = snapshot
        self.partial = partial
        self.damagedThrough = damagedThrough
        self.damage = damage
    }
}

/// The beginning of a snapshot.
public struct PartialSnapshot: Sendable, Hashable {
    /// The snapshot.
    public let header: SnapshotHeader
    /// Chunks that are there, from the first on without a gap.
    public var chunks: Int
    /// A beginning.
    public init(header: SnapshotHeader, chunks: Int) {
        self.header = header
        self.chunks = chunks
    }
}
