import DecreeSimulator
import Paxos

/// A history of a register, drawn by hand: who asked what, from when until when, and was told what.
struct Timeline {
    private(set) var operations: [DecreeSimulator.Operation] = []

    /// A write that was acknowledged.
    mutating func write(_ client: Int, _ value: String, _ time: ClosedRange<UInt64>) {
        add(client, .command(Array("=\(value)".utf8)), time, .ok(reply: [], Receipt()))
    }

    /// Appends, and was told what stood there then.
    mutating func append(_ client: Int, _ value: String, gives reply: String, _ time: ClosedRange<UInt64>) {
        add(client, .command(Array("+\(value)".utf8)), time, .ok(reply: Array(reply.utf8), Receipt()))
    }

    /// A write of which nobody knows whether it was done.
    mutating func unknownWrite(_ client: Int, _ value: String, _ time: ClosedRange<UInt64>) {
        add(
            client, .command(Array("=\(value)".utf8)), time,
            .unknown(.deadlinePassed(.noAnswer), Receipt()))
    }

    /// A write whose client never heard of it again.
    mutating func unansweredWrite(_ client: Int, _ value: String, from time: UInt64) {
        operations.append(
            Operation(
                client: client, number: operations.count, request: .command(Array("=\(value)".utf8)),
                invoked: time))
    }

    /// A write that was not done.
    mutating func failedWrite(_ client: Int, _ value: String, _ time: ClosedRange<UInt64>) {
        add(client, .command(Array("=\(value)".utf8)), time, .failed(.deadlinePassed(.noLeader)))
    }

    mutating func read(
        _ client: Int, sees value: String, _ time: ClosedRange<UInt64>,
        _ consistency: ReadConsistency = .linearizable
    ) {
        add(client, .query([], consistency), time, .ok(reply: Array(value.utf8), Receipt()))
    }

    private mutating func add(
        _ client: Int, _ request: DecreeSimulator.Operation.Request, _ time: ClosedRange<UInt64>,
        _ outcome: Outcome
    ) {
        operations.append(
            Operation(
                client: client, number: operations.count, request: request, invoked: time.lowerBound,
                completed: time.upperBound, outcome: outcome))
    }

    /// What the search finds.
    var verdict: Linearizability.Verdict { Linearizability(operations, model: RegisterModel()).verdict }

    var isLinearizable: Bool { verdict == .linearizable }

    var isViolation: Bool {
        if case .violation = verdict { true } else { false }
    }
}
