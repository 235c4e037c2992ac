import Bank
import Paxos
import Testing

@testable import DecreeCommand

/// The judge of crash tests, judged: what is stale, and nodes that do not agree.
@Suite struct CrashOrderTests {
    var run = HandMade()

    // MARK: Real time

    @Test mutating func aStaleReadIsFound() {
        let receipt = Receipt(executedThrough: Slot(5), consistency: .linearizable)
        run.record(0, .query(.balance(.b)), HandMade.outcome(BankResult.balance(80).reply, receipt))
        #expect(run.proof().kinds == [.stale], "slot 6 was acknowledged long before")
    }

    @Test mutating func aReadThatIsLabelledStaleMayBe() {
        let receipt = Receipt(executedThrough: Slot(5), consistency: .stale)
        run.record(0, .query(.balance(.b)), HandMade.outcome(BankResult.balance(80).reply, receipt))
        #expect(run.proof().violations == [])
    }

    @Test mutating func aReadBehindAnotherReadIsStale() {
        run.append([])
        run.read(0, .total)
        let receipt = Receipt(executedThrough: run.last.previous, consistency: .linearizable)
        run.record(1, .query(.total), HandMade.outcome(BankResult.balance(157).reply, receipt))
        #expect(run.proof().kinds == [.stale])
    }

    @Test func aTotalThatCannotBeIsFoundWithoutSlots() {
        var history = run.history
        let read = history.removeLast()
        // What it saw lacks the deposit of 7; the slot it names would pass.
        history.append(
            RecordedOperation(
                client: 1, number: 9, request: read.request, invoked: read.invoked, completed: read.completed,
                outcome: HandMade.outcome(
                    BankResult.balance(150).reply,
                    Receipt(executedThrough: run.last, consistency: .linearizable))))
        #expect(RealTimeOrder(history).violations.map(\.kind) == [.stale])
        #expect(RealTimeOrder(run.history).violations == [])
    }

    @Test mutating func aWriteInFrontOfWhatWasAcknowledgedIsFound() {
        let moved = run.history.remove(at: 0)
        run.record(0, moved.request, moved.outcome)
        #expect(run.proof().kinds == [.stale])
    }

    @Test mutating func whatOverlapsMayStandInAnyOrder() {
        let moved = run.history.remove(at: 0)
        run.history.append(
            RecordedOperation(
                client: 0, number: 1, request: moved.request, invoked: moved.invoked,
                completed: run.time + 100, outcome: moved.outcome))
        #expect(run.proof().violations == [])
    }

    // MARK: Nodes

    @Test func differentValuesInASlotAreFound() {
        var evidence = run.evidence()
        var slots = run.slots
        slots[4] = .noOp
        evidence.logs[2] = run.copy(3, slots)
        let kinds = Proof(evidence).kinds
        #expect(kinds == [.logs])
    }

    @Test func aLogThatEndsEarlyIsFound() {
        var evidence = run.evidence()
        evidence.logs[1].rows.removeLast()
        #expect(Proof(evidence).kinds == [.logs])
    }

    @Test func aGapAndABrokenChainAreFound() {
        var evidence = run.evidence()
        evidence.logs[0].rows.remove(at: 2)
        #expect(Proof(evidence).kinds.contains(.logs))
        evidence = run.evidence()
        let row = evidence.logs[1].rows[2]
        evidence.logs[1].rows[2] = LogCopy.Row(slot: row.slot, proposal: row.proposal, chain: .zero)
        #expect(Proof(evidence).kinds == [.logs])
    }

    @Test mutating func noOpsAfterTheLoadMayBeUnknownToSome() {
        var evidence = run.evidence()
        run.append([])
        evidence.logs[0] = run.copy(1)
        #expect(Proof(evidence).violations == [])
    }

    @Test mutating func commandsAfterTheLoadAreFound() {
        var evidence = run.evidence()
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        evidence.logs[0] = run.copy(1)
        #expect(Proof(evidence).kinds == [.logs])
    }

    @Test func aStateOfItsOwnIsFound() {
        var evidence = run.evidence()
        let state = evidence.states[1]
        evidence.states[1] = Evidence.NodeState(
            node: 2, executedThrough: state.executedThrough, chain: state.chain,
            stateDigest: Bank().digest().description)
        #expect(Proof(evidence).kinds == [.state])
    }

    @Test func aChainThatTheStoreDoesNotHoldIsFound() {
        var evidence = run.evidence()
        let state = evidence.states[1]
        evidence.states[1] = Evidence.NodeState(
            node: 2, executedThrough: state.executedThrough, chain: Digest.zero.description,
            stateDigest: state.stateDigest)
        #expect(Proof(evidence).kinds == [.logs])
    }
}
