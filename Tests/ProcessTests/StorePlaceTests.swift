import Foundation
import Testing

/// `restore` and `recover` where a data directory is a mount point, or a symbolic link; and what they leave behind when
/// they fail.
@Suite(.serialized, .timeLimit(.minutes(6))) struct StorePlaceTests {
    private let files = FileManager.default

    /// A backup of a cluster with an account, and its stopped node.
    private func backup() async throws -> (cluster: ProcessCluster, backup: String) {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        let path = cluster.directory.path + "/backup"
        #expect(try await Tool.run(["backup", "--nodes", cluster.address(of: 1), path]).status == 0)
        #expect(try await cluster.stop() == [0])
        return (cluster, path)
    }

    private func names(_ path: String) throws -> [String] {
        try files.contentsOfDirectory(atPath: path).sorted()
    }

    private func expectService(_ cluster: ProcessCluster) async throws {
        try await cluster.startAndWait()
        #expect(try await cluster.balance() == "a holds 5\n")
        #expect(try await cluster.stop() == [0])
    }

    @Test func aDirectoryWithLostAndFoundIsEmpty() async throws {
        let (old, backup) = try await backup()
        defer { withExtendedLifetime(old) {} }
        let new = try ProcessCluster(nodes: 1)
        let directory = new.dataDirectory(of: 1)
        try files.createDirectory(atPath: directory + "/lost+found", withIntermediateDirectories: true)
        let before = try names(new.directory.path)
        let restored = try await Tool.run(["restore", backup, "--config", new.configurationFile(of: 1)])
        #expect(restored.status == 0, "\(restored.error)")
        #expect(try names(directory) == ["lost+found", "node.db"])
        #expect(try names(new.directory.path) == before, "nothing is left beside it")
        try await expectService(new)

        // Recovered, the old store is put aside within it.
        let recovered = try await Tool.run(["recover", "--force", "--yes", directory])
        #expect(recovered.status == 0, "\(recovered.error)")
        #expect(try names(new.directory.path) == before)
        #expect(try names(directory).contains { $0.hasPrefix("lost-quorum-") })
        #expect(try !names(directory).contains { $0.hasPrefix(".") })
        try await expectService(new)
    }

    @Test func aSymbolicLinkIsFollowed() async throws {
        let (old, backup) = try await backup()
        defer { withExtendedLifetime(old) {} }
        let new = try ProcessCluster(nodes: 1)
        let (directory, disk) = (new.dataDirectory(of: 1), new.directory.path + "/disk")
        try files.createSymbolicLink(atPath: directory, withDestinationPath: disk)
        let before = try names(new.directory.path)
        // Its disk is not mounted: nothing is written where it would be.
        let dangling = try await Tool.run(["restore", backup, "--config", new.configurationFile(of: 1)])
        #expect(dangling.status == 4, "\(dangling.error)")
        #expect(dangling.error.contains("it is a symbolic link to \(disk), which is not there"))
        #expect(try names(new.directory.path) == before)

        try files.createDirectory(atPath: disk, withIntermediateDirectories: false)
        let restored = try await Tool.run(["restore", backup, "--config", new.configurationFile(of: 1)])
        #expect(restored.status == 0, "\(restored.error)")
        #expect(try names(disk) == ["node.db"])
        try await expectService(new)
        let recovered = try await Tool.run(["recover", "--force", "--yes", directory])
        #expect(recovered.status == 0, "\(recovered.error)")
        #expect(try files.destinationOfSymbolicLink(atPath: directory) == disk, "the link is still one")
        #expect(try names(new.directory.path) == (before + ["disk"]).sorted())
        try await expectService(new)
    }

    @Test func whatIsNotEmptyIsRefusedBeforeAnythingIsWritten() async throws {
        let (old, backup) = try await backup()
        defer { withExtendedLifetime(old) {} }
        let new = try ProcessCluster(nodes: 1)
        let directory = new.dataDirectory(of: 1)
        try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(fileURLWithPath: directory + "/notes"))
        let before = try names(new.directory.path)
        let restored = try await Tool.run(["restore", backup, "--config", new.configurationFile(of: 1)])
        #expect(restored.status == 4, "\(restored.error)")
        #expect(
            restored.error.contains("there is something in it already (notes): empty it, or name another"))
        #expect(try names(directory) == ["notes"] && names(new.directory.path) == before)
    }

    /// A node is not founded where a restore was killed, and the next restore begins again.
    @Test func aRestoreThatWasKilledIsRunAgain() async throws {
        let (old, backup) = try await backup()
        defer { withExtendedLifetime(old) {} }
        let new = try ProcessCluster(nodes: 1)
        let directory = new.dataDirectory(of: 1)
        let left = directory + "/.restore.incomplete-1"
        try files.createDirectory(atPath: left, withIntermediateDirectories: true)
        let node = try await Tool.run(["node", "--config", new.configurationFile(of: 1)])
        #expect(node.status == 4, "\(node.error)")
        #expect(node.error.contains("\(left), of a `decree restore` that was killed or is under way"))
        #expect(try names(directory) == [".restore.incomplete-1"])
        let restored = try await Tool.run(["restore", backup, "--config", new.configurationFile(of: 1)])
        #expect(restored.status == 0, "\(restored.error)")
        #expect(try names(directory) == ["node.db"])
        try await expectService(new)
    }

    #if os(Linux)
        /// A file system of its own, seen by this test's processes alone. It is too small at first: what cannot be
        /// written leaves nothing, and nothing is ever written on the disk it is mounted on.
        @Test(.enabled(if: OwnMounts.arePossible)) func aMountPointIsRestoredAndRecovered() async throws {
            let (old, backup) = try await backup()
            defer { withExtendedLifetime(old) {} }
            let new = try ProcessCluster(nodes: 1)
            let directory = new.dataDirectory(of: 1)
            try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let script = """
                mount -t tmpfs -o size=16k tmpfs '\(directory)' && mkdir '\(directory)/lost+found' || exit 90
                "$0" restore '\(backup)' --config '\(new.configurationFile(of: 1))'
                echo "full $?"; ls -A '\(directory)'
                mount -o remount,size=64m '\(directory)' || exit 91
                "$0" restore '\(backup)' --config '\(new.configurationFile(of: 1))' || exit 92
                ls -A '\(directory)'
                "$0" log verify '\(directory)' || exit 93
                "$0" recover --force --yes '\(directory)' || exit 94
                "$0" log verify '\(directory)' || exit 95
                ls -A '\(directory)'
                """
            let before = try names(new.directory.path)
            let result = try await ToolProcess(
                [], input: nil, runner: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script]
            ).result()
            #expect(result.status == 0, "\(result.output)\(result.error)")
            #expect(result.output.hasPrefix("full 4\nlost+found\n"), "\(result.output)")
            #expect(result.error.contains("the disk is full, and nothing was kept"), "\(result.error)")
            #expect(result.output.contains("lost+found\nnode.db\n"), "\(result.output)")
            #expect(result.output.contains("\nlost-quorum-"))
            // Outside of that file system nothing has changed.
            #expect(try names(directory).isEmpty && names(new.directory.path) == before)
        }
    #endif
}
