import Decree
import Foundation

/// Node processes on this machine, each `decree node` with a configuration, a directory and a log of its
/// own: what the demo, the crash test and the benchmark run. Killing is SIGKILL, by process id.
final class LocalCluster {
    /// One node, whether or not it runs.
    struct Member {
        let configuration: NodeConfiguration
        /// What `decree` is started with.
        let arguments: [String]
        let logPath: String
        fileprivate(set) var process: Process?
        /// Keeps the node's standard input open: it stops when this process ends, however that comes.
        fileprivate var lifeline: Pipe?
    }

    let directory: String
    private(set) var members: [Int: Member] = [:]
    private let executable: String
    private let nodeArguments: [String]
    private let snapshotCommands: Int?

    /// Lays out `count` nodes under `directory`, on free ports of the loopback interface. Each is started
    /// with `nodeArguments` besides its configuration, and takes snapshots as often as is said.
    init(
        nodes count: Int, directory: String, cluster: String, nodeArguments: [String] = [],
        snapshotCommands: Int? = nil
    ) throws {
        self.directory = directory
        self.nodeArguments = nodeArguments
        self.snapshotCommands = snapshotCommands
        executable = try Self.ownExecutable()
        let ports = try LoopbackPorts.free(count)
        let addresses = (1...count).map {
            NodeConfiguration.Member(id: $0, host: "127.0.0.1", port: ports[$0 - 1])
        }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        for id in 1...count {
            var configuration = NodeConfiguration(
                cluster: cluster, node: id, nodes: addresses, dataDirectory: "\(directory)/node-\(id)")
            if let snapshotCommands { configuration.snapshotCommands = snapshotCommands }
            try configuration.validate()
            let path = "\(directory)/node-\(id).json"
            try encoder.encode(configuration).write(to: URL(fileURLWithPath: path))
            members[id] = Member(
                configuration: configuration,
                arguments: ["node", "--config", path, "--stop-with-parent"] + nodeArguments,
                logPath: "\(directory)/node-\(id).log")
        }
    }

    /// Takes in a node that is to join under the id that comes next, and does not start it yet. From then on it is one
    /// like all others: the same command starts it again, before and after it has joined.
    func add(_ id: Int, joining addresses: [String], replacing replaced: Int? = nil) throws {
        guard members[id] == nil, let cluster = members.first?.value.configuration.cluster else { return }
        let address = NodeConfiguration.Member(
            id: id, host: "127.0.0.1", port: try LoopbackPorts.free(1)[0])
        var arguments = [
            "node", "--join", addresses.joined(separator: ","), "--listen", "\(address.host):\(address.port)",
            "--data-directory", dataDirectory(of: id), "--stop-with-parent",
        ]
        if let replaced { arguments += ["--replace", "\(replaced)"] }
        if let snapshotCommands { arguments += ["--snapshot-commands", "\(snapshotCommands)"] }
        members[id] = Member(
            configuration: NodeConfiguration(
                cluster: cluster, node: id, nodes: [address], dataDirectory: dataDirectory(of: id)),
            arguments: arguments + nodeArguments, logPath: "\(directory)/node-\(id).log")
    }

    /// A node that has ended is none of the cluster's any more.
    @discardableResult
    func remove(_ id: Int) -> Member? {
        isRunning(id) ? nil : members.removeValue(forKey: id)
    }

    /// All ids, ascending.
    var ids: [Int] { members.keys.sorted() }

    /// `host:port` of every node.
    var addresses: [String] {
        ids.compactMap { members[$0]?.configuration.address }.map { "\($0.host):\($0.port)" }
    }

    /// The data directory of a node.
    func dataDirectory(of id: Int) -> String { "\(directory)/node-\(id)" }

    func isRunning(_ id: Int) -> Bool { members[id]?.process?.isRunning ?? false }

    /// Whether a node was started here at all, running or not.
    func wasStarted(_ id: Int) -> Bool { members[id]?.process != nil }

    /// The process id of a running node.
    func processIdentifier(of id: Int) -> Int32? {
        isRunning(id) ? members[id]?.process?.processIdentifier : nil
    }

    /// Starts a node; its log goes on where it was.
    ///
    /// - Parameter runner: a program, and its arguments, that becomes the node in the process it is given.
    func start(_ id: Int, by runner: [String] = []) throws {
        guard let member = members[id], !isRunning(id) else { return }
        let (process, lifeline) = try run(member.arguments, by: runner, logPath: member.logPath)
        // Foundation keeps the pipes of processes that have ended: after a thousand starts there would be no more.
        try? member.lifeline?.fileHandleForWriting.close()
        members[id]?.process = process
        members[id]?.lifeline = lifeline
    }

    /// Runs the tool; it stops when what keeps its standard input open is let go.
    func run(
        _ arguments: [String], by runner: [String] = [], logPath: String
    ) throws -> (process: Process, lifeline: Pipe) {
        let process = Process()
        let command = runner + [executable] + arguments
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        var environment = ProcessInfo.processInfo.environment
        environment["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = environment
        if !FileManager.default.fileExists(atPath: logPath) {
            _ = FileManager.default.createFile(atPath: logPath, contents: nil)
        }
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: logPath))
        try log.seekToEnd()
        let lifeline = Pipe()
        process.standardInput = lifeline
        process.standardOutput = log
        process.standardError = log
        try process.run()
        try log.close()
        return (process, lifeline)
    }

    func startAll() throws { for id in ids { try start(id) } }

    /// `kill -9`, and waits until the process is gone.
    func kill(_ id: Int) {
        signal(id, SIGKILL)
        members[id]?.process?.waitUntilExit()
    }

    func signal(_ id: Int, _ signal: Int32) {
        guard let process = members[id]?.process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, signal)
    }

    /// SIGTERM to all, and waits. Returns the exit codes by node; a node that does not stop within ten
    /// seconds is killed, and has none.
    func stopAll() -> [Int: Int32] {
        for id in ids { signal(id, SIGTERM) }
        var codes: [Int: Int32] = [:]
        let end = Date().addingTimeInterval(10)
        for id in ids {
            guard let process = members[id]?.process else { continue }
            while process.isRunning, Date() < end { usleep(10_000) }
            if process.isRunning {
                kill(id)
            } else if process.terminationReason == .exit {
                codes[id] = process.terminationStatus
            }
        }
        return codes
    }

    /// The last lines a node logged: what to show when it did not do as it should.
    func logTail(of id: Int, lines: Int = 8) -> String {
        guard let path = members[id]?.logPath, let text = try? String(contentsOfFile: path, encoding: .utf8)
        else { return "" }
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    private static func ownExecutable() throws -> String {
        guard let path = Bundle.main.executablePath else {
            throw ToolError(.usage, "cannot find the decree executable to start nodes with")
        }
        return path
    }
}
