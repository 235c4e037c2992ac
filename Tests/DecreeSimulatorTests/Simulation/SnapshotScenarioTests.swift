import Paxos
import Testing

@testable import DecreeSimulator

/// Nodes that lack what the others have deleted.
struct SnapshotScenarioTests {
    /// GapBelowFloor: the others have deleted what a node lacks, and then it has to lead. It fills the gap with a
    /// snapshot, never with no-ops.
    @Test func whoLacksWhatIsDeletedLeads() async {
        var scenario = Scenario(nodes: 3, seconds: 16)
        scenario.add(.kill, .stop(.node(0), .kill), from: 2, to: 9)
        // As soon as it is back, the other two take turns in being away: it must help, and lead.
        scenario.add(.pause, .pause(.node(1)), from: 9.2, to: 12)
        scenario.add(.pause, .pause(.node(2)), from: 12.2, to: 15)
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.installs >= 1, "nobody went on from a snapshot")
        #expect(report.counts.elections >= 2)
    }

    /// MidInstallKill: death at every operation of the disk while a snapshot of several chunks is installed, and a
    /// client's retries behind it.
    @Test func deathAtEachOperationOfAnInstall() async {
        var installs = 0
        for operation in 1...30 { installs += await deathInAnInstall(atOperation: operation) }
        // Where the row that completes it was durable and the node died before it knew, it starts from the snapshot.
        #expect(installs >= 25, "few went on from a snapshot")
    }

    private func deathInAnInstall(atOperation operation: Int) async -> Int {
        var scenario = Scenario(nodes: 3, seconds: 9)
        scenario.settings.paddingBytes = 150_000
        scenario.settings.limits.snapshotCommands = 10
        scenario.add(.kill, .stop(.node(0), .kill), from: 2, to: 6)
        scenario.add(
            .crashInCommit,
            .stopInDisk(
                .node(0), atOperation: operation, operation % 2 == 0 ? .kill : .powerCut(.tornPages)),
            from: 6.005, to: 7)
        let report = await scenario.run()
        #expect(report.violations == [], "operation \(operation)")
        #expect(report.counts.deaths >= 2, "no node died at operation \(operation)")
        return report.counts.installs
    }

    /// Two snapshots at work on one disk, its own and a peer's: neither is deleted as the other's beginning.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func aNodeTakesASnapshotWhileItInstallsAnother(seed: UInt64) async {
        var scenario = Scenario(nodes: 3, seconds: 14, seed: seed)
        scenario.settings.paddingBytes = 260_000
        scenario.settings.limits.snapshotCommands = 20
        scenario.settings.diskMicroseconds = 3_000
        for start in stride(from: 2.0, to: 13.0, by: 1.5) {
            scenario.add(.partition, .partition(.apart([0])), from: start, to: start + 0.8)
            scenario.add(.snapshot, .operate(.snapshot), from: start + 0.82, to: start + 0.83)
            scenario.add(.snapshot, .operate(.snapshot), from: start + 0.86, to: start + 0.87)
        }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.installs >= 1, "nobody went on from a snapshot")
    }
}
