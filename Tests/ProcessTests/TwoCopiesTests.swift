import Decree
import Foundation
import Testing

/// Scenario TwoCopies (19): a node's directory is copied, and both run, on real processes. `scripts/two-copies.py` plays
/// many more rounds.
@Suite(.serialized, .timeLimit(.minutes(6))) struct TwoCopiesTests {
    private let files = FileManager.default

    /// Three nodes, an account, and a copy of the third at a port of its own.
    private final class Pair {
        let cluster: ProcessCluster
        private var copy: (process: ToolProcess, lifeline: Pipe)?

        init() async throws {
            cluster = try ProcessCluster()
            try await cluster.startAndWait()
            #expect(try await cluster.tool("bank", "open", "a", "0").status == 0)
            try await cluster.converge()
        }

        var copyDirectory: String { cluster.directory.path + "/data-copy" }

        func makeCopy() throws {
            try FileManager.default.copyItem(atPath: cluster.dataDirectory(of: 3), toPath: copyDirectory)
            var configuration = cluster.configurations[2]
            configuration.dataDirectory = copyDirectory
            configuration.nodes[2].port = try LoopbackPorts.free(1)[0]
            _ = try cluster.directory.write(json(configuration), to: "copy.json")
        }

        func startCopy() throws {
            let lifeline = Pipe()
            let process = try ToolProcess(
                ["node", "--config", cluster.directory.path + "/copy.json", "--stop-with-parent"],
                input: lifeline)
            copy = (process, lifeline)
        }

        func isCopyRunning() -> Bool { copy?.process.process.isRunning ?? false }

        func endOfCopy() async throws -> Tool.Result {
            let copy = try #require(copy)
            self.copy = nil
            return try await copy.process.result()
        }

        func killCopy() async throws {
            copy?.process.signal(SIGKILL)
            _ = try await endOfCopy()
        }

        /// Waits until one of the two has ended, and holds that it was fenced. Returns whether it was the copy.
        func waitForFence() async throws -> Bool {
            let start = ContinuousClock.now
            let hasEnded = try await eventually {
                // Some time passes.
                _ = try await self.cluster.statuses()
                return !self.isCopyRunning() || !self.cluster.isRunning(3)
            }
            try #require(hasEnded, "both run on: \(copy?.process.error ?? "")")
            let isCopy = !isCopyRunning()
            let result = try await isCopy ? endOfCopy() : cluster.end(of: 3)
            #expect(ContinuousClock.now - start < .seconds(10))
            #expect(result.status == 4, "\(result.error)")
            let last = result.error.split(separator: "\n").last ?? ""
            #expect(last.hasPrefix("decree: this node is fenced and must not vote: "), "\(last)")
            #expect(last.contains("run `decree member replace 3 HOST:PORT --nodes …`"), "\(last)")
            return isCopy
        }

        /// Starts the one that was fenced again: it stays out, whatever else runs.
        func expectFenceStays(ofCopy isCopy: Bool) async throws {
            if isCopy { try startCopy() } else { try cluster.start([3]) }
            let again = try await isCopy ? endOfCopy() : cluster.end(of: 3)
            #expect(again.status == 4)
            let directory = isCopy ? copyDirectory : cluster.dataDirectory(of: 3)
            #expect(
                again.error.contains("decree: \(directory) is fenced, and no node can start on it: "),
                "\(again.error)")
        }
    }

    /// What the report of the fault did: copied while it was stopped, both started, and an election by node 1 and the
    /// one of the two that had not taken the deposits.
    @Test(arguments: [1, 2, 3]) func copiedWhileStopped(_ round: Int) async throws {
        let pair = try await Pair()
        let cluster = pair.cluster
        #expect(try await cluster.stop(3).status == 0)
        try pair.makeCopy()
        try cluster.start([3])
        try pair.startCopy()
        let isCopy = try await pair.waitForFence()
        // The other goes on: with node 1 dead, it and node 2 take deposits.
        try await cluster.kill(1)
        try await cluster.deposit(10)
        try await cluster.kill(2)
        try cluster.start([1])
        let balance = try await cluster.tool("bank", "balance", "a", "--deadline", "30")
        #expect(balance.output == "a holds 10\n", "\(balance.error)")
        try await pair.expectFenceStays(ofCopy: isCopy)
        // Also where no node is up that knows.
        try await cluster.kill(1)
        try await pair.expectFenceStays(ofCopy: isCopy)
        if !isCopy { try await pair.killCopy() }
    }

    /// The original goes on: it votes, and the copy does not.
    @Test(arguments: [true, false]) func copiedWhileRunning(_ isLater: Bool) async throws {
        let pair = try await Pair()
        let cluster = pair.cluster
        try await cluster.deposit(5)
        try await cluster.converge()
        try pair.makeCopy()
        if isLater { try await cluster.deposit(5) }
        try pair.startCopy()
        let result = try await pair.endOfCopy()
        #expect(result.status == 4, "\(result.error)")
        #expect(cluster.isRunning(3))
        let refused = try await eventually {
            _ = try await cluster.statuses()
            return [1, 2].contains { cluster.log(of: $0).contains("refusing a second process of a peer") }
        }
        #expect(refused, "\(cluster.log(of: 1))")
        try await pair.expectFenceStays(ofCopy: true)
        #expect(try await cluster.balance() == "a holds \(isLater ? 10 : 5)\n")
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// The original is stopped (SIGSTOP): the copy goes on in its place, and the original ends when it comes back.
    @Test func theOriginalStandsStillMeanwhile() async throws {
        let pair = try await Pair()
        let cluster = pair.cluster
        try await cluster.converge()
        try pair.makeCopy()
        cluster.signal(3, SIGSTOP)
        try pair.startCopy()
        // Without node 1, node 2 needs the copy's vote.
        try await cluster.kill(1)
        let deposit = try await cluster.tool("bank", "deposit", "a", "1", "--deadline", "30")
        #expect(deposit.status == 0 && pair.isCopyRunning(), "\(deposit.error)")
        try cluster.start([1])
        cluster.signal(3, SIGCONT)
        let original = try await cluster.end(of: 3)
        #expect(original.status == 4, "\(original.error)")
        #expect(pair.isCopyRunning())
        try await pair.expectFenceStays(ofCopy: false)
        try await pair.killCopy()
    }
}
