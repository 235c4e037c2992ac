import Testing

@testable import Paxos

/// Reads wait for a round of heartbeats that started after them.
@Suite struct ConfirmationTests {
    private let confirmation = TestConfirmation(voters: 3)

    @Test func aReadWaitsForARoundThatStartsAfterIt() {
        let early = confirmation.startRound()
        confirmation.read(1)
        #expect(!confirmation.wantsRound, "a round is on its way")
        confirmation.answer(early, byVoterAt: 1)
        #expect(confirmation.ready() == nil, "that round started before the read")
        #expect(confirmation.wantsRound)
        let late = confirmation.startRound()
        #expect(confirmation.ready() == nil)
        confirmation.answer(late, byVoterAt: 1)
        #expect(confirmation.ready() == 1)
    }

    @Test func oneRoundServesAllReadsThatWaited() {
        for ticket in 1...5 { confirmation.read(UInt64(ticket)) }
        let round = confirmation.startRound()
        confirmation.read(6)
        confirmation.answer(round, byVoterAt: 2)
        #expect((1...5).map { _ in confirmation.ready() } == [1, 2, 3, 4, 5])
        #expect(confirmation.ready() == nil)
        #expect(confirmation.tickets == [6])
    }

    @Test func theAnswerToAnOldRoundVouchesForNoNewRead() {
        let old = confirmation.startRound()
        confirmation.read(1)
        _ = confirmation.startRound()
        confirmation.answer(old, byVoterAt: 1)
        confirmation.answer(old, byVoterAt: 2)
        #expect(confirmation.ready() == nil)
    }

    @Test func theAnswerToALaterRoundStandsForEarlierOnes() {
        confirmation.read(1)
        _ = confirmation.startRound()
        let later = confirmation.startRound()
        confirmation.answer(later, byVoterAt: 1)
        #expect(confirmation.ready() == 1)
    }

    @Test func aVoterCountsOnceAndARoundThatNeverStartedNotAtAll() {
        let confirmation = TestConfirmation(voters: 5)
        confirmation.read(1)
        let round = confirmation.startRound()
        confirmation.answer(round, byVoterAt: 1)
        confirmation.answer(round, byVoterAt: 1)
        confirmation.answer(round + 7, byVoterAt: 2)
        #expect(confirmation.ready() == nil)
        confirmation.answer(round, byVoterAt: 2)
        #expect(confirmation.ready() == 1)
    }

    @Test func aReadWaitsForItsSlotAndTheNextWaitsBehindIt() {
        confirmation.read(1, needed: Slot(5))
        confirmation.read(2, needed: Slot(5))
        confirmation.answer(confirmation.startRound(), byVoterAt: 1)
        #expect(confirmation.ready(executedThrough: Slot(4)) == nil)
        #expect(confirmation.ready(executedThrough: Slot(5)) == 1)
        #expect(confirmation.ready(executedThrough: Slot(5)) == 2)
    }

    /// Else every turn would start a round, and its answers end the next turn.
    @Test func aReadThatOnlyWaitsForItsSlotAsksForNoOtherRound() {
        confirmation.read(1, needed: Slot(5))
        confirmation.answer(confirmation.startRound(), byVoterAt: 1)
        #expect(!confirmation.wantsRound)
        confirmation.read(2, needed: Slot(5))
        #expect(confirmation.wantsRound)
    }

    @Test func aFullQueueRefusesAndAnAnswerMakesRoom() {
        var limits = Limits()
        limits.pendingReads = 2
        limits.pendingReadBytes = 10
        let confirmation = TestConfirmation(voters: 3, limits: limits)
        #expect(confirmation.read(1, bytes: 6))
        #expect(!confirmation.read(2, bytes: 6), "too many bytes")
        #expect(confirmation.read(3, bytes: 4))
        #expect(!confirmation.read(4, bytes: 0), "too many reads")
        confirmation.answer(confirmation.startRound(), byVoterAt: 1)
        #expect(confirmation.ready() == 1)
        #expect(confirmation.read(5, bytes: 6))
    }

    @Test func aNodeAloneConfirmsItself() {
        let confirmation = TestConfirmation(voters: 1)
        confirmation.read(1)
        #expect(confirmation.wantsRound)
        _ = confirmation.startRound()
        #expect(confirmation.ready() == 1)
    }
}

/// A confirmation of node 1's lead.
private final class TestConfirmation {
    private var confirmation: Paxos.Confirmation

    private let configurations: ConfigurationLog

    init(voters: UInt16, limits: Limits = Limits()) {
        configurations = ConfigurationLog(genesis: Configuration(voters: (1...voters).map { NodeID($0) }))
        confirmation = Paxos.Confirmation(node: NodeID(1), limits: limits)
    }

    var wantsRound: Bool { confirmation.wantsRound }
    var tickets: [UInt64] { confirmation.tickets.map(\.rawValue) }
    func startRound() -> UInt64 { confirmation.startRound(of: configurations.entries[...]) }

    func answer(_ round: UInt64, byVoterAt index: UInt16) {
        confirmation.answer(round, from: NodeID(index + 1), of: configurations.entries[...])
    }

    @discardableResult
    func read(_ ticket: UInt64, needed: Slot = .zero, bytes: Int = 0) -> Bool {
        confirmation.append(
            ticket: Ticket(rawValue: ticket), payload: Array(repeating: 0, count: bytes)[...], needed: needed)
    }

    func ready(executedThrough: Slot = .zero) -> UInt64? {
        confirmation.takeReady(executedThrough: executedThrough)?.ticket.rawValue
    }
}
