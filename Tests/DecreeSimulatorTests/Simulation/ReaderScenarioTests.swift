import Testing

@testable import DecreeSimulator

/// Readers of the log: what they are given is what was executed, whatever befalls the nodes.
struct ReaderScenarioTests {
    /// Leaders die, all stop, and little of the log is kept: three readers, from the beginning, the middle and the end.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func readersAreGivenWhatWasExecuted(seed: UInt64) async {
        var scenario = Scenario(nodes: 3, seconds: 16, seed: seed)
        scenario.add(.tail, .tail(.beginning), from: 1, to: 1.1)
        scenario.add(.tail, .tail(.within(perMille: 500)), from: 4, to: 4.1)
        scenario.add(.tail, .tail(.end), from: 6, to: 6.1)
        for start in [3.0, 6.0, 9.0] {
            scenario.add(.kill, .stop(.leader, .kill), from: start, to: start + 0.7)
        }
        scenario.add(.powerCut, .stop(.all, .powerCut(.nothing)), from: 12, to: 12.5)
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.tailed > 300)
        #expect(report.counts.gaps > 0, "nothing was deleted before it was read")
    }

    /// All nodes are made again from a backup: a reader with a bookmark of the old log is told, and reads the new one.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func aReaderIsToldOfARestoredLog(seed: UInt64) async {
        var scenario = Scenario(nodes: 3, seconds: 10, seed: seed)
        scenario.add(.tail, .tail(.beginning), from: 1, to: 1.1)
        scenario.add(.restore, .restore(lostSlots: 5), from: 5, to: 5.1)
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.tailed > 100)
    }
}
