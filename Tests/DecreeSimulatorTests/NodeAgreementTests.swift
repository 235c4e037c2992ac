import Bank
import DecreeSimulator
import Paxos
import Testing

/// The judge, judged: nodes that do not agree, in their logs or their states.
@Suite struct NodeAgreementTests {
    var run = HandMade()

    private var copies: [LogCopy] { (1...3).map { run.copy($0) } }

    private func kinds(_ copies: [LogCopy]) -> [Violation.Kind] {
        LogComparison(copies, settled: run.last).violations.map(\.kind)
    }

    // MARK: Logs

    @Test func equalLogsPass() {
        let comparison = LogComparison(copies, settled: run.last)
        #expect(comparison.violations == [])
        #expect(comparison.chosen == run.chosen)
    }

    @Test func differentValuesInASlotAreFound() {
        var slots = run.slots
        slots[4] = .noOp
        let comparison = LogComparison([run.copy(1), run.copy(2), run.copy(3, slots)], settled: run.last)
        #expect(
            comparison.violations == [Violation(.logs, "nodes 3 and 1 hold different values in slot 5")])
    }

    @Test func aLogThatEndsEarlyIsFound() {
        var copies = copies
        copies[1].rows.removeLast()
        #expect(kinds(copies) == [.logs])
        #expect(LogComparison(copies).violations == [], "unless nothing settled")
    }

    @Test func aGapAndABrokenChainAreFound() {
        var copies = copies
        copies[0].rows.remove(at: 2)
        #expect(kinds(copies) == [.logs])
        copies = self.copies
        let row = copies[1].rows[2]
        copies[1].rows[2] = LogCopy.Row(slot: row.slot, proposal: row.proposal, chain: .zero)
        #expect(kinds(copies) == [.logs])
    }

    @Test func aLogMayBeginAboveAFloor() {
        var copies = copies
        let floor = copies[2].rows[1]
        copies[2] = LogCopy(
            node: 3, rows: Array(copies[2].rows.dropFirst(2)), floor: floor.slot, floorChain: floor.chain)
        #expect(kinds(copies) == [])
        copies[2].floorChain = .zero
        #expect(kinds(copies) == [.logs])
    }

    @Test mutating func noOpsAfterTheLoadMayBeUnknownToSome() {
        let settled = run.last
        let short = copies
        run.append([])
        #expect(LogComparison([run.copy(1), short[1], short[2]], settled: settled).violations == [])
    }

    @Test mutating func commandsAfterTheLoadAreFound() {
        let settled = run.last
        let short = copies
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        let comparison = LogComparison([run.copy(1), short[1], short[2]], settled: settled)
        #expect(comparison.violations.map(\.kind) == [.logs])
    }

    @Test func aLogWithAGapIsReplayedNoFurther() {
        var log = run.chosen
        log.remove(at: 3)
        let check = HistoryCheck(run.history, log: log, model: BankModel(), wording: .bank)
        #expect(check.through == Slot(3))
        #expect(check.kinds == [.logs, .lost])
    }

    // MARK: States

    @Test func aStateOfItsOwnIsFound() {
        var states = run.states
        states[1] = NodeState(
            node: 2, executedThrough: run.last, chain: states[0].chain, digest: Bank().digest())
        #expect(run.check(states).kinds == [.state])
        #expect(run.check(states, machine: nil).kinds == [.state], "nodes are held against one another")
        #expect(run.check([states[0], states[2]], machine: nil).violations == [])
    }

    @Test func aChainThatTheLogDoesNotMakeIsFound() {
        var states = run.states
        states[1] = NodeState(
            node: 2, executedThrough: run.last, chain: .zero, digest: states[0].digest)
        #expect(run.check(states).kinds == [.logs])
    }

    @Test mutating func aNodeBehindIsHeldAgainstTheStateOfItsSlot() {
        let behind = run.states[0]
        run.write(0, .deposit(.a, amount: 5))
        #expect(run.check([behind] + run.states).violations == [])
        let wrong = NodeState(
            node: 1, executedThrough: behind.executedThrough, chain: behind.chain,
            digest: run.states[0].digest)
        #expect(run.check([wrong]).kinds == [.state])
    }

    @Test func aNodeBeyondTheLogIsFound() {
        let state = run.states[0]
        let beyond = NodeState(
            node: 1, executedThrough: state.executedThrough.next, chain: state.chain, digest: state.digest)
        #expect(run.check([beyond]).kinds == [.logs])
    }

    @Test func anotherBankThanTheModelIsTold() {
        var model = BankModel()
        for (account, balance) in [(AccountName.a, Int64(70)), (.b, 87)] {
            _ = model.execute(
                BankCommand.open(account, balance: balance).bytes[...],
                at: LogPosition(slot: Slot(1), index: 0))
        }
        #expect(model.differences(from: run.bank) == [])
        #expect(model.differences(from: Bank()).count == 2)
        #expect(
            BankModel().differences(from: run.bank) == [
                "the bank has a, its model has not", "the bank has b, its model has not",
            ])
    }
}
