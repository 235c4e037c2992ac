import Paxos
import Testing

@testable import DecreeSimulator

/// One disk of three is not what it was, at a time when its node's vote decides.
struct DiskScenarioTests {
    /// What becomes of the disk of the first node.
    struct Ill: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let kind: FaultKind
        let effect: Fault.Effect
        let start: Double
        var isFencedFor = false

        static let all = [
            Ill(
                testDescription: "WalRot", kind: .rot,
                effect: .rot(node: 0, file: .log, place: 500, bit: 3), start: 5.5),
            Ill(
                testDescription: "HeaderRot", kind: .rot, effect: .rot(node: 0, file: .log, place: 0, bit: 5),
                start: 5.5),
            Ill(
                testDescription: "RowRot", kind: .rot,
                effect: .rotRow(node: 0, .value, place: 700, bit: 2), start: 5.5),
            Ill(testDescription: "DiskSwap", kind: .diskSwap, effect: .diskSwap(0, 2), start: 5.5),
            Ill(
                testDescription: "OldBackupRestored", kind: .oldImage, effect: .oldImage(node: 0), start: 2.5,
                isFencedFor: true),
        ]
    }

    @Test(arguments: Ill.all) func aDiskIsNotWhatItWas(_ ill: Ill) async {
        var scenario = Scenario(nodes: 3, seconds: 16)
        scenario.settings.victims = [0]
        scenario.settings.spares = 1
        // Rows stay long enough to rot.
        scenario.settings.limits.snapshotCommands = 2_000
        scenario.settings.checkpointPages = 8
        if ill.kind == .oldImage { scenario.settings.limits.snapshotCommands = 40 }
        scenario.add(ill.kind, ill.effect, from: ill.start, to: 6.5)
        // From now on the other two need the first, until it is replaced.
        scenario.add(.pause, .pause(.node(1)), from: 6.6, to: 9)
        let report = await scenario.run()
        #expect(report.violations == [])
        if ill.isFencedFor {
            #expect(report.counts.disksLost == 1)
            #expect(report.counts.fenced == 1)
            #expect(report.counts.joins == 1, "nobody came in its place")
        }
    }

    /// A value that rotted is learnt from others, and the node goes on.
    @Test func aRottenValueIsMended() async {
        var scenario = Scenario(nodes: 3, seconds: 10)
        scenario.settings.victims = [0]
        scenario.settings.limits.snapshotCommands = 2_000
        scenario.settings.checkpointPages = 8
        // A value that is short, or not in the database yet, does not rot.
        for place in [300, 450, 600, 750] {
            scenario.add(.rot, .rotRow(node: 0, .value, place: place, bit: 1), from: 5, to: 5.1)
        }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.mended >= 1)
        #expect(report.counts.retired == 0, "it was given up")
    }

    /// LostDisk: a node is wiped while another is slow. It votes for nothing under its old id, and another comes in its
    /// place.
    @Test func aLostDiskDoesNotVote() async {
        var scenario = Scenario(nodes: 3, seconds: 16)
        scenario.settings.victims = [1]
        scenario.settings.spares = 1
        scenario.add(.slowDisk, .slowDisk(.node(2), microseconds: 500_000), from: 4, to: 9)
        scenario.add(.wipe, .wipe(node: 1), from: 5, to: 5.1)
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.disksLost == 1)
        #expect(report.counts.fenced == 1)
        #expect(report.counts.joins == 1)
    }

    /// SlowDisk: a leader whose disk is slow for long gives the lead to one whose is not.
    @Test func theLeadLeavesASlowDisk() async {
        var scenario = Scenario(nodes: 3, seconds: 14)
        scenario.add(.slowDisk, .slowDisk(.leader, microseconds: 500_000), from: 3, to: 13)
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.elections >= 2, "the slow one led on")
        #expect(report.counts.slots >= 100)
    }

    /// A follower whose disk is slow slows nobody: there is no election, and no fewer slots than without it.
    @Test func aSlowFollowerSlowsNobody() async {
        let quiet = await Scenario(nodes: 3, seconds: 14).run()
        var fewest = Int.max
        for node in 0..<3 {
            var scenario = Scenario(nodes: 3, seconds: 14)
            scenario.add(.slowDisk, .slowDisk(.node(node), microseconds: 500_000), from: 3, to: 13)
            let report = await scenario.run()
            #expect(report.violations == [])
            fewest = min(fewest, report.counts.slots)
        }
        #expect(fewest * 3 > quiet.counts.slots, "\(fewest) slots, \(quiet.counts.slots) without a slow disk")
    }
}
