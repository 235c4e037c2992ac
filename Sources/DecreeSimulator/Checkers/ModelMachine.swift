public import Paxos

/// A state machine written a second time, as simply as can be: the sequential specification that a run is
/// held against. It shares nothing with the one that the nodes run but the form of commands and replies, so
/// that a mistake in either shows as a difference.
///
/// Any `StateMachine` will do for a model; one that is a `ModelMachine` is also asked about itself.
public protocol ModelMachine: StateMachine {
    /// What must hold of every state, and does not: a line for each. The bank looks for money that came or
    /// went. It may cost as much as reading the state.
    func flaws() -> [String]
}
