/// What a client asks of a group.
public enum ClientRequest: Sendable, Equatable {
    /// Opens a session: answered with its id.
    case openSession
    /// A command. `sequence` counts from 1 within the session; a retry repeats it. The client has the
    /// replies to all below `firstUnacknowledged`, and they may be forgotten.
    case command(
        session: SessionID, sequence: UInt64, firstUnacknowledged: UInt64, payload: ArraySlice<UInt8>)
    /// A `CommandBatch`, likewise.
    case batch(
        session: SessionID, sequence: UInt64, firstUnacknowledged: UInt64, payload: ArraySlice<UInt8>)
    /// A query, which never enters the log.
    case query(payload: ArraySlice<UInt8>, consistency: ReadConsistency)
    /// Something that an operator asks: rare, and kept aside, for it is larger than all others.
    indirect case admin(AdminRequest)

    /// Whether an operator asks it, and goes.
    package var isOfOperators: Bool {
        switch self {
        case .admin(.tail): false
        case .admin: true
        default: false
        }
    }

    /// Bytes of its payload.
    public var payloadBytes: Int {
        switch self {
        case .openSession: 0
        case .command(_, _, _, let payload), .batch(_, _, _, let payload): payload.count
        case .query(let payload, _): payload.count
        case .admin: 0
        }
    }
}

/// What a read is worth.
public enum ReadConsistency: UInt8, Sendable {
    /// Sees every write acknowledged before it was asked. The default.
    case linearizable = 0
    /// What the node asked happens to have executed; labelled so in the answer.
    case stale = 1
}

/// What a node answers to one attempt at a request.
public enum ClientResponse: Sendable, Equatable {
    /// The session is open.
    case opened(SessionID)
    /// The command stands at `position` and was executed, once, with this reply.
    case executed(Reply, LogPosition)
    /// A query's answer: the state after executing `executedThrough`.
    case answered(Reply, executedThrough: Slot, consistency: ReadConsistency)
    /// This attempt had no effect: ask `leader`, or any other node if that is nil.
    case notLeader(leader: NodeID?)
    /// This attempt had no effect: a queue is full. Wait, then ask again.
    case busy
    /// The command was offered to the log and this node lost the lead: it may or may not be chosen.
    /// Repeating the same sequence is safe and tells which.
    case leadershipLost(leader: NodeID?)
    /// The session is unknown: evicted, or never opened. *This* attempt had no effect; an earlier one may.
    case sessionExpired
    /// The client had already acknowledged this sequence; nobody waits for the reply.
    case alreadyAcknowledged
    /// This attempt had no effect and repeating it is useless.
    case refused(RequestRefusal)
    /// The answer to what an operator asked: kept aside likewise.
    indirect case admin(AdminResponse)
}

/// Why a request can never be taken.
public enum RequestRefusal: UInt8, Sendable {
    /// The payload is over the value limit.
    case tooLarge = 1
    /// The sequence lies more than the session window above `firstUnacknowledged`, or is zero.
    case outsideWindow = 2
    /// The node does not host this group.
    case unknownGroup = 3
    /// No voter is up and close enough to lead instead.
    case noSuccessor = 4
    /// The slot or the snapshot is gone: ask how the log stands, and start again.
    case gone = 5
    /// A snapshot is being taken already, or there is nothing new to take.
    case noSnapshot = 6
    /// The bytes are no batch of commands.
    case malformedBatch = 7
    /// A member runs a version that understands no batches: `decree status` says which.
    case batchesTooNew = 8
}

/// The host's name for whoever waits for a response. The core only hands it back.
public struct Ticket: RawRepresentable, Hashable, Sendable {
    /// Chosen by the host.
    public let rawValue: UInt64
    /// A ticket.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Of what the group does by itself. No host may give it to anybody.
    public static let nobody = Ticket(rawValue: .max)
}
