/// How a client bounds and repeats its requests. Times are in nanoseconds, as everywhere in the client.
public struct ClientSettings: Sendable, Hashable {
    /// Sequences in flight at once: no more than the configuration's `sessionWindow`.
    public var window = 1_024
    /// Bytes of the payloads in flight at once; one command may be larger. On a slow link more would wait in the socket,
    /// each for all before it, and pass for unanswered.
    public var windowBytes = 4 << 20
    /// Commands that wait for the window or a session, and queries in flight; more fail at once.
    public var queueLimit = 8_192
    /// Bytes of a command or query.
    public var payloadLimitBytes = 1 << 20
    /// How long an attempt waits for an answer; twice as long once every node that can be reached has kept
    /// silent, and so on, up to 8 times. One silent node among others that answer costs no more than this. Of a node that
    /// answers other requests meanwhile the answer is waited for up to 8 times as long: it is busy with what came before.
    public var answerTimeoutNanoseconds: UInt64 = 1_000_000_000
    /// The first pause when a node is busy or nobody knows a leader; doubled each time, jittered.
    public var firstPauseNanoseconds: UInt64 = 10_000_000
    /// The longest pause.
    public var longestPauseNanoseconds: UInt64 = 320_000_000

    /// The defaults.
    public init() {}
}

/// What a client wants done.
public enum ClientAction: Sendable, Equatable {
    /// Send an attempt. It counts as sent, whatever becomes of the connection.
    case send(RequestID, to: NodeID, ClientRequest)
    /// The same, to a node that is to pass it on to the leader, which this client cannot reach. A node whose build cannot is
    /// sent the request as it is.
    case relay(RequestID, to: NodeID, ClientRequest)
    /// Tell whoever waits. Once for each ticket.
    case complete(Ticket, Outcome)
}

/// The name of one attempt at one request: 48 bits, of which the host may use the other 16.
public struct RequestID: RawRepresentable, Hashable, Sendable {
    enum Kind: UInt64 {
        case open = 0
        case command = 1
        case query = 2
    }

    /// `number << 6 | kind << 4 | attempt`.
    public let rawValue: UInt64

    /// The bits a request id has.
    public static let bits: UInt64 = 48
    /// Numbers are counted modulo 2^42: none comes again while its predecessor could be in flight.
    static let numberMask: UInt64 = (1 << 42) - 1

    /// Keeps the low 48 bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue & (1 << Self.bits - 1) }

    init(_ kind: Kind, number: UInt64, attempt: UInt64) {
        rawValue = (number & Self.numberMask) << 6 | kind.rawValue << 4 | attempt & 0xf
    }

    var kind: Kind? { Kind(rawValue: rawValue >> 4 & 3) }
    var number: UInt64 { rawValue >> 6 }
    var attempt: UInt64 { rawValue & 0xf }
}
