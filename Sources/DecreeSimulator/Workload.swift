public import Paxos

/// What clients ask of a cluster in a simulation, and the state machine that answers: what somebody writes
/// who wants their own machine tried.
public protocol Workload: Sendable {
    /// The nodes' state before the first command.
    var machine: any StateMachine { get }

    /// The specification that answers are held against. By default the machine itself, executed once, in the
    /// log's order: that finds what replication does wrong. One that was written a second time finds what the
    /// machine does wrong, too.
    var model: any StateMachine { get }

    /// How operations are told to a person.
    var wording: Wording { get }

    /// What the workload itself finds wrong when all is over.
    ///
    /// - Parameters:
    ///   - history: everything that clients asked and were told.
    ///   - machine: `machine` after the whole log.
    ///   - model: `model` after the whole log.
    func violations(
        in history: [Operation], machine: (any StateMachine)?, model: any StateMachine
    ) -> [Violation]

    /// The next thing that a client asks.
    ///
    /// No two commands of a run may have equal bytes: put `client` and `number` into each, in some way.
    ///
    /// - Parameters:
    ///   - client: who asks, from 0; each asks one thing after the other.
    ///   - number: which of its operations this is, from 1.
    ///   - clients: above every client's number.
    ///   - last: what this client was answered last; nil if it was not.
    ///   - random: whatever is drawn comes from here.
    func next(
        client: Int, number: Int, clients: Int, after last: Reply?, _ random: inout SeededGenerator
    ) -> Operation.Request
}

extension Workload {
    /// What a client asks.
    public typealias Request = Operation.Request

    /// The machine.
    public var model: any StateMachine { machine }
    /// Bytes as they are.
    public var wording: Wording { .plain }
    /// Nothing more than the model finds.
    public func violations(
        in history: [Operation], machine: (any StateMachine)?, model: any StateMachine
    ) -> [Violation] { [] }
}
