import Bank
import Paxos
import Testing

@testable import DecreeSimulator
@testable import Paxos

/// The model of sessions, held against the rule, and against the table that nodes keep.
@Suite struct ModelSessionsTests {
    private func position(_ slot: UInt64) -> LogPosition { LogPosition(slot: Slot(slot), index: 0) }

    private func configuration(
        sessionLimit: UInt32 = 65_536, sessionWindow: UInt32 = 1_024, replyBytes: UInt64 = 256 << 20
    ) -> Configuration {
        Configuration(
            voters: [NodeID(1)], sessionLimit: sessionLimit, sessionWindow: sessionWindow,
            replyBytes: replyBytes)
    }

    @Test func aSequenceIsExecutedOnceAndNotOnceAcknowledged() {
        var sessions = ModelSessions()
        sessions.open(at: position(1))
        let id = SessionID(openedAt: position(1))
        func admits(_ sequence: UInt64, _ firstUnacknowledged: UInt64 = 1) -> Bool {
            sessions.admits(
                id, sequence: sequence, firstUnacknowledged: firstUnacknowledged, at: position(2))
        }
        #expect(admits(2) && admits(1))
        #expect(!admits(2), "a retry")
        #expect(!admits(1_025) && admits(1_024), "the window")
        #expect(admits(5, 5) && !admits(4, 1), "acknowledged")
        let isKnown = sessions.admits(
            SessionID(rawValue: 7), sequence: 1, firstUnacknowledged: 1, at: position(2))
        #expect(!isKnown)
    }

    @Test func withoutLimitsNothingIsForgotten() {
        var sessions = ModelSessions()
        for slot in 1...70_000 { sessions.open(at: position(UInt64(slot))) }
        let isKnown = sessions.admits(
            SessionID(openedAt: position(1)), sequence: 1, firstUnacknowledged: 1, at: position(70_001))
        #expect(isKnown)
    }

    @Test func oneSessionTooManyEvictsTheOneUsedLongestAgo() {
        var sessions = ModelSessions(limits: configuration(sessionLimit: 2))
        sessions.open(at: position(1))
        sessions.open(at: position(2))
        func admits(_ opened: UInt64, _ sequence: UInt64, at slot: UInt64) -> Bool {
            sessions.admits(
                SessionID(openedAt: position(opened)), sequence: sequence, firstUnacknowledged: 1,
                at: position(slot))
        }
        #expect(admits(1, 1, at: 3))
        sessions.open(at: position(4))
        #expect(!admits(2, 1, at: 5) && admits(1, 2, at: 6) && admits(4, 1, at: 7))
    }

    /// Many sessions, few places for them and for their replies: both must admit the same.
    @Test(arguments: 0..<40) func theTableOfTheNodesAdmitsTheSame(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let configuration = configuration(
            sessionLimit: UInt32.random(in: 1...8, using: &random), sessionWindow: 6,
            replyBytes: UInt64.random(in: 60...1_000, using: &random))
        var model = ModelSessions(limits: configuration)
        var table = SessionTable(configuration: configuration)
        var opened: [SessionID] = []
        var executed = 0
        var refused = 0
        for slot in 1...600 {
            let position = position(UInt64(slot))
            guard let id = opened.suffix(12).randomElement(using: &random),
                Int.random(in: 0..<8, using: &random) > 0
            else {
                opened.append(table.open(at: position))
                model.open(at: position)
                continue
            }
            let first = UInt64.random(in: 1...12, using: &random)
            let sequence = first + UInt64.random(in: 0...7, using: &random)
            let admission = table.admit(id, sequence: sequence, firstUnacknowledged: first, at: position)
            let isAdmitted = model.admits(
                id, sequence: sequence, firstUnacknowledged: first, at: position)
            #expect((admission == .execute) == isAdmitted, "seed \(seed), slot \(slot): \(admission)")
            guard isAdmitted else {
                refused += 1
                continue
            }
            executed += 1
            let reply = Reply.ok(Array(repeating: 0, count: Int.random(in: 0..<200, using: &random)))
            table.keep(reply, of: id, sequence: sequence, at: position)
            model.keep(reply, of: id, sequence: sequence)
        }
        #expect(executed > 20 && refused > 100, "seed \(seed)")
    }

    @Test func aRunOfFewSessionsIsJudgedByItsConfiguration() {
        var run = HandMade()
        // A third session, where there is room for two, drives out the first: its command is not executed.
        run.append([.openSession])
        run.append([run.entry(0, .deposit(.a, amount: 9), sequence: run.nextSequence(0))])
        run.record(0, .deposit(.a, amount: 9), .unknown(.sessionExpired, Receipt()))
        #expect(run.check(configuration: configuration(sessionLimit: 2)).violations == [])
        #expect(run.check().kinds == [.state], "the model that forgets nothing executes it")
    }
}
