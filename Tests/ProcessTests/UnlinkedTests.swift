import Decree
import Foundation
import Testing

/// Scenario UnlinkedStore (24): a node's files go away while it runs.
@Suite(.serialized, .timeLimit(.minutes(4))) struct UnlinkedTests {
    private let files = FileManager.default

    private func expectEnd(of node: Int, in cluster: ProcessCluster, since start: ContinuousClock.Instant)
        async throws
    {
        let result = try await cluster.end(of: node)
        // A second to notice, and one for a busy machine.
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(result.status == 4, "\(result.error)")
        let last = result.error.split(separator: "\n").last ?? ""
        #expect(
            last.hasPrefix(
                "decree: the files of \(cluster.dataDirectory(of: node)) were deleted, replaced or cut off while the node ran: "
            ),
            "\(last)")
        #expect(last.contains("decree member replace"))
    }

    /// `rm -rf` under load.
    @Test func deletedUnderLoad() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "0").status == 0)
        let lines = (0..<2_000).map { #"{"id":"\#($0)","op":"deposit","account":"a","amount":1}"# }
        _ = try cluster.directory.write(lines.joined(separator: "\n"), to: "deposits")
        let load = try ToolProcess(
            ["bank", "run", "--nodes", cluster.addresses, "--deadline", "30"],
            input: FileHandle(
                forReadingFrom: URL(fileURLWithPath: cluster.directory.path + "/deposits")))
        let begun = try await eventually {
            try await cluster.statuses().contains { ($0.groups.first?.executedThrough ?? 0) > 20 }
        }
        #expect(begun)
        let start = ContinuousClock.now
        try files.removeItem(atPath: cluster.dataDirectory(of: 2))
        try await expectEnd(of: 2, in: cluster, since: start)
        #expect(try await load.status() == 0)
        #expect(try await cluster.balance() == "a holds 2000\n", "the others go on")
        #expect(try await cluster.stop() == [0, 0])
    }

    /// Moved away, and an empty directory in its place, while no client asks anything.
    @Test func movedAwayWhileIdle() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "7").status == 0)
        try await cluster.converge()
        let directory = cluster.dataDirectory(of: 3)
        let start = ContinuousClock.now
        try files.moveItem(atPath: directory, toPath: directory + ".moved")
        try files.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try await expectEnd(of: 3, in: cluster, since: start)
        // Put back, as it is told, it goes on.
        try files.removeItem(atPath: directory)
        try files.moveItem(atPath: directory + ".moved", toPath: directory)
        try await cluster.startAndWait([3])
        try await cluster.converge()
        #expect(try await cluster.balance() == "a holds 7\n")
        #expect(try await cluster.stop() == [0, 0, 0])
    }
}
