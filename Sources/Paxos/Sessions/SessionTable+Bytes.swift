import DequeModule

/// The session table in a snapshot: how many sessions, then each, ascending by id, so that equal tables make equal
/// bytes. A session is its id, when it was last used (slot, index), `firstUnacknowledged`, how many replies follow, and
/// the replies: whether there is one, whether it was rejected, where its command stands, and its bytes.
extension SessionTable {
    /// About what `append` needs.
    var byteCount: Int { keptBytes + 32 * count }

    func append(to bytes: inout [UInt8]) {
        bytes.appendInteger(UInt32(count))
        for (id, session) in sessions.sorted(by: { $0.key < $1.key }) {
            bytes.appendInteger(id.rawValue)
            bytes.append(session.lastUsed)
            bytes.appendInteger(session.firstUnacknowledged)
            bytes.appendInteger(UInt32(session.replies.count))
            for kept in session.replies {
                guard let kept else {
                    bytes.append(0)
                    continue
                }
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
                replies <= configuration.sessionWindow
            else { return nil }
            last = id
            var kept: Deque<Kept?> = []
            for _ in 0..<replies {
                guard let reply = reader.readKept() else { return nil }
                kept.append(reply)
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
