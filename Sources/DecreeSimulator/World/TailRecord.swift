import Paxos

/// What one who follows the log was given, in order, and what it was told that is deleted.
struct TailRecord: Equatable {
    /// A command as it was given.
    struct Given: Equatable {
        let position: LogPosition
        let session: SessionID
        let sequence: UInt64
        let isBatch: Bool
        let digest: Digest
    }

    /// What was given without a gap that the reader was told of.
    struct Part: Equatable {
        let from: LogPosition
        /// Everything before this was given, or is nothing to give.
        var end: LogPosition
        var given: [Given] = []
    }

    private(set) var parts: [Part]

    /// Nothing yet.
    init(from position: LogPosition) { parts = [Part(from: position, end: position)] }

    /// Where reading goes on.
    var end: LogPosition { parts[parts.count - 1].end }

    /// How many commands were given.
    var count: Int { parts.reduce(0) { $0 + $1.given.count } }

    mutating func add(_ entry: LogEntry) {
        parts[parts.count - 1].given.append(
            Given(
                position: entry.position, session: entry.session, sequence: entry.sequence,
                isBatch: entry.isBatch, digest: Digest(of: entry.payload)))
        read(to: entry.position.next)
    }

    /// Everything before a position was read.
    mutating func read(to position: LogPosition) { parts[parts.count - 1].end = position }

    /// What lies before a position is deleted: reading goes on there.
    mutating func skip(to position: LogPosition) { parts.append(Part(from: position, end: position)) }
}
