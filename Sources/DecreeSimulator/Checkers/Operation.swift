public import Paxos

/// One operation as its client lived it: what it asked, when, and what it was told.
///
/// What the checkers ask of a recorded history:
/// - all times are of one monotonic clock, `invoked` taken before the request was handed over, `completed`
///   when its outcome was known;
/// - a client asks one thing after the other; whoever has several in flight is several clients;
/// - everything that was asked is in it, whatever came of it.
public struct Operation: Sendable, Hashable {
    /// What is asked of the state machine.
    public enum Request: Sendable, Hashable {
        /// Goes through the log.
        case command([UInt8])
        /// The bytes of a `CommandBatch`, which goes through the log as one.
        case batch([UInt8])
        /// Is answered from the state, and worth so much.
        case query([UInt8], ReadConsistency)
    }

    /// Who asked.
    public let client: Int
    /// The client's count of its operations.
    public let number: Int
    /// What it asked.
    public let request: Request
    /// Monotonic nanoseconds.
    public let invoked: UInt64
    /// Monotonic nanoseconds; nil if its client never heard what came of it. Its outcome is *unknown* then.
    public let completed: UInt64?
    /// What the client was told.
    public let outcome: Outcome

    /// An operation with its outcome.
    public init(
        client: Int, number: Int, request: Request, invoked: UInt64, completed: UInt64, outcome: Outcome
    ) {
        self.client = client
        self.number = number
        self.request = request
        self.invoked = invoked
        self.completed = completed
        self.outcome = outcome
    }

    /// An operation that was never answered: the run, or its client, ended before.
    ///
    /// - Parameter receipt: session and sequence, if its client knew them.
    public init(
        client: Int, number: Int, request: Request, invoked: UInt64, unanswered receipt: Receipt = Receipt()
    ) {
        self.client = client
        self.number = number
        self.request = request
        self.invoked = invoked
        completed = nil
        outcome = .unknown(.closed, receipt)
    }

    /// What stands in the log for it: a command's bytes, or a batch's; nil if it is a query.
    public var command: [UInt8]? {
        switch request {
        case .command(let bytes), .batch(let bytes): bytes
        case .query: nil
        }
    }

    /// Whether it asks for many things at once.
    var isBatch: Bool {
        if case .batch = request { true } else { false }
    }

    /// Whether it is a read that need not see what was acknowledged before it. One that is answered as
    /// linearizable though less was asked for is held to that.
    public var isStaleRead: Bool {
        if case .query(_, .stale) = request { outcome.receipt?.consistency != .linearizable } else { false }
    }

    /// What the state machine answered; nil if it did not.
    public var reply: Reply? {
        switch outcome {
        case .ok(let bytes, _): .ok(bytes)
        case .rejected(let reason, _): .rejected(reason)
        case .failed, .unknown: nil
        }
    }

    /// Whether the client was told this. Reasons are compared as the text that clients get.
    func isAnswered(_ expected: Reply) -> Bool {
        guard let reply, reply.isRejected == expected.isRejected else { return false }
        return reply.bytes == (expected.isRejected ? Array(expected.text.utf8) : expected.bytes)
    }
}
