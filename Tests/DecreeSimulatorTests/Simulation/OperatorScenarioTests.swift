import Testing

@testable import DecreeSimulator

/// What an operator does beside changing members: backups, and mistakes.
struct OperatorScenarioTests {
    /// Backups are taken while leaders die and the log is truncated: each is the log through some slot.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func aBackupIsTheLog(seed: UInt64) async {
        var scenario = Scenario(nodes: 3, seconds: 12, seed: seed)
        scenario.settings.paddingBytes = 200_000
        for start in [2.0, 5.0, 8.0] {
            scenario.add(.backup, .backup, from: start, to: start + 0.1)
            scenario.add(.kill, .stop(.leader, .kill), from: start + 0.05, to: start + 1)
        }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.backups == 3)
    }

    /// Every mistake is made, while members come and go: each is refused for what is so.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func mistakesAreRefused(seed: UInt64) async {
        var scenario = Scenario(nodes: 3, seconds: 24, seed: seed)
        scenario.settings.spares = 3
        scenario.add(.members, .operate(.join(isVoter: false)), from: 1.5, to: 1.6)
        scenario.add(.members, .operate(.replace), from: 5, to: 5.1)
        scenario.add(.members, .operate(.join(isVoter: true)), from: 12, to: 12.1)
        for (place, blunder) in (Blunder.allCases + Blunder.allCases).enumerated() {
            let start = 2 + 0.6 * Double(place)
            scenario.add(.blunder, .blunder(blunder), from: start, to: start + 0.1)
        }
        scenario.add(.kill, .stop(.leader, .kill), from: 15, to: 16)
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.refusals >= 20)
    }
}
