import Testing

@testable import Paxos

/// Commands gather while they wait, within bounds.
@Suite struct BatcherTests {
    private static let overhead = ProposalBuilder.commandOverheadBytes

    private func batcher(_ change: (inout Limits) -> Void = { _ in }) -> TestBatcher {
        var limits = Limits()
        change(&limits)
        return TestBatcher(limits: limits)
    }

    @Test func whatCameTogetherLeavesTogetherInOrder() {
        let batcher = batcher()
        for ticket: UInt64 in 1...3 { batcher.append(ticket) }
        #expect(batcher.take(evenPartial: false) == nil, "it may still grow")
        #expect(batcher.take(evenPartial: true) == [1, 2, 3])
        #expect(batcher.take(evenPartial: true) == nil)
    }

    @Test func aFullBatchLeavesUnaskedAndTheOldestFirst() {
        let batcher = batcher { $0.batchCommands = 2 }
        for ticket: UInt64 in 1...5 { batcher.append(ticket) }
        #expect(batcher.take(evenPartial: false) == [1, 2])
        #expect(batcher.take(evenPartial: true) == [3, 4])
        #expect(batcher.take(evenPartial: false) == nil)
        #expect(batcher.take(evenPartial: true) == [5])
    }

    @Test func aBatchHoldsItsBytesAndALargerCommandIsAlone() {
        let batcher = batcher { $0.batchBytes = 100 }
        for (ticket, bytes): (UInt64, Int) in [(1, 10), (2, 10), (3, 40), (4, 500), (5, 0)] {
            batcher.append(ticket, bytes: bytes)
        }
        #expect(batcher.take(evenPartial: true) == [1, 2])
        #expect(batcher.take(evenPartial: true) == [3])
        #expect(batcher.take(evenPartial: true) == [4])
        #expect(batcher.take(evenPartial: true) == [5])
    }

    @Test func aFullQueueRefuses() {
        let few = batcher { $0.pendingCommands = 2 }
        #expect(few.append(1) && few.append(2) && !few.append(3))
        let small = batcher { $0.pendingBytes = 2 * (Self.overhead + 10) }
        #expect(small.append(1, bytes: 10))
        #expect(!small.append(2, bytes: 11))
        #expect(small.append(3, bytes: 10))
        #expect(!small.append(4, bytes: 0))
        #expect(small.take(evenPartial: true) == [1, 3])
        #expect(small.append(5, bytes: 10))
    }

    @Test func countsReturnToZero() {
        let batcher = batcher { $0.batchCommands = 3 }
        for ticket: UInt64 in 1...7 { batcher.append(ticket, bytes: Int(ticket)) }
        #expect(batcher.state.commands == 7)
        #expect(batcher.state.bytes == 28 + 7 * Self.overhead)
        while batcher.take(evenPartial: true) != nil {}
        #expect(batcher.state.commands == 0 && batcher.state.bytes == 0 && batcher.state.isEmpty)
    }

    @Test func everybodyWhoWaitsIsKnown() {
        let batcher = batcher { $0.batchCommands = 2 }
        for ticket: UInt64 in 1...5 { batcher.append(ticket) }
        _ = batcher.take(evenPartial: false)
        #expect(batcher.state.tickets.map(\.rawValue) == [3, 4, 5])
    }
}

private final class TestBatcher {
    private(set) var state: Batcher

    init(limits: Limits) { state = Batcher(limits: limits) }

    @discardableResult
    func append(_ ticket: UInt64, bytes: Int = 1) -> Bool {
        state.append(
            .command(
                session: SessionID(rawValue: 1), sequence: ticket, firstUnacknowledged: 1,
                payload: Array(repeating: 0, count: bytes)[...]),
            payloadBytes: bytes, ticket: Ticket(rawValue: ticket))
    }

    /// The sequences of the batch taken, which must be its tickets.
    func take(evenPartial: Bool) -> [UInt64]? {
        guard let (proposal, tickets) = state.take(evenPartial: evenPartial) else { return nil }
        let sequences = proposal.entries.map { entry -> UInt64 in
            if case .command(_, let sequence, _, _) = entry { sequence } else { 0 }
        }
        #expect(sequences == tickets.map(\.rawValue))
        return sequences
    }
}
