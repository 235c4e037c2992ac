import Paxos
import Testing

@testable import DecreeSimulator

/// Nodes of two builds, several groups, and clients within nodes' processes.
@Suite struct UpgradeScenarioTests {
    /// Three nodes of an older build are upgraded one after the other, with batches asked throughout: in the end, and not
    /// before, the version is raised. The older build knows batches, or does not.
    @Test(arguments: [2, 3] as [UInt16])
    func theVersionIsRaisedWhenTheLastNodeIsUpgraded(speaking version: UInt16) async {
        var scenario = Scenario(nodes: 3, seconds: 12)
        scenario.settings.speaking = [version, version, version]
        scenario.settings.configuration = scenario.settings.configuration.with(version: .first)
        for node in 0..<3 {
            let start = 2 + Double(node) * 3
            scenario.add(.upgrade, .upgrade(.node(node)), from: start, to: start + 1)
        }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.upgrades == 3)
        // Those that were refused, while a member knew no batches.
        #expect((report.counts.failed > 0) == (version < 3))
    }

    /// Two stay what they are: nothing is raised, and everybody is served all the same.
    @Test func nodesOfTwoBuildsServeForAsLongAsNeedBe() async {
        var scenario = Scenario(nodes: 5, seconds: 10)
        scenario.settings.speaking = [3, 3, 3, 4, 4]
        scenario.settings.upgradesAll = false
        scenario.settings.configuration = scenario.settings.configuration.with(version: .first)
        scenario.add(.upgrade, .upgrade(.node(0)), from: 2, to: 3)
        scenario.add(.kill, .stop(.leader, .kill), from: 5, to: 6)
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.upgrades == 1)
    }

    /// Each group is served and judged by itself, though their numbers end in the same bits and requests are passed on.
    @Test func groupsWhoseNumbersEndAlikeAreServedApart() async {
        var scenario = Scenario(nodes: 3, seconds: 10)
        scenario.settings.companions = [GroupID(2), GroupID(65_537)]
        scenario.settings.residents = 3
        scenario.add(.kill, .stop(.leader, .kill), from: 3, to: 4)
        scenario.add(.terminate, .terminate(.node(1)), from: 6, to: 7)
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.snapshots > 0)
    }
}
