import Decree
import DecreeClient
import Foundation
import Logging
import Testing

/// Nodes as processes of the built tool, each with a directory of its own, on free ports of loopback.
final class ProcessCluster {
    let directory: TemporaryDirectory
    private(set) var configurations: [NodeConfiguration]
    private let machine: String
    private var running: [Int: (process: ToolProcess, lifeline: Pipe)] = [:]

    init(
        nodes count: Int = 3, cluster: String = "bank", machine: String = "bank",
        snapshotCommands: Int = 2_000_000
    ) throws {
        self.machine = machine
        directory = try TemporaryDirectory()
        let members = try LoopbackPorts.free(count).enumerated().map {
            NodeConfiguration.Member(id: $0 + 1, host: "127.0.0.1", port: $1)
        }
        configurations = members.map { [path = directory.path] in
            NodeConfiguration(
                cluster: cluster, node: $0.id, nodes: members, dataDirectory: path + "/data-\($0.id)",
                snapshotCommands: snapshotCommands)
        }
        for configuration in configurations {
            _ = try directory.write(json(configuration), to: "\(configuration.node).json")
        }
    }

    var ids: [Int] { configurations.map(\.node) }

    /// What `--nodes` takes.
    var addresses: String { configurations[0].nodes.map { "\($0.host):\($0.port)" }.joined(separator: ",") }

    func dataDirectory(of id: Int) -> String { configurations[id - 1].dataDirectory }

    func configurationFile(of id: Int) -> String { directory.path + "/\(id).json" }

    /// Starts nodes, of another build if one is named; they end with this process, however that comes.
    func start(_ ids: [Int]? = nil, build executable: String? = nil, runner: [String] = []) throws {
        for id in ids ?? self.ids {
            let lifeline = Pipe()
            let process = try ToolProcess(
                ["node", "--config", configurationFile(of: id), "--machine", machine, "--stop-with-parent"],
                input: lifeline, runner: runner, executable: executable)
            running[id] = (process, lifeline)
        }
    }

    /// Starts nodes, and waits until they lead one another.
    func startAndWait(_ ids: [Int]? = nil, build executable: String? = nil) async throws {
        try start(ids, build: executable)
        let all = running.count
        let isReady = try await eventually {
            let statuses = try await self.statuses()
            return statuses.count == all && statuses.allSatisfy { $0.groups.allSatisfy { $0.leader != nil } }
                && statuses.contains { $0.groups.contains { $0.role == "leader" } }
        }
        try #require(isReady, "the nodes elect no leader: \(running.values.map(\.process.error))")
    }

    /// Sends a node that runs a signal.
    func signal(_ id: Int, _ signal: Int32) { running[id]?.process.signal(signal) }

    /// Whether a node that was started has not ended.
    func isRunning(_ id: Int) -> Bool { running[id]?.process.process.isRunning ?? false }

    /// What a node that runs has logged.
    func log(of id: Int) -> String { running[id]?.process.error ?? "" }

    /// The end of a node that is killed or ends by itself.
    func end(of id: Int) async throws -> Tool.Result {
        let node = running.removeValue(forKey: id)
        let (process, lifeline) = try #require(node, "node \(id) does not run")
        defer { withExtendedLifetime(lifeline) {} }
        return try await process.result()
    }

    /// SIGTERM to one.
    func stop(_ id: Int) async throws -> Tool.Result {
        running[id]?.process.signal(SIGTERM)
        return try await end(of: id)
    }

    /// Gives nodes that are stopped new ports, and tells them all.
    func move(_ moved: [Int]) throws {
        var members = configurations[0].nodes
        for (id, port) in zip(moved, try LoopbackPorts.free(moved.count)) { members[id - 1].port = port }
        for index in configurations.indices {
            configurations[index].nodes = members
            _ = try directory.write(json(configurations[index]), to: "\(index + 1).json")
        }
    }

    /// Changes what is in a node's file.
    func edit(_ id: Int, _ body: (inout NodeConfiguration) -> Void) throws {
        body(&configurations[id - 1])
        _ = try directory.write(json(configurations[id - 1]), to: "\(id).json")
    }

    /// Waits until a node's log says something.
    func says(_ id: Int, _ text: String) async throws -> Bool {
        await eventually(within: .seconds(20)) { self.log(of: id).contains(text) }
    }

    /// Pays one into the account, so many times.
    func deposit(_ count: Int, to account: String = "a") async throws {
        let lines = (0..<count).map { #"{"id":"\#($0)","op":"deposit","account":"\#(account)","amount":1}"# }
        let result = try await tool("bank", "run", input: lines.joined(separator: "\n"))
        try #require(result.status == 0, "\(result.error)")
    }

    /// What the account holds.
    func balance(of account: String = "a") async throws -> String {
        try await tool("bank", "balance", account).output
    }

    /// `kill -9`, and waits until the process is gone.
    func kill(_ id: Int) async throws {
        running[id]?.process.signal(SIGKILL)
        _ = try await end(of: id)
    }

    /// SIGTERM to all that run, and their exit codes.
    func stop() async throws -> [Int32] {
        for (process, _) in running.values { process.signal(SIGTERM) }
        var statuses: [Int32] = []
        for id in running.keys.sorted() { statuses.append(try await end(of: id).status) }
        return statuses
    }

    /// What the nodes that answer say of themselves.
    func statuses() async throws -> [NodeStatus] {
        let addresses = try #require(NodeAddress.list(addresses))
        let client = DecreeClient(
            .init(
                cluster: "", nodes: addresses,
                logger: Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() })))
        var statuses: [NodeStatus] = []
        for id in running.keys.sorted() {
            do throws(ClientError) {
                let bytes = try await client.status(of: addresses[id - 1])
                if let status = try? JSONDecoder().decode(NodeStatus.self, from: Data(bytes)) {
                    statuses.append(status)
                }
            } catch { continue }
        }
        await client.close()
        return statuses
    }

    /// Waits until all nodes have executed the same slots.
    func converge() async throws {
        let hasConverged = try await eventually {
            let statuses = try await self.statuses()
            return statuses.count == self.running.count
                && Set(statuses.map { $0.groups.map(\.executedThrough) }).count == 1
        }
        try #require(hasConverged, "the nodes do not catch up")
    }

    /// Runs the tool against the cluster.
    func tool(_ arguments: String..., input: String = "") async throws -> Tool.Result {
        try await Tool.run(arguments + ["--nodes", addresses], input: input)
    }
}

/// A configuration as a file holds it.
func json(_ configuration: NodeConfiguration) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(configuration), as: UTF8.self)
}

/// A socket that listens on loopback as long as somebody holds it.
final class Listener {
    let port: Int
    private let descriptor: Int32

    private struct InUse: Error {}

    init(port: Int) throws {
        #if canImport(Darwin)
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        self.port = port
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = UInt16(port).bigEndian
        let isListening = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    && listen(descriptor, 1) == 0
            }
        }
        guard isListening else { throw InUse() }
    }

    deinit { close(descriptor) }
}
