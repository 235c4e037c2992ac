import DecreeSimulator
import Paxos
import Testing

/// The search at work: histories too long to draw, what it says of a violation, and when it gives up.
@Suite struct LinearizabilitySearchTests {
    @Test(arguments: 0..<20) func eightClientsAtABankAreExplained(seed: UInt64) {
        let search = ConcurrentBank(seed: seed).search()
        #expect(search.verdict == .linearizable, "seed \(seed), \(search.configurations) configurations")
        #expect(search.operations > 150)
    }

    @Test(arguments: 0..<20) func oneWrongBalanceIsFound(seed: UInt64) {
        var bank = ConcurrentBank(seed: seed, unknown: 0)
        let spoilt = bank.spoilOne(of: 100..<150)
        #expect(spoilt != nil)
        let search = bank.search()
        #expect(search.violations.map(\.kind) == [.notLinearizable], "seed \(seed): \(search.verdict)")
    }

    @Test func whatIsUnknownDoesNotExcuseAWrongBalance() throws {
        // A history of which the search must look at all that may have been: few clients, few unknown.
        var bank = ConcurrentBank(seed: 3, clients: 4, operations: 40, unknown: 6)
        #expect(bank.search().verdict == .linearizable)
        let spoilt = bank.spoilOne(of: 20..<40)
        let index = try #require(spoilt)
        let search = bank.search()
        #expect(search.violations.count == 1, "\(bank.history[index]): \(search.verdict)")
    }

    @Test func theOneThatCannotBePlacedIsTold() throws {
        var line = Timeline()
        line.write(0, "1", 0...10)
        line.write(0, "2", 20...30)
        line.read(1, sees: "1", 40...50)
        line.write(2, "3", 45...60)
        line.read(0, sees: "3", 70...80)
        guard case .violation(let text) = line.verdict else {
            Issue.record("found \(line.verdict)")
            return
        }
        #expect(
            text.hasPrefix("no order explains operation 2 of client 1, query \"\", answered \"1\""), "\(text)"
        )
        #expect(text.contains("after 2 answers that have one"), "\(text)")
        #expect(text.contains("operation 3 of client 2"), "\(text)")
        #expect(!text.contains("operation 4"), "it came later: \(text)")
    }

    @Test func beyondItsLimitItGivesUpAndSaysSo() {
        let bank = ConcurrentBank(seed: 1)
        #expect(bank.search(limit: 20).verdict == .undecided)
        #expect(bank.search(limit: 20).violations == [])
    }

    // MARK: The opening of a history

    @Test func anOpeningHoldsWhatWasKnownWhenTheNextWasAsked() throws {
        var line = Timeline()
        line.write(0, "1", 0...10)
        line.write(1, "2", 5...100)
        line.failedWrite(2, "3", 6...100)
        line.read(3, sees: "2", 20...30)
        let opening = Linearizability.opening(of: line.operations, count: 3)
        #expect(opening.map(\.completed) == [10, nil, 100])
        #expect(opening.map(\.outcome.isAnswered) == [true, false, false])
        guard case .failed = opening[2].outcome else {
            Issue.record("what failed stays failed")
            return
        }
        #expect(Linearizability.opening(of: line.operations, count: 4).count == 4)
    }

    @Test func anOpeningDoesNotHoldAReadAgainstAWriteItLeavesOut() {
        var line = Timeline()
        line.write(0, "1", 0...10)
        line.read(1, sees: "2", 15...20)
        line.write(0, "2", 20...30)
        #expect(line.isLinearizable)
        let opening = Linearizability.opening(of: line.operations, count: 2)
        #expect(Linearizability(opening, model: RegisterModel()).verdict == .linearizable)
    }

    @Test(arguments: 0..<10) func everyOpeningOfAnExplainedHistoryIsExplained(seed: UInt64) {
        let history = ConcurrentBank(seed: seed).history
        for count in stride(from: 10, to: history.count, by: 30) {
            let opening = Linearizability.opening(of: history, count: count)
            let search = Linearizability(opening, model: BankModel())
            #expect(search.verdict == .linearizable, "seed \(seed), \(count) operations")
        }
    }
}
