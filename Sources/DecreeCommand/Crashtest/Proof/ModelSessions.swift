import Paxos

/// What a session admits, kept a second time and forgetting nothing: no reply, no session. (Nodes evict
/// the session used longest ago when there are more than 65,536; no run of the crash test comes near.)
struct ModelSessions {
    private struct Session {
        var firstUnacknowledged: UInt64 = 1
        var executed: Set<UInt64> = []
    }

    private var sessions: [UInt64: Session] = [:]
    /// How far above the first unacknowledged sequence a session admits others.
    static let window: UInt64 = 1_024

    var count: Int { sessions.count }

    mutating func open(at position: LogPosition) {
        sessions[position.slot.rawValue << 20 + UInt64(position.index)] = Session()
    }

    /// Whether a command that was chosen is to be executed: once, in a session that was opened, and not
    /// after its client said that it had the reply.
    mutating func admits(_ session: UInt64, sequence: UInt64, firstUnacknowledged: UInt64) -> Bool {
        guard var known = sessions.removeValue(forKey: session) else { return false }
        defer { sessions[session] = known }
        known.firstUnacknowledged = max(known.firstUnacknowledged, firstUnacknowledged)
        guard sequence >= known.firstUnacknowledged, sequence - known.firstUnacknowledged < Self.window else {
            return false
        }
        return known.executed.insert(sequence).inserted
    }
}
