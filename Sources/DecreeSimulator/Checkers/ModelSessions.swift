import Paxos

/// What a session admits, written a second time.
///
/// Without limits it forgets nothing: no reply, no session. Nodes evict the session used longest ago when
/// there are more than the configuration's `sessionLimit`, or more bytes of replies than its `replyBytes`;
/// where a run may come near, it passes the configuration, and the model evicts by the same rule: by
/// looking at all of them.
struct ModelSessions {
    private struct Session {
        var firstUnacknowledged: UInt64 = 1
        var executed: Set<UInt64> = []
        /// Bytes of the replies that its client has not acknowledged, by sequence.
        var replyBytes: [UInt64: UInt64] = [:]
        var lastUsed: LogPosition
    }

    private var sessions: [SessionID: Session] = [:]
    private let limits: Configuration?
    /// How far above the first unacknowledged sequence a session admits others, if nobody says otherwise.
    static let window: UInt64 = 1_024
    /// What a reply costs beside its bytes, by the rule.
    static let replyOverheadBytes: UInt64 = 48

    init(limits: Configuration? = nil) { self.limits = limits }

    /// A session is opened, and one evicted where it would be one too many.
    mutating func open(at position: LogPosition) {
        if let limits, sessions.count >= Int(limits.sessionLimit) { evict() }
        sessions[SessionID(openedAt: position)] = Session(lastUsed: position)
    }

    /// Whether a command that was chosen is to be executed: once, in a session that is open, and not after
    /// its client said that it had the reply.
    mutating func admits(
        _ id: SessionID, sequence: UInt64, firstUnacknowledged: UInt64, at position: LogPosition
    ) -> Bool {
        guard var session = sessions.removeValue(forKey: id) else { return false }
        defer { sessions[id] = session }
        session.lastUsed = position
        if firstUnacknowledged > session.firstUnacknowledged {
            session.firstUnacknowledged = firstUnacknowledged
            session.replyBytes = session.replyBytes.filter { $0.key >= firstUnacknowledged }
        }
        let window = limits.map { UInt64($0.sessionWindow) } ?? Self.window
        guard sequence >= session.firstUnacknowledged, sequence - session.firstUnacknowledged < window else {
            return false
        }
        return session.executed.insert(sequence).inserted
    }

    /// A command that was admitted has its reply, which is kept, and may cost others theirs.
    mutating func keep(_ reply: Reply, of id: SessionID, sequence: UInt64) {
        guard let limits else { return }
        sessions[id]?.replyBytes[sequence] = UInt64(reply.bytes.count) + Self.replyOverheadBytes
        while sessions.count > 1, keptBytes > limits.replyBytes { evict() }
    }

    private var keptBytes: UInt64 {
        sessions.values.reduce(0) { sum, session in session.replyBytes.values.reduce(sum, +) }
    }

    private mutating func evict() {
        guard let oldest = sessions.min(by: { $0.value.lastUsed < $1.value.lastUsed }) else { return }
        sessions[oldest.key] = nil
    }
}
