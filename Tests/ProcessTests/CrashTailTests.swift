import DecreeSimulator
import Paxos
import Testing

@testable import DecreeCommand

/// Stores that begin above slot 1 are held against the log that was read from the running nodes.
@Suite struct CrashTailTests {
    /// A log of six slots.
    private var whole: LogCopy {
        var chain = Digest.zero
        let rows = (1...6).map { number in
            let proposal = Proposal(bytes: [1, 0] + Array(repeating: 0, count: number))
            chain = chain.chained(Slot(UInt64(number)), proposal.digest)
            return LogCopy.Row(slot: Slot(UInt64(number)), proposal: proposal, chain: chain)
        }
        return LogCopy(node: LogTail.name, rows: rows)
    }

    private func violations(_ store: LogCopy, whole: LogCopy, settled: Slot? = Slot(6)) -> [Violation] {
        var violations: [Violation] = []
        let linked = store.linked(to: whole, violations: &violations)
        return violations + LogComparison([whole, linked], settled: settled).violations
    }

    @Test func aStoreThatBeginsAtAFloorHangsOnTheWholeLog() {
        let store = LogCopy(node: 1, rows: Array(whole.rows[3...]))
        #expect(violations(store, whole: whole) == [])
    }

    @Test func anotherValueAboveTheFloorIsFound() {
        var store = LogCopy(node: 1, rows: Array(whole.rows[3...]))
        let other = Proposal(bytes: [1, 0, 9])
        store.rows[1] = LogCopy.Row(slot: Slot(5), proposal: other, chain: store.rows[1].chain)
        #expect(violations(store, whole: whole).contains { $0.detail.contains("different values in slot 5") })
    }

    @Test func aStoreOfAnotherHistoryBelowTheFloorIsFound() {
        var store = LogCopy(node: 1, rows: [])
        var chain = Digest(rawValue: 7)
        store.rows = whole.rows[3...].map { row in
            chain = chain.chained(row.slot, row.proposal.digest)
            return LogCopy.Row(slot: row.slot, proposal: row.proposal, chain: chain)
        }
        #expect(
            violations(store, whole: whole).contains {
                $0.detail.contains("chain of node 1 breaks at slot 4")
            })
    }

    @Test func whatNobodyReadIsFound() {
        let short = LogCopy(node: LogTail.name, rows: Array(whole.rows[..<2]))
        let store = LogCopy(node: 1, rows: Array(whole.rows[3...]))
        let found = violations(store, whole: short)
        #expect(found.contains { $0.detail == "node 1 begins at slot 4, and nobody read the one before" })
        #expect(found.contains { $0.detail.contains("node 0 ends at slot 2") })
    }
}
