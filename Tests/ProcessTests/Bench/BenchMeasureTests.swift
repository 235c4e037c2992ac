import Decree
import Foundation
import Paxos
import Testing

@testable import DecreeCommand

@Suite struct BenchMeasureTests {
    @Test func percentilesComeInMicroseconds() {
        var latencies = Latencies()
        for microseconds in 1...1_000 { latencies.record(nanoseconds: UInt64(microseconds) * 1_000) }
        #expect(latencies.count == 1_000)
        #expect(abs(latencies.microseconds(at: 50) - 500) < 1)
        #expect(abs(latencies.microseconds(at: 99) - 990) < 1.5)
        #expect(Latencies().microseconds(at: 50) == 0)
    }

    @Test func latenciesBeyondTheScaleCountAsItsEnd() {
        var latencies = Latencies()
        latencies.record(nanoseconds: .max)
        #expect(latencies.count == 1)
        #expect(latencies.microseconds(at: 100) >= 99_000_000)
    }

    @Test func warmUpAndEndAreNotMeasured() {
        let schedule = LoadSchedule(start: 1_000, warmupSeconds: 1, seconds: 2, rate: nil)
        #expect(!schedule.isMeasured(1_000_000_999))
        #expect(schedule.isMeasured(1_000_001_000) && schedule.isMeasured(3_000_000_999))
        #expect(!schedule.isMeasured(3_000_001_000))
    }

    @Test func refusalsAreAnswersAndTheRestAreErrors() {
        var tally = Tally()
        tally.countAnswer(.ok(reply: [], Receipt()))
        tally.countAnswer(.rejected(reason: "insufficientFunds", Receipt()))
        tally.countError("first")
        var other = Tally()
        other.countError("first")
        other.countError("second")
        tally.add(other)
        #expect(tally.answered == 2 && tally.rejected == 1 && tally.errors == 3)
        #expect(tally.reasons == ["first": 2, "second": 1])
        #expect(Outcome.rejected(reason: "r", Receipt()).trouble == nil)
        #expect(Outcome.failed(.closed).trouble != nil && Outcome.unknown(.closed, Receipt()).trouble != nil)
    }

    @Test func theFloorIsTheLowerOfBothEnds() {
        func floor(_ commit: Double) -> Floor {
            Floor(
                processes: 3, fdatasyncMicroseconds: 80, commitMicroseconds: 100,
                concurrentCommitMicroseconds: commit, concurrentCommitsPerSecond: 1e6 / commit,
                loopbackMicroseconds: 50)
        }
        let lowest = floor(200).lowest(with: floor(500))
        #expect(lowest.concurrentCommitMicroseconds == 200)
        #expect(lowest.commandMicroseconds == 300)
        #expect(lowest.drift == 2)
        #expect(floor(500).lowest(with: floor(200)).drift == 0.5)
    }

    @Test func theFloorsOfFileAndStoreAreMeasured() throws {
        let directory = NSTemporaryDirectory() + "decree-floor-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(try FileFloor.measure(in: directory, seconds: 0.05) > 0)
        var wasReady = false
        var commits = try CommitFloor(directory: directory + "/store", valueBytes: 256)
        let (median, perSecond) = try commits.measure(seconds: 0.05) { wasReady = true }
        #expect(median > 0 && perSecond > 0)
        #expect(wasReady)
    }
}

@Suite struct BenchUsageTests {
    /// A node's status, of which only a few figures matter here.
    private func status(
        _ node: Int, role: String = "follower", process: Int = 1, fsyncs: Int, cpu: Int, slow: Int = 0
    ) throws -> NodeStatus {
        let json = """
            {"cluster": "c", "node": \(node), "store": "0", "processIdentifier": \(process),
             "groups": [{"group": 1, "role": "\(role)", "ballot": [1, 1], "chosenThrough": 0,
             "executedThrough": 0, "floor": 0, "chain": "0", "stateDigest": "0", "sessions": 0,
             "slotsInFlight": 0, "pendingCommands": 0}], "persistSequence": 0, "isReadOnly": false,
             "storeBytes": 4096, "fsyncs": \(fsyncs), "commits": 0, "commitP50Microseconds": 1,
             "commitP99Microseconds": 1, "processorMicroseconds": \(cpu), "connectedPeers": [],
             "clientRequests": 0, "slowCommits": \(slow), "slowCommitMicroseconds": \(slow * 50_000)}
            """
        return try JSONDecoder().decode(NodeStatus.self, from: Data(json.utf8))
    }

