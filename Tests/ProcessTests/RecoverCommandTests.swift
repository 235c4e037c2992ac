import DecreeStore
import Foundation
import Testing

@testable import DecreeCommand

/// What is left of `decree recover` and its kin when they are killed, or the disk is full.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RecoverCommandTests {
    let files = FileManager.default

    /// A node that has executed something, and is stopped.
    func cluster() async throws -> (ProcessCluster, directory: String) {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        #expect(try await cluster.stop() == [0])
        return (cluster, cluster.dataDirectory(of: 1))
    }

    /// As `recover` leaves it when it is killed between its two moves.
    func interrupt(_ directory: String) async throws -> (fresh: String, evidence: String) {
        let done = try await Tool.run(["recover", "--force", "--yes", "--json", directory])
        #expect(done.status == 0, "\(done.error)")
        let evidence = try #require(try done.objects().first?["evidence"] as? String)
        let fresh = evidence.replacingOccurrences(of: "/lost-quorum-", with: "/.recovered-")
        try files.createDirectory(atPath: fresh, withIntermediateDirectories: false)
        try files.moveItem(atPath: directory + "/node.db", toPath: fresh + "/node.db")
        return (fresh, evidence)
    }

    @Test func aRecoveryThatWasKilledIsFinishedByTheNext() async throws {
        let (cluster, directory) = try await cluster()
        let (fresh, evidence) = try await interrupt(directory)

        // A node that is started now must not found an empty store and vote with it.
        let node = try await Tool.run(["node", "--config", cluster.configurationFile(of: 1)])
        #expect(
            node.status == 4 && node.error.contains("decree recover --force \(directory)"), "\(node.error)")
        #expect(!files.fileExists(atPath: directory + "/node.db"))

        let done = try await Tool.run(["recover", "--force", directory])
        #expect(done.status == 0, "\(done.error)")
        #expect(done.output.contains("was killed") && done.output.contains("\(directory) (node 1 of"))
        #expect(done.output.contains(evidence) && files.fileExists(atPath: evidence))
        #expect(!files.fileExists(atPath: fresh))
        try await cluster.startAndWait()
        #expect(try await cluster.balance() == "a holds 5\n")
    }

    @Test func whatIsNotWholeIsNotPutIntoItsPlace() async throws {
        let (cluster, directory) = try await cluster()
        defer { withExtendedLifetime(cluster) {} }
        let (fresh, _) = try await interrupt(directory)
        let database = fresh + "/node.db"
        try files.moveItem(atPath: database, toPath: fresh + "/kept")
        try Data(repeating: 1, count: 8_192).write(to: URL(fileURLWithPath: database))
        let refused = try await Tool.run(["recover", "--force", directory])
        #expect(refused.status == 4 && !files.fileExists(atPath: directory + "/node.db"), "\(refused)")
        try files.removeItem(atPath: database)
        try files.moveItem(atPath: fresh + "/kept", toPath: database)
        #expect(try await Tool.run(["recover", "--force", directory]).status == 0)
    }

    @Test func whatAnEarlierRunLeftIsClearedAwayOrNamed() async throws {
        let (cluster, directory) = try await cluster()
        defer { withExtendedLifetime(cluster) {} }
        let leftover = directory + "/.recovered-1"
        try files.createDirectory(atPath: leftover, withIntermediateDirectories: false)
        let done = try await Tool.run(["recover", "--force", directory], input: "bank\n")
        #expect(done.status == 0 && !files.fileExists(atPath: leftover), "\(done.error)")
        #expect(done.output.contains("to go on: \n"), "the prompt ends its line: \(done.output)")
        #expect(done.output.contains("--config"), "and says how the others come back")

        // Another store has come into the place of one that waits for it.
        let (fresh, _) = try await interrupt(directory)
        try files.copyItem(atPath: fresh + "/node.db", toPath: directory + "/node.db")
        let refused = try await Tool.run(["recover", "--force", "--yes", directory])
        #expect(refused.status == 4 && refused.error.contains(fresh), "\(refused.error)")
        #expect(files.fileExists(atPath: fresh + "/node.db"))
    }

    @Test func aRecoveredStoreThatIsGoneIsNotBegunAnewUnderItsName() async throws {
        let (cluster, directory) = try await cluster()
        let (fresh, evidence) = try await interrupt(directory)
        try files.removeItem(atPath: fresh)
        let node = try await Tool.run(["node", "--config", cluster.configurationFile(of: 1)])
        #expect(node.status == 4 && node.error.contains(evidence), "\(node.error)")
        let leftovers = UnfinishedRecovery(in: directory)
        #expect(throws: ToolError.self) { try leftovers.refuseToFound(isJoining: false) }
        #expect(throws: Never.self) { try leftovers.refuseToFound(isJoining: true) }
    }

    /// The old database is aside, and its write-ahead log, or the new database, is not in its place yet.
    @Test(arguments: [true, false])
    func whereverItIsKilledTheOldLogIsNeverReadWithoutItsDatabase(_ isLogMoved: Bool) async throws {
        let (cluster, directory) = try await cluster()
        let (fresh, evidence) = try await interrupt(directory)
        if !isLogMoved {
            try? files.moveItem(atPath: evidence + "/node.db-wal", toPath: directory + "/node.db-wal")
        }
        let node = try await Tool.run(["node", "--config", cluster.configurationFile(of: 1)])
        #expect(node.status == 4 && node.error.contains("decree recover --force"), "\(node.error)")
        #expect(try await Tool.run(["recover", "--force", directory]).status == 0)
        #expect(!files.fileExists(atPath: directory + "/node.db-wal") && !files.fileExists(atPath: fresh))
        #expect(
            try await Tool.run(["log", "verify", directory, evidence]).output.contains(
                "which have no log in common"))
        try await cluster.startAndWait()
        #expect(try await cluster.balance() == "a holds 5\n")
    }

    /// Killed before the old database is moved, it is as if it had not run.
    @Test func killedBeforeAnythingIsMovedItHasDoneNothing() async throws {
        let (cluster, directory) = try await cluster()
        let (fresh, evidence) = try await interrupt(directory)
        for name in try files.contentsOfDirectory(atPath: evidence) {
            try files.moveItem(atPath: evidence + "/" + name, toPath: directory + "/" + name)
        }
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "deposit", "a", "1").status == 0)
        #expect(try await cluster.stop() == [0])
        #expect(try await Tool.run(["recover", "--force", "--yes", directory]).status == 0)
        #expect(!files.fileExists(atPath: fresh) && !files.fileExists(atPath: evidence))
        try await cluster.startAndWait()
        #expect(try await cluster.balance() == "a holds 6\n")
    }

    @Test(arguments: [
        StoreError.diskFull(file: "f"), .ioError(file: "f", operation: "write", detail: "No space left"),
    ])
    func whatCannotBeWrittenLeavesNothingAndNamesNoNode(_ failure: StoreError) async throws {
        let parent = try TemporaryDirectory()
        let directory = try WholeDirectory(parent.path + "/backup")
        let error = await #expect(throws: ToolError.self) {
            try await directory.make { unfinished in
                try Data([1]).write(to: URL(fileURLWithPath: unfinished + "/node.db"))
                throw failure
            }
        }
        #expect(error?.status == .store && error?.description.contains("then run this again") == true)
        #expect(error?.description.contains("start the node") == false)
        #expect(try files.contentsOfDirectory(atPath: parent.path).isEmpty)
    }
}
