import Decree
import Foundation
import Testing

/// What the tool says of a directory that is not what it should be, and its exit code: what is wrong, and what the one
/// who reads it can do.
@Suite(.serialized, .timeLimit(.minutes(6))) struct WrongPlaceTests {
    private let files = FileManager.default

    private func cluster(machine: String = "bank") async throws -> ProcessCluster {
        let cluster = try ProcessCluster(nodes: 1, machine: machine)
        try await cluster.startAndWait()
        return cluster
    }

    private func link(_ path: String, to target: String) throws {
        try files.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    private func expect(
        _ result: Tool.Result, _ status: Int32, _ parts: String..., never: [String] = [],
        at location: SourceLocation = #_sourceLocation
    ) {
        let text = result.output + result.error
        #expect(result.status == status, "\(text)", sourceLocation: location)
        for part in parts { #expect(text.contains(part), "\(text)", sourceLocation: location) }
        for part in never { #expect(!text.contains(part), "\(text)", sourceLocation: location) }
    }

    // MARK: Backups

    @Test func aBackupThatCannotBeWritten() async throws {
        let cluster = try await cluster()
        let place = cluster.directory.path
        func backup(_ directory: String) async throws -> Tool.Result {
            try await Tool.run(["backup", "--nodes", cluster.address(of: 1), directory])
        }
        let before = try files.contentsOfDirectory(atPath: place).sorted()
        let long = String(repeating: "x", count: 250)
        expect(
            try await backup(place + "/" + long), 4,
            "writing failed (File name too long), and nothing was kept",
            "Check the path and the disk, then run this again", never: ["Error Domain"])
        let file = cluster.configurationFile(of: 1)
        expect(
            try await backup(file + "/backup"), 4, "\(file) cannot be written: it is a file",
            never: ["data directory"])
        expect(try await backup(""), 2, "the directory has no name: name the directory to make")
        #expect(try files.contentsOfDirectory(atPath: place).sorted() == before)

        try link(place + "/link", to: place + "/nowhere")
        expect(try await backup(place + "/link"), 2, "\(place)/link is there already: name another directory")
        #expect(try await cluster.stop() == [0])
    }

    #if os(Linux)
        @Test(.enabled(if: geteuid() == 0)) func aBackupOnAFileSystemThatIsReadOnly() async throws {
            let cluster = try await cluster()
            let place = cluster.directory.path + "/disk"
            try files.createDirectory(atPath: place, withIntermediateDirectories: false)
            let script = """
                mount -t tmpfs -o ro tmpfs '\(place)' || { echo 'cannot mount'; exit 4; }
                exec "$0" backup --nodes \(cluster.address(of: 1)) '\(place)/backup'
                """
            let result = try await ToolProcess(
                [], input: nil, runner: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script]
            ).result()
            if !result.output.contains("cannot mount") {
                expect(
                    result, 4, "failed (Read-only file system), and nothing was kept", never: ["Error Domain"]
                )
            }
            #expect(try await cluster.stop() == [0])
        }
    #endif

    /// No node runs on a backup, whatever is wrong with it.
    @Test func whatIsWrongWithABackupNamesNoNode() async throws {
        let cluster = try await cluster()
        let path = cluster.directory.path + "/backup"
        #expect(try await Tool.run(["backup", "--nodes", cluster.address(of: 1), path]).status == 0)
        #expect(try await cluster.stop() == [0])
        let ofNodes = ["start no node", "member replace", "must not vote"]
        func verify(_ path: String, _ status: Int32, _ parts: String...) async throws {
            let result = try await Tool.run(["log", "verify", path])
            for part in parts + ["take another with `decree backup`"] {
                expect(result, status, part, never: ofNodes)
            }
        }
        let store = URL(fileURLWithPath: path + "/node.db")
        let bytes = try Data(contentsOf: store)
        let unfinished = path + ".incomplete-1"
        try files.copyItem(atPath: path, toPath: unfinished)
        try await verify(unfinished, 1, "it is not finished")
        for cut in [bytes.prefix(8_192), Data(String(repeating: "not SQLite's. ", count: 1_000).utf8)] {
            try cut.write(to: store)
            let result = try await Tool.run(["log", "verify", path])
            #expect(result.status == 1 || result.status == 4)
            expect(result, result.status, "take another with `decree backup`", never: ofNodes)
        }
        try bytes.write(to: store)
        try files.removeItem(atPath: path + "/backup.json")
        try await verify(path, 1, "there is no end mark", "`decree restore --accept-unmarked` takes it")
        let new = try ProcessCluster(nodes: 1)
        expect(
            try await Tool.run(["restore", path, "--config", new.configurationFile(of: 1)]), 1,
            "`decree restore --accept-unmarked` takes it")
    }

    // MARK: Reading

    @Test func aReaderIsNotToldToStartANode() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("{}", to: "node.json")
        for command in ["inspect", "verify", "audit"] {
            expect(
                try await Tool.run(["log", command, file]), 4,
                "failed (Not a directory): check the path, its permissions and the disk",
                never: ["given up", "start the node"])
        }
    }

    // MARK: Nodes

    /// A node that waits for others would find out only when all are there.
    @Test func aLinkToADiskThatIsNotMounted() async throws {
        let cluster = try ProcessCluster()
        let (directory, disk) = (cluster.dataDirectory(of: 1), cluster.directory.path + "/disk")
        try link(directory, to: disk)
        let message =
            "\(directory) cannot be the data directory: it is a symbolic link to \(disk), which is not there; mount or "
            + "make that first"
        let config = cluster.configurationFile(of: 1)
        expect(try await Tool.run(["node", "--config", config]), 4, message)
        let below = directory + "/data"
        expect(
            try await Tool.run(["node", "--config", config, "--data-directory", below]), 4,
            "\(below) cannot be the data directory: \(directory) is a symbolic link to \(disk)")
        expect(
            try await Tool.run(["node", "--config", config, "--data-directory", directory + "/"]), 4,
            "\(directory)/ cannot be the data directory: \(directory) is a symbolic link to \(disk)")
        expect(
            try await Tool.run([
                "node", "--join", cluster.addresses, "--listen", cluster.address(of: 1), "--data-directory",
                directory,
            ]), 4, message)
    }

    @Test func aStoreOfAnotherMachine() async throws {
        let cluster = try await cluster(machine: "append")
        #expect(try await cluster.stop() == [0])
        expect(
            try await Tool.run(["node", "--config", cluster.configurationFile(of: 1), "--machine", "bank"]),
            4,
            "\(cluster.dataDirectory(of: 1)) has a log for the machine \"append\", and this node was started with "
                + "\"bank\": start it with --machine append")
    }
}