    @Test func costsAreTheDifferenceOfTwoLooks() throws {
        let before = ClusterProbe.Look(
            nodes: [
                try status(1, role: "leader", fsyncs: 10, cpu: 1_000, slow: 1),
                try status(2, fsyncs: 20, cpu: 500),
                try status(3, process: 7, fsyncs: 99, cpu: 99), try status(4, fsyncs: 99, cpu: 99),
            ], ownProcessorMicroseconds: 100)
        let after = ClusterProbe.Look(
            nodes: [
                try status(1, role: "leader", fsyncs: 60, cpu: 3_000, slow: 3),
                try status(2, fsyncs: 80, cpu: 1_500),
                try status(3, process: 8, fsyncs: 1, cpu: 1), try status(4, fsyncs: 1, cpu: 1),
            ], ownProcessorMicroseconds: 600)
        let usage = Usage(from: before, to: after, commands: 500)
        #expect(usage.leader == 1 && !usage.didLeaderChange)
        #expect(usage.nodes.map(\.node) == [1, 2], "a node that was started anew has counts of its own")
        #expect(usage.leaderFsyncs == 50 && usage.allFsyncs == 110)
        #expect(usage.perCommand(usage.leaderFsyncs) == 0.1)

        let load = Load(clients: 4, rate: nil, warmupSeconds: 0, seconds: 1, seed: 1)
        var row = BenchRow(
            LoadGenerator.Result(tally: Tally(), usage: usage), load: load,
            workload: try Workload(work: .bank, accounts: 2, valueBytes: 0), connections: 8)
        #expect(row.cpuMicrosecondsPerCommand == ["1": 4, "2": 2])
        #expect(row.cpuMicrosecondsPerCommandBench == 1)
        #expect(row.commandsPerFsync == 10)
        row.p50Microseconds = 300
        row.floor = Floor(
            processes: 3, fdatasyncMicroseconds: 1, commitMicroseconds: 1, concurrentCommitMicroseconds: 100,
            concurrentCommitsPerSecond: 5_000,
            loopbackMicroseconds: 25)
        #expect(row.p50ToFloor == 2)
        let table = BenchTable(title: "title", rows: [row]).text
        #expect(table.contains("4.00*") && table.contains("150 µs"))
        #expect(row.slowCommits == ["1": 2, "2": 0] && row.slowCommitMicroseconds["1"] == 100_000)
        #expect(table.contains("commits of 20 ms and more: node 1 2 of 100.0 ms together"))
    }

    @Test func aNodeWithinTheLoadGeneratorIsCountedOnce() throws {
        let looks = try [1_000, 3_000].map { cpu in
            ClusterProbe.Look(
                nodes: [try status(1, role: "leader", fsyncs: 0, cpu: cpu)],
                ownProcessorMicroseconds: UInt64(cpu))
        }
        let usage = Usage(from: looks[0], to: looks[1], commands: 500, isInNode: true)
        #expect(usage.nodes.first?.processorMicroseconds == 2_000 && usage.ownProcessorMicroseconds == 0)
    }

    @Test func aLeaderThatChangedIsNoticed() throws {
        let before = ClusterProbe.Look(
            nodes: [try status(1, role: "leader", fsyncs: 0, cpu: 0), try status(2, fsyncs: 0, cpu: 0)],
            ownProcessorMicroseconds: 0)
        let after = ClusterProbe.Look(
            nodes: [try status(1, fsyncs: 0, cpu: 0), try status(2, role: "leader", fsyncs: 0, cpu: 0)],
            ownProcessorMicroseconds: 0)
        #expect(Usage(from: before, to: after, commands: 0).didLeaderChange)
    }
}
