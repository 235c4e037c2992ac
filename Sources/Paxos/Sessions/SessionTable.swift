import DequeModule

/// The sessions a group's replicas keep, all alike, for it changes with the log alone: who may execute
/// what, and the replies that a retry is given instead of a second execution. (Ongaro's thesis, section
/// 6.3.)
struct SessionTable: Sendable {
    /// A reply that a retry will be given.
    struct Kept: Sendable, Equatable {
        let reply: Reply
        let position: LogPosition
        /// What it costs to keep: the reply, and about what surrounds it.
        var bytes: Int { reply.bytes.count + 48 }
    }

    /// What becomes of a command that was chosen.
    enum Admission: Equatable {
        case execute
        case repeated(Kept)
        case expired
        case alreadyAcknowledged
        case outsideWindow
    }

    /// When a session was used.
    private struct Use {
        let id: SessionID
        let position: LogPosition
    }

    // Looked up by id; walked only to be sorted by distinct positions, so that its order never shows.
    private(set) var sessions: [SessionID: Session] = [:]
    /// Sessions in the order of their last use when it was made; some have been used since, or are gone.
    private var byLastUse: Deque<Use> = []
    private let limit: Int
    private let window: UInt64
    private let replyBytes: Int
    /// Bytes of the replies kept.
    private(set) var keptBytes = 0
    /// Where the session stands that a command was last admitted to: its reply is kept there next, and where one session
    /// has many commands under way, so are most. No index outlives an insertion or a removal.
    private var latest: (id: SessionID, index: [SessionID: Session].Index)?

    init(configuration: Configuration) {
        limit = Int(configuration.sessionLimit)
        window = UInt64(configuration.sessionWindow)
        replyBytes = Int(clamping: configuration.replyBytes)
    }

    /// A table as it was written; `sessions` are within the configuration's limits.
    init(configuration: Configuration, sessions: [SessionID: Session]) {
        self.init(configuration: configuration)
        self.sessions = sessions
        for session in sessions.values { keptBytes += session.replies.reduce(0) { $0 + $1.kept.bytes } }
    }

    var count: Int { sessions.count }

    /// Opens a session. One too many evicts the one used longest ago.
    mutating func open(at position: LogPosition) -> SessionID {
        if sessions.count >= limit { evict() }
        let id = SessionID(openedAt: position)
        latest = nil
        sessions[id] = Session(lastUsed: position)
        return id
    }

    /// Forgets the session used longest ago. All are put in order once, and serve many evictions: one used
    /// since, or opened, has a later position than any in that order.
    private mutating func evict() {
        while true {
            if byLastUse.isEmpty {
                byLastUse = Deque(
                    sessions.map { Use(id: $0.key, position: $0.value.lastUsed) }
                        .sorted { $0.position < $1.position })
            }
            guard let oldest = byLastUse.popFirst() else { return }
            guard let session = sessions[oldest.id], session.lastUsed == oldest.position else { continue }
            for reply in session.replies { keptBytes -= reply.kept.bytes }
            latest = nil
            sessions[oldest.id] = nil
            return
        }
    }

    private func index(of id: SessionID) -> [SessionID: Session].Index? {
        if let latest, latest.id == id { return latest.index }
        return sessions.index(forKey: id)
    }

    /// Judges a command that was chosen at `position`, and forgets what its client acknowledges.
    mutating func admit(
        _ id: SessionID, sequence: UInt64, firstUnacknowledged: UInt64, at position: LogPosition
    ) -> Admission {
        guard let index = index(of: id) else { return .expired }
        latest = (id, index)
        return sessions.values[index].admit(
            sequence, firstUnacknowledged: firstUnacknowledged, at: position, window: window,
            keptBytes: &keptBytes)
    }

    /// What would become of a command now; changes nothing.
    func foresee(_ id: SessionID, sequence: UInt64) -> Admission {
        guard let index = index(of: id) else { return .expired }
        return sessions.values[index].judge(sequence, window: window)
    }

    /// Keeps the reply of a command that was admitted and executed.
    mutating func keep(_ reply: Reply, of id: SessionID, sequence: UInt64, at position: LogPosition) {
        guard let index = index(of: id) else { return }
        let kept = Kept(reply: reply, position: position)
        keptBytes += kept.bytes
        sessions.values[index].keep(kept, sequence: sequence)
        // The one used just now is the last in that order.
        while keptBytes > replyBytes, sessions.count > 1 { evict() }
    }
}

/// One client's sequences and the replies it has not acknowledged.
struct Session: Sendable {
    /// A reply, and the sequence it is for.
    struct SequencedReply: Sendable {
        let sequence: UInt64
        var kept: SessionTable.Kept
    }

    private(set) var firstUnacknowledged: UInt64 = 1
    /// Ascending by sequence, from `firstUnacknowledged` on. Sequences that were not executed yet take no room: only
    /// replies are counted, so only they may cost memory.
    private(set) var replies: Deque<SequencedReply> = []
    private(set) var lastUsed: LogPosition

    init(lastUsed: LogPosition) { self.lastUsed = lastUsed }

    init(lastUsed: LogPosition, firstUnacknowledged: UInt64, replies: Deque<SequencedReply>) {
        self.lastUsed = lastUsed
        self.firstUnacknowledged = firstUnacknowledged
        self.replies = replies
    }

    /// All of it at once, in place: each look from outside copies the session.
    mutating func admit(
        _ sequence: UInt64, firstUnacknowledged: UInt64, at position: LogPosition, window: UInt64,
        keptBytes: inout Int
    ) -> SessionTable.Admission {
        lastUsed = position
        keptBytes -= acknowledge(below: firstUnacknowledged)
        return judge(sequence, window: window)
    }

    func judge(_ sequence: UInt64, window: UInt64) -> SessionTable.Admission {
        guard sequence >= firstUnacknowledged else { return .alreadyAcknowledged }
        guard sequence - firstUnacknowledged < window else { return .outsideWindow }
        let index = index(from: sequence)
        if index < replies.count, replies[index].sequence == sequence {
            return .repeated(replies[index].kept)
        }
        return .execute
    }

    mutating func keep(_ kept: SessionTable.Kept, sequence: UInt64) {
        let index = index(from: sequence)
        if index == replies.count {
            replies.append(SequencedReply(sequence: sequence, kept: kept))
        } else if replies[index].sequence == sequence {
            replies[index].kept = kept
        } else {
            replies.insert(SequencedReply(sequence: sequence, kept: kept), at: index)
        }
    }

    /// Forgets the replies below `first`. Returns the bytes of those there were.
    mutating func acknowledge(below first: UInt64) -> Int {
        guard first > firstUnacknowledged else { return 0 }
        firstUnacknowledged = first
        var bytes = 0
        while let reply = replies.first, reply.sequence < first {
            bytes += reply.kept.bytes
            replies.removeFirst()
        }
        return bytes
    }

    /// Where the first reply stands that is for `sequence` or a later one: at the end for a command that comes in order,
    /// which is looked at first.
    private func index(from sequence: UInt64) -> Int {
        guard let last = replies.last, last.sequence >= sequence else { return replies.count }
        var (low, high) = (0, replies.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if replies[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
