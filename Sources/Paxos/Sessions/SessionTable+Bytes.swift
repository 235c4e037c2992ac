import DequeModule

/// The session table in a snapshot: how many sessions, then each, ascending by id, so that equal tables make equal
/// bytes. A session is its id, when it was last used (slot, index), `firstUnacknowledged`, how many sequences follow,
/// through the last one that has a reply, and for each of them: whether there is a reply, whether it was rejected, where
/// its command stands, and its bytes.
extension SessionTable {
    /// About what `append` needs.
    var byteCount: Int { keptBytes + 32 * count }

    func append(to bytes: inout [UInt8]) {
        bytes.appendInteger(UInt32(count))
        for (id, session) in sessions.sorted(by: { $0.key < $1.key }) {
            bytes.appendInteger(id.rawValue)
            bytes.append(session.lastUsed)
            bytes.appendInteger(session.firstUnacknowledged)
            var next = session.firstUnacknowledged
            bytes.appendInteger(UInt32(session.replies.last.map { $0.sequence - next + 1 } ?? 0))
            for sequenced in session.replies {
                let kept = sequenced.kept
                bytes.append(contentsOf: repeatElement(0, count: Int(sequenced.sequence - next)))
                // One beyond the last of all sequences is never looked at.
                next = sequenced.sequence &+ 1
                bytes.append(kept.reply.isRejected ? 2 : 1)
                bytes.append(kept.position)
                bytes.appendInteger(UInt32(kept.reply.bytes.count))
                bytes.append(contentsOf: kept.reply.bytes)
            }
        }
    }

    /// Reads what `append` wrote; nil for anything else.
    init?(from reader: inout ByteReader, configuration: Configuration) {
        guard let count = reader.readInteger(UInt32.self), count <= configuration.sessionLimit else {
            return nil
        }
        var sessions: [SessionID: Session] = [:]
        var last: UInt64?
        for _ in 0..<count {
            guard let id = reader.readInteger(UInt64.self), last.map({ $0 < id }) ?? true,
                let lastUsed = reader.readPosition(),
                let first = reader.readInteger(UInt64.self), let replies = reader.readInteger(UInt32.self),
                replies <= configuration.sessionWindow,
                !first.addingReportingOverflow(UInt64(max(replies, 1)) - 1).overflow
            else { return nil }
            last = id
            var kept: Deque<Session.SequencedReply> = []
            for offset in 0..<replies {
                guard let reply = reader.readKept() else { return nil }
                if let reply { kept.append(.init(sequence: first + UInt64(offset), kept: reply)) }
                // The last one has a reply, or it would not be there.
                if reply == nil, offset == replies - 1 { return nil }
            }
            sessions[SessionID(rawValue: id)] = Session(
                lastUsed: lastUsed, firstUnacknowledged: first, replies: kept)
        }
        self.init(configuration: configuration, sessions: sessions)
    }
}

extension Array where Element == UInt8 {
    fileprivate mutating func append(_ position: LogPosition) {
        appendInteger(position.slot.rawValue)
        appendInteger(position.index)
    }
}

extension ByteReader {
    fileprivate mutating func readPosition() -> LogPosition? {
        guard let slot = readInteger(UInt64.self).flatMap(Slot.init(rawValue:)),
            let index = readInteger(UInt32.self)
        else { return nil }
        return LogPosition(slot: slot, index: index)
    }

    /// A reply, or the place of one that is not there; nil for neither.
    fileprivate mutating func readKept() -> SessionTable.Kept?? {
        guard let mark = readInteger(UInt8.self), mark <= 2 else { return nil }
        guard mark > 0 else { return .some(nil) }
        guard let position = readPosition(), let length = readInteger(UInt32.self),
            let bytes = readBytes(Int(length))
        else { return nil }
        let reply = Reply(isRejected: mark == 2, bytes: Array(bytes))
        return .some(SessionTable.Kept(reply: reply, position: position))
    }
}
