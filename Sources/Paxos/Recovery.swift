/// What a store holds of a group beyond its chosen slots, as found when it was opened. The chosen slots
/// themselves are replayed one by one before it (`Group.replay`).
public struct RecoveredVotes: Sendable, Equatable {
    /// The promise; zero if none was made.
    public let promised: Ballot
    /// Votes above the last chosen slot, ascending.
    public let accepted: [AcceptedProposal]
    /// Recovered votes.
    public init(promised: Ballot, accepted: [AcceptedProposal]) {
        self.promised = promised
        self.accepted = accepted
    }
}
