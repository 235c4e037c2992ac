import Decree
import Foundation
import Testing

/// What a node says of bad input, and its exit code. Nothing is lost by it.
@Suite(.serialized, .timeLimit(.minutes(6))) struct BadInputTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func members(_ count: Int) throws -> [NodeConfiguration.Member] {
        try LoopbackPorts.free(count).enumerated().map { .init(id: $0 + 1, host: "127.0.0.1", port: $1) }
    }

    private func configuration(
        cluster: String = "bank", node: Int = 1, nodes: [NodeConfiguration.Member]? = nil
    ) throws -> NodeConfiguration {
        NodeConfiguration(
            cluster: cluster, node: node, nodes: try nodes ?? members(1),
            dataDirectory: directory.path + "/data")
    }

    /// Runs a node that is to refuse.
    private func run(_ configuration: String) async throws -> Tool.Result {
        let file = try directory.write(configuration, to: "node.json")
        return try await Tool.run(["node", "--config", file])
    }

    private func run(_ configuration: NodeConfiguration) async throws -> Tool.Result {
        try await run(json(configuration))
    }

    // MARK: Configuration: code 2

    @Test(
        arguments: [
            (
                #"{"cluster":"bank","node":1,"dataDirectory":"/nowhere/data","nodes":[],"speed":3}"#,
                #"unknown key "speed""#
            ),
            (#"{"cluster":"bank","node":1,"dataDirectory":"/nowhere/data"}"#, #""nodes" is missing"#),
            (
                #"{"cluster":"bank","node":"1","dataDirectory":"/nowhere/data","nodes":[]}"#,
                "another type is expected at node"
            ),
            (
                #"{"cluster":"bank","node":1,"dataDirectory":"/nowhere/data","nodes":[]}"#,
                #""nodes" is empty"#
            ),
            (#"{"cluster":"bank","#, "not valid JSON"),
        ])
    func aConfigurationThatMakesNoSense(text: String, message: String) async throws {
        let result = try await run(text)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.error.hasPrefix("decree: ") && result.error.contains(message))
        #expect(result.error.contains("node.json"), "it names the file")
    }

    @Test func aConfigurationThatContradictsItself() async throws {
        let three = try members(3)
        func expect(_ configuration: NodeConfiguration, _ message: String) async throws {
            let result = try await run(configuration)
            #expect(result.status == 2)
            #expect(result.error.contains(message), "\(result.error)")
        }
        var twice = three
        twice[1].id = 1
        try await expect(configuration(nodes: twice), #"node id 1 is listed twice in "nodes""#)
        twice = three
        twice[1].port = twice[0].port
        try await expect(configuration(nodes: twice), #"is listed twice in "nodes": each node needs its own"#)
        try await expect(
            configuration(node: 7, nodes: three), #"this node is 7, which "nodes" does not list"#)
        try await expect(configuration(nodes: members(10)), "a cluster is created with at most 9")
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/data"))
    }

    @Test func aFileThatCannotBeRead() async throws {
        for path in [directory.path + "/nowhere.json", directory.path] {
            let result = try await Tool.run(["node", "--config", path])
            #expect(result.status == 2)
            #expect(result.error.contains("cannot read \(path): check that the file exists and may be read"))
        }
    }

    @Test func aPortInUse() async throws {
        let configuration = try configuration()
        let listener = try Listener(port: configuration.nodes[0].port)
        let result = try await run(configuration)
        #expect(result.status == 2)
        #expect(
            result.error.contains(
                "cannot listen on 127.0.0.1:\(listener.port): Address already in use; "
                    + #"stop what uses the port or change it in "nodes""#))
    }

    // MARK: Stores: code 4

    /// A cluster of one with an account, stopped.
    private func stoppedCluster() async throws -> ProcessCluster {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        #expect(try await cluster.stop() == [0])
        return cluster
    }

    /// Starts a node as `configuration` says, which must be refused with `messages` and change no file's
    /// contents. (A log that is there is written over itself before it is believed; where there is none, an
    /// empty file of its name does no harm.)
    private func expectRefusal(
        _ configuration: NodeConfiguration, _ messages: String...,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        func files() throws -> [String: Data] {
            try TemporaryDirectory.contents(of: configuration.dataDirectory)
                .filter { $0.key != "node.lock" && !$0.value.isEmpty }
        }
        let before = try files()
        let result = try await run(configuration)
        #expect(result.status == 4, sourceLocation: location)
        #expect(result.error.contains("decree: "), sourceLocation: location)
        for message in messages {
            #expect(result.error.contains(message), "\(result.error)", sourceLocation: location)
        }
        #expect(try files() == before, sourceLocation: location)
    }

    @Test func aDirectoryOfSomebodyElse() async throws {
        let cluster = try await stoppedCluster()
        let own = cluster.configurations[0]
        var other = own
        other.cluster = "shop"
        try await expectRefusal(other, #"belongs to cluster "bank", not "shop": check the data directory"#)
        other = own
        other.nodes[0].id = 2
        other.node = 2
        try await expectRefusal(other, "belongs to node 1, not node 2: check the data directory")

        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "balance", "a").output == "a holds 5\n")
    }

    @Test func aNewerFormat() async throws {
        let cluster = try await stoppedCluster()
        let database = cluster.dataDirectory(of: 1) + "/node.db"
        let version = try #require(try sql("PRAGMA user_version", on: database).first.flatMap { Int($0) })
        try sql("PRAGMA user_version = \(version + 1)", on: database)
        try await expectRefusal(
            cluster.configurations[0],
            "has format \(version + 1), this version knows formats up to \(version)",
            "run the version that wrote it")
        try sql("PRAGMA user_version = \(version)", on: database)
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "balance", "a").output == "a holds 5\n")
    }

    @Test func aFileThatIsNoDatabase() async throws {
        let cluster = try await stoppedCluster()
        let path = cluster.dataDirectory(of: 1)
        try FileManager.default.removeItem(atPath: path + "/node.db-wal")
        try Data(String(repeating: "not SQLite's. ", count: 1_000).utf8)
            .write(to: URL(fileURLWithPath: path + "/node.db"))
        try await expectRefusal(
            cluster.configurations[0], "is not a Decree store", "give the node another data directory")
    }

    /// Alone, a node has nobody to learn from what it had written.
    @Test(
        arguments: [
            (
                "UPDATE promise SET ballot = ballot + 65536",
                "corrupt: promise group 1: the row differs from its checksum"
            ),
            ("UPDATE accepted SET value = x'0105' WHERE slot = 1", "there are no others"),
        ])
    func aRowThatRots(update: String, message: String) async throws {
        let cluster = try await stoppedCluster()
        let database = cluster.dataDirectory(of: 1) + "/node.db"
        try sql(update, on: database)
        let result = try await run(cluster.configurations[0])
        #expect(result.status == 4)
        #expect(result.error.contains(message), "\(result.error)")
        #expect(result.error.contains("This node must not vote: keep the directory as evidence"))
        #expect(try await Tool.run(["log", "verify", cluster.dataDirectory(of: 1)]).status == 1)
    }

    @Test func aDirectoryInUse() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        let path = cluster.dataDirectory(of: 1)
        var second = cluster.configurations[0]
        second.nodes[0].port = try LoopbackPorts.free(1)[0]
        let refused = try await run(second)
        #expect(refused.status == 4)
        #expect(refused.error.contains("\(path) is in use by process "))
        #expect(refused.error.contains("stop that node first, or give this one another data directory"))
        for command in ["inspect", "verify"] {
            let result = try await Tool.run(["log", command, path])
            #expect(result.status == 4)
            #expect((result.output + result.error).contains("is in use by process "))
        }
        #expect(try await cluster.tool("bank", "balance", "a").output == "a holds 5\n", "it goes on serving")
        #expect(try await cluster.stop() == [0])
    }
}
