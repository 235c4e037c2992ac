/// What became of a command or a query, as its client knows it.
///
/// A retry within the deadline is the client's business; an outcome is final. A command that is *unknown*
/// may have been executed, may be executed later, or never: read the state before asking anew, for a new
/// command is another one.
public enum Outcome: Sendable, Hashable {
    /// Done, once.
    case ok(reply: [UInt8], Receipt)
    /// The state machine refused: a result like any other, the same on every node.
    case rejected(reason: String, Receipt)
    /// Definitely not done: no attempt was sent, or each was definitely refused.
    case failed(FailureReason)
    /// An attempt may have been sent, and nothing tells what became of it.
    case unknown(UnknownReason, Receipt)

    /// Where the outcome stands; nil where nothing was done.
    public var receipt: Receipt? {
        switch self {
        case .ok(_, let receipt), .rejected(_, let receipt), .unknown(_, let receipt): receipt
        case .failed: nil
        }
    }

    /// Whether it is an answer of the state machine.
    public var isAnswered: Bool {
        switch self {
        case .ok, .rejected: true
        case .failed, .unknown: false
        }
    }
}

/// Where a command or a query was done: what to say when asking what became of it.
public struct Receipt: Sendable, Hashable {
    /// The log that the session, the position and the slots are of. Another log refuses them, though it may have the same
    /// numbers (a restored cluster has).
    public var log: LogID?
    /// The session of a command.
    public var session: SessionID?
    /// The command's number in its session.
    public var sequence: UInt64?
    /// Where the command stands in the log.
    public var position: LogPosition?
    /// The last slot executed before a query was answered.
    public var executedThrough: Slot?
    /// What a query's answer is worth.
    public var consistency: ReadConsistency?

    /// A receipt.
    public init(
        session: SessionID? = nil, sequence: UInt64? = nil, position: LogPosition? = nil,
        executedThrough: Slot? = nil, consistency: ReadConsistency? = nil, log: LogID? = nil
    ) {
        self.log = log
        self.session = session
        self.sequence = sequence
        self.position = position
        self.executedThrough = executedThrough
        self.consistency = consistency
    }

    /// The command's position with the name of its log; nil without either.
    public var bookmark: LogBookmark? {
        guard let log, let position else { return nil }
        return LogBookmark(log: log, position: position)
    }
}

/// Why something was definitely not done.
public enum FailureReason: Sendable, Hashable, CustomStringConvertible {
    /// The deadline passed, with this in the way.
    case deadlinePassed(Obstacle)
    /// Too much waits in this session already.
    case queueFull(limit: Int)
    /// The payload is over the limit.
    case tooLarge(bytes: Int, limitBytes: Int)
    /// The node refused for good.
    case refused(RequestRefusal)
    /// The client was closed.
    case closed

    /// What was wrong and what to do.
    public var description: String {
        switch self {
        case .deadlinePassed(let obstacle): "not done before its deadline: \(obstacle.description)"
        case .queueFull(let limit):
            "not sent: \(limit) requests wait already; wait for some of their outcomes"
        case .tooLarge(let bytes, let limit):
            "not sent: \(bytes) bytes are over the limit of \(limit); divide it"
        case .refused(let refusal): "refused: \(refusal.description)"
        case .closed: "not sent: the client was closed"
        }
    }
}

/// Why nobody knows.
public enum UnknownReason: Sendable, Hashable, CustomStringConvertible {
    /// The deadline passed, with this in the way.
    case deadlinePassed(Obstacle)
    /// The session was evicted, and with it the memory of what it had done.
    case sessionExpired
    /// The cluster it was sent to is gone, and another of its name has come.
    case clusterReplaced
    /// The last attempt was refused for good, but not the one before.
    case refused(RequestRefusal)
    /// The cluster holds that its reply was acknowledged.
    case alreadyAcknowledged
    /// The client was closed.
    case closed

    /// What happened.
    public var description: String {
        let what =
            switch self {
            case .deadlinePassed(let obstacle): "no answer before the deadline: \(obstacle.description)"
            case .sessionExpired: "the session expired after an attempt without an answer"
            case .clusterReplaced:
                "another cluster of that name stands where the one was that it was sent to (restored, or recovered)"
            case .refused(let refusal): "refused after an attempt without an answer: \(refusal.description)"
            case .alreadyAcknowledged: "the cluster holds that its reply was acknowledged"
            case .closed: "the client was closed before the answer came"
            }
        return what + "; it may or may not have been done: read the state before asking anew"
    }
}

/// What stood last between a request and its answer.
public enum Obstacle: Sendable, Hashable, CustomStringConvertible {
    /// The deadline had passed when the request came.
    case alreadyLate
    /// No node could be reached.
    case unreachable
    /// No node knew a leader.
    case noLeader
    /// This node leads and could not be reached, and none of the others passed the request on to it. What was wrong with
    /// its address, if the host knows.
    case leaderUnreachable(NodeID, reason: String? = nil)
    /// The leader's queues, or the session's window, were full.
    case busy
    /// A node that was reached did not answer.
    case noAnswer
    /// The connection broke after the request was sent.
    case connectionLost
    /// The node asked lost the lead while the command was under way.
    case leadershipLost

    /// What it means and what to do.
    public var description: String {
        switch self {
        case .alreadyLate: "it had passed when the request came; allow more time"
        case .unreachable: "no node could be reached; check the addresses and that the nodes run"
        case .noLeader: "no node knew a leader; check that a majority of the nodes runs"
        case .leaderUnreachable(let leader, let reason):
            "node \(leader) leads and cannot be reached from here\(reason.map { " (\($0))" } ?? ""), nor through the others; "
                + "check its address"
        case .busy: "the cluster was busy; send less at once or allow more time"
        case .noAnswer: "the node asked did not answer; allow more time, or see its status"
        case .connectionLost: "the connection broke after the request was sent"
        case .leadershipLost: "the leader changed while the command was under way"
        }
    }
}

extension RequestRefusal: CustomStringConvertible {
    /// What it means.
    public var description: String {
        switch self {
        case .tooLarge: "the payload is over the cluster's limit"
        case .outsideWindow: "the sequence lies outside the session's window; the cluster's is smaller"
        case .unknownGroup: "the node does not host this group; check the group's number"
        case .noSuccessor: "no other voter is up and close enough to lead; see the status"
        case .gone: "the slot or the snapshot is deleted by now; start again"
        case .malformedBatch: "the bytes are no batch of commands; submit what CommandBatch makes"
        case .noSnapshot: "a snapshot is being taken already, or there is nothing new to take"
        case .batchesTooNew:
            "a member understands no batches, or has not been met yet (see the status): upgrade it, start it or remove it, "
                + "or submit single commands"
        }
    }
}
