import Testing

@testable import Paxos

/// Who may execute what, and what a retry is given.
@Suite struct SessionTableTests {
    private func table(limit: UInt32 = 4, window: UInt32 = 8) -> Table {
        Table(
            configuration: Configuration(voters: [NodeID(1)], sessionLimit: limit, sessionWindow: window))
    }

    @Test func aSequenceIsExecutedOnceAndARetryGetsTheSameReplyAndPosition() {
        let table = table()
        let session = table.open()
        let first = table.execute(session, 1, reply: "done")
        #expect(first == .execute)
        let kept = SessionTable.Kept(reply: .ok(Array("done".utf8)), position: Table.position(2))
        #expect(table.execute(session, 1, reply: "again") == .repeated(kept))
        #expect(table.sessions.foresee(session, sequence: 1) == .repeated(kept))
        #expect(table.sessions.foresee(session, sequence: 2) == .execute)
    }

    @Test func sequencesComeInAnyOrder() {
        let table = table()
        let session = table.open()
        for sequence: UInt64 in [3, 1, 8, 2] {
            #expect(table.execute(session, sequence) == .execute, "\(sequence)")
        }
        for sequence: UInt64 in [1, 2, 3, 8] {
            #expect(table.execute(session, sequence) != .execute, "\(sequence)")
        }
        for sequence: UInt64 in [4, 5, 6, 7] {
            #expect(table.execute(session, sequence) == .execute, "\(sequence)")
        }
    }

    @Test func whatIsAcknowledgedIsForgottenAndNeverExecutedAgain() {
        let table = table()
        let session = table.open()
        table.execute(session, 1)
        table.execute(session, 2)
        #expect(table.execute(session, 4, from: 3) == .execute)
        for sequence: UInt64 in [1, 2] {
            #expect(table.execute(session, sequence) == .alreadyAcknowledged)
        }
        #expect(table.execute(session, 3) == .execute, "it was skipped, not acknowledged")
    }

    /// A ghost, proposed by a leader that died, is chosen long after the client went on.
    @Test func aGhostBelowFirstUnacknowledgedIsNotExecuted() {
        let table = table()
        let session = table.open()
        #expect(table.execute(session, 5, from: 5) == .execute)
        #expect(table.execute(session, 2, from: 1) == .alreadyAcknowledged)
        #expect(table.execute(session, 5, from: 1) != .execute, "an old bound does not bring the past back")
    }

    @Test func theWindowOpensAtFirstUnacknowledged() {
        let table = table(window: 8)
        let session = table.open()
        #expect(table.execute(session, 9) == .outsideWindow)
        #expect(table.execute(session, 8) == .execute)
        #expect(table.execute(session, 9, from: 2) == .execute)
        #expect(table.execute(session, 10, from: 2) == .outsideWindow)
        #expect(table.execute(session, .max, from: .max) == .execute)
    }

    @Test func anUnknownSessionIsExpiredNeverExecuted() {
        let table = table()
        let unknown = SessionID(openedAt: Table.position(99))
        #expect(table.execute(unknown, 1) == .expired)
        #expect(table.sessions.foresee(unknown, sequence: 1) == .expired)
        #expect(table.sessions.count == 0)
    }

    // MARK: Eviction

    @Test func theSessionUsedLongestAgoIsEvicted() {
        let table = table(limit: 3)
        let (first, second, third) = (table.open(), table.open(), table.open())
        table.execute(first, 1)
        let fourth = table.open()
        #expect(table.execute(second, 1) == .expired, "the first was used since")
        table.execute(third, 1)
        let fifth = table.open()
        #expect(table.execute(first, 2) == .expired)
        for session in [third, fourth, fifth] { #expect(table.execute(session, 2) == .execute) }
        #expect(table.sessions.count == 3)
    }

    /// An order that serves many evictions must agree with looking for the oldest each time.
    @Test(arguments: 1...20)
    func evictionAgreesWithASearchForTheOldest(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let table = table(limit: 8)
        var lastUsed: [(session: SessionID, use: Int)] = []
        for use in 0..<500 {
            if lastUsed.isEmpty || Int.random(in: 0..<4, using: &random) == 0 {
                if lastUsed.count == 8 { lastUsed.removeFirst() }
                lastUsed.append((table.open(), use))
            } else {
                let index = Int.random(in: 0..<lastUsed.count, using: &random)
                lastUsed.append((lastUsed.remove(at: index).session, use))
                table.execute(lastUsed[lastUsed.count - 1].session, UInt64(use), from: UInt64(use))
            }
        }
        #expect(table.sessions.count == lastUsed.count)
        for (session, _) in lastUsed {
            #expect(table.sessions.foresee(session, sequence: 1) != .expired, "seed \(seed)")
        }
    }

    // MARK: Bytes

    @Test func keptBytesReturnToZero() {
        let table = table(limit: 2)
        let session = table.open()
        for sequence: UInt64 in 1...5 {
            table.execute(session, sequence, reply: "reply")
            table.execute(session, sequence, reply: "a retry costs nothing")
        }
        #expect(table.sessions.keptBytes == 5 * 53)
        table.execute(session, 6, from: 6, reply: "")
        #expect(table.sessions.keptBytes == 48)
        table.open()
        table.open()
        #expect(table.sessions.keptBytes == 0, "the session was evicted with its reply")
    }

    /// Clients that went away with their replies unacknowledged must not fill the memory for ever.
    @Test func oneReplyTooManyEvictsTheSessionUsedLongestAgo() {
        let table = Table(configuration: Configuration(voters: [NodeID(1)], replyBytes: 3 * 53))
        let (gone, present) = (table.open(), table.open())
        table.execute(gone, 1, reply: "reply")
        for sequence: UInt64 in 1...2 { table.execute(present, sequence, reply: "reply") }
        #expect(table.sessions.foresee(gone, sequence: 1) != .expired)
        table.execute(present, 3, reply: "reply")
        #expect(table.sessions.foresee(gone, sequence: 1) == .expired)
        #expect(table.sessions.keptBytes == 3 * 53)
        // The last one is kept whatever it holds: its client waits.
        table.execute(present, 4, reply: "reply")
        #expect(table.sessions.foresee(present, sequence: 4) != .expired)
    }
}

/// A session table, and the log's positions one after another.
private final class Table {
    private(set) var sessions: SessionTable
    private var uses: UInt64 = 0

    init(configuration: Configuration) { sessions = SessionTable(configuration: configuration) }

    static func position(_ use: UInt64) -> LogPosition { LogPosition(slot: Slot(use), index: 0) }

    private func next() -> LogPosition {
        uses += 1
        return Self.position(uses)
    }

    @discardableResult
    func open() -> SessionID { sessions.open(at: next()) }

    /// What a replica does with a chosen command.
    @discardableResult
    func execute(
        _ session: SessionID, _ sequence: UInt64, from first: UInt64 = 1, reply: String = ""
    ) -> SessionTable.Admission {
        let position = next()
        let admission = sessions.admit(
            session, sequence: sequence, firstUnacknowledged: first, at: position)
        if admission == .execute {
            sessions.keep(.ok(Array(reply.utf8)), of: session, sequence: sequence, at: position)
        }
        return admission
    }
}
