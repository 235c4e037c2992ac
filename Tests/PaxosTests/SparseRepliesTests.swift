import Testing

@testable import Paxos

/// A session's replies cost memory for what they are, wherever in its window they stand, and are written as if every
/// sequence before them had a place.
@Suite struct SparseRepliesTests {
    private let configuration = Configuration(voters: [NodeID(1)], sessionLimit: 4, sessionWindow: 16)

    /// Else a client that begins at the end of its window costs a thousand times what is counted.
    @Test func aReplyAtTheEndOfTheWindowTakesNoMoreRoomThanAnother() {
        var table = SessionTable(configuration: Configuration(voters: [NodeID(1)]))
        let id = table.open(at: LogPosition(slot: Slot(1), index: 0))
        execute(1_024, from: 1, of: id, on: &table, at: 2)
        #expect(table.sessions[id]?.replies.count == 1)
        execute(1, from: 1, of: id, on: &table, at: 3)
        #expect(table.sessions[id]?.replies.map(\.sequence) == [1, 1_024])
    }

    /// Whatever order they come in and are acknowledged in, it does as a table does that has a place for every
    /// sequence, and writes the same.
    @Test(arguments: 1...40)
    func itIsTheSameAsATableWithAPlaceForEverySequence(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var table = SessionTable(configuration: configuration)
        let id = table.open(at: LogPosition(slot: Slot(1), index: 0))
        var dense = DenseSession(window: 16)
        for use: UInt64 in 2...200 {
            let sequence = dense.first + UInt64(random.below(18)) - (random.chance(1, in: 9) ? 1 : 0)
            let first = min(sequence, dense.first + (random.chance(1, in: 3) ? UInt64(random.below(6)) : 0))
            let kept = execute(sequence, from: first, of: id, on: &table, at: use)
            dense.execute(sequence, from: first, kept.reply, kept.position)
            for other in dense.first...dense.first + 17 {
                let expected = dense.judge(other)
                #expect(table.foresee(id, sequence: other) == expected, "seed \(seed), sequence \(other)")
            }
            #expect(table.keptBytes == dense.places.reduce(0) { $0 + ($1?.bytes ?? 0) })
            var bytes: [UInt8] = []
            table.append(to: &bytes)
            #expect(bytes == dense.bytes(id, lastUsed: kept.position), "seed \(seed), use \(use)")
            var reader = ByteReader(bytes[...])
            let read = try #require(SessionTable(from: &reader, configuration: configuration))
            #expect(read.keptBytes == table.keptBytes)
            table = read
        }
    }

    /// No table ever wrote these.
    @Test func aPlaceAfterTheLastReplyIsRefused() {
        for marks: [UInt8] in [[0], [0, 0]] {
            var bytes: [UInt8] = []
            DenseSession.appendHead(SessionID(rawValue: 1 << 20), .init(slot: Slot(1), index: 0), 1, &bytes)
            bytes.appendInteger(UInt32(marks.count))
            var reader = ByteReader((bytes + marks)[...])
            #expect(SessionTable(from: &reader, configuration: configuration) == nil)
        }
        // Nor sequences beyond the last one there is.
        var bytes: [UInt8] = []
        DenseSession.appendHead(SessionID(rawValue: 1 << 20), .init(slot: Slot(1), index: 0), .max, &bytes)
        bytes.appendInteger(UInt32(2))
        var reader = ByteReader((bytes + [0, 0])[...])
        #expect(SessionTable(from: &reader, configuration: configuration) == nil)
    }

    @Test func theLastOfAllSequencesIsKeptAndRead() throws {
        var table = SessionTable(configuration: configuration)
        let id = table.open(at: LogPosition(slot: Slot(1), index: 0))
        execute(.max, from: .max - 3, of: id, on: &table, at: 2)
        var bytes: [UInt8] = []
        table.append(to: &bytes)
        var reader = ByteReader(bytes[...])
        let read = try #require(SessionTable(from: &reader, configuration: configuration))
        #expect(read.foresee(id, sequence: .max) == table.foresee(id, sequence: .max))
        #expect(read.foresee(id, sequence: .max - 1) == .execute)
    }

    /// What a replica does with a chosen command.
    @discardableResult
    private func execute(
        _ sequence: UInt64, from first: UInt64, of id: SessionID, on table: inout SessionTable, at use: UInt64
    ) -> SessionTable.Kept {
        let position = LogPosition(slot: Slot(use), index: 0)
        let reply = Reply.ok(Array(repeating: 7, count: Int(use % 5)))
        if table.admit(id, sequence: sequence, firstUnacknowledged: first, at: position) == .execute {
            table.keep(reply, of: id, sequence: sequence, at: position)
        }
        return SessionTable.Kept(reply: reply, position: position)
    }
}

/// A session that has a place for every sequence through the last that was executed.
private struct DenseSession {
    let window: UInt64
    var first: UInt64 = 1
    var places: [SessionTable.Kept?] = []

    init(window: UInt64) { self.window = window }

    func judge(_ sequence: UInt64) -> SessionTable.Admission {
        guard sequence >= first else { return .alreadyAcknowledged }
        guard sequence - first < window else { return .outsideWindow }
        let index = Int(sequence - first)
        return (index < places.count ? places[index] : nil).map { .repeated($0) } ?? .execute
    }

    mutating func execute(_ sequence: UInt64, from first: UInt64, _ reply: Reply, _ position: LogPosition) {
        if first > self.first {
            places.removeFirst(min(places.count, Int(first - self.first)))
            self.first = first
        }
        guard judge(sequence) == .execute else { return }
        let index = Int(sequence - self.first)
        while places.count <= index { places.append(nil) }
        places[index] = SessionTable.Kept(reply: reply, position: position)
    }

    static func appendHead(
        _ id: SessionID, _ lastUsed: LogPosition, _ first: UInt64, _ bytes: inout [UInt8]
    ) {
        bytes.appendInteger(UInt32(1))
        bytes.appendInteger(id.rawValue)
        bytes.appendInteger(lastUsed.slot.rawValue)
        bytes.appendInteger(lastUsed.index)
        bytes.appendInteger(first)
    }

    func bytes(_ id: SessionID, lastUsed: LogPosition) -> [UInt8] {
        var bytes: [UInt8] = []
        Self.appendHead(id, lastUsed, first, &bytes)
        bytes.appendInteger(UInt32(places.count))
        for place in places {
            guard let place else {
                bytes.append(0)
                continue
            }
            bytes.append(place.reply.isRejected ? 2 : 1)
            bytes.appendInteger(place.position.slot.rawValue)
            bytes.appendInteger(place.position.index)
            bytes.appendInteger(UInt32(place.reply.bytes.count))
            bytes.append(contentsOf: place.reply.bytes)
        }
        return bytes
    }
}
