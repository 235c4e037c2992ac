/// The memory of the protocol for one decision: a promise, and the vote cast last. It knows no log, no
/// group and no disk. (Lamport, "Paxos Made Simple", section 2.2; van Renesse and Altinbuken, "Paxos Made
/// Moderately Complex", section 2.2.)
public struct Acceptor<Value: Equatable & Sendable>: Equatable, Sendable {
    /// A vote: the value, and the ballot it was cast in.
    public struct Vote: Equatable, Sendable {
        /// The ballot.
        public let ballot: Ballot
        /// The value.
        public let value: Value
        /// A vote.
        public init(ballot: Ballot, value: Value) {
            self.ballot = ballot
            self.value = value
        }
    }

    /// The answer to a prepare.
    public enum PrepareAnswer: Equatable, Sendable {
        /// Promised; this is the vote cast last.
        case promise(Vote?)
        /// A higher ballot is promised.
        case rejection(promised: Ballot)
    }

    /// The answer to an accept.
    public enum AcceptAnswer: Equatable, Sendable {
        /// The vote is cast and must become durable.
        case accepted
        /// The very vote was cast before.
        case repeated
        /// A higher ballot is promised.
        case rejection(promised: Ballot)
    }

    /// The highest ballot promised or voted in.
    public private(set) var promised: Ballot
    /// The vote cast last.
    public private(set) var vote: Vote?

    /// An acceptor as it was left.
    public init(promised: Ballot = .zero, vote: Vote? = nil) {
        self.promised = promised
        self.vote = vote
    }

    /// Phase 1b: promises `ballot` unless a higher one is promised. Repeating a promise is harmless.
    public mutating func prepare(_ ballot: Ballot) -> PrepareAnswer {
        guard ballot >= promised else { return .rejection(promised: promised) }
        promised = ballot
        return .promise(vote)
    }

    /// Phase 2b: votes for `value` unless a higher ballot is promised. Voting promises as well, whether or
    /// not the prepare was ever seen. Traps if the ballot comes with a second value.
    public mutating func accept(_ ballot: Ballot, _ value: Value) -> AcceptAnswer {
        guard ballot >= promised else { return .rejection(promised: promised) }
        promised = ballot
        if let vote, vote.ballot == ballot {
            Invariant.oneValuePerBallotSlot(vote.value, value, ballot: ballot)
            return .repeated
        }
        vote = Vote(ballot: ballot, value: value)
        return .accepted
    }
}
