/// What an operator does for once.
enum OperatorTask: Sendable, Hashable {
    /// A machine that stands ready joins, to vote or to learn alone.
    case join(isVoter: Bool)
    /// One joins in the place of a healthy voter.
    case replace
    /// Somebody who learns alone is to vote.
    case promote
    /// Somebody is taken out.
    case remove
    /// Some node takes a snapshot.
    case snapshot
    /// Another is to lead, this one or whoever is furthest.
    case handOver(isNamed: Bool)
}
