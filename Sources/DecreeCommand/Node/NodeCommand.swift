public import ArgumentParser
import Bank
import Decree
import Foundation
public import Logging
import Paxos
import ServiceLifecycle
import UnixSignals

/// `decree node`: one durable node.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Run one durable node until SIGTERM.",
        discussion: """
            The configuration is JSON:

              {"cluster": "bank", "node": 1, "dataDirectory": "data/1",
               "nodes": [{"id": 1, "host": "127.0.0.1", "port": 7001},
                         {"id": 2, "host": "127.0.0.1", "port": 7002},
                         {"id": 3, "host": "127.0.0.1", "port": 7003}]}

            Optional keys: heartbeatMilliseconds (50), electionTimeoutMilliseconds (500). Unknown keys are \
            refused. Options given here override the file.

            SIGTERM and SIGINT stop the node gracefully: it hands the lead over and writes what is left. \
            Killing it by any other means loses nothing that was acknowledged.
            """)

    @Option(help: ArgumentHelp("The node's configuration.", valueName: "file"))
    var config: String

    @Option(
        help: ArgumentHelp(
            "The directory of the node's store, instead of the file's.", valueName: "directory"))
    var dataDirectory: String?

    @Option(help: ArgumentHelp("The node's id, instead of the file's.", valueName: "id"))
    var node: Int?

    @Option(help: "How much to log on standard error: trace, debug, info, notice, warning, error, critical.")
    var logLevel = Logger.Level.info

    @Option(help: "What the log is executed on: bank, or append, which only counts opaque values.")
    var machine = MachineKind.bank

    @Flag(help: .hidden)
    var stopWithParent = false

    func run() async throws {
        if stopWithParent { Self.stopWhenStandardInputCloses() }
        var configuration = try NodeConfiguration.load(from: config)
        if let dataDirectory { configuration.dataDirectory = dataDirectory }
        if let node { configuration.node = node }
        var logger = Logger(label: "decree", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = logLevel
        let node = try Node(
            configuration: configuration, machine: machine.machine, kind: machine.rawValue, logger: logger)
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: node, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await services.run()
    }

    /// Whoever started the node holds its standard input open; when that process is gone, so is the reason
    /// for this one.
    private static func stopWhenStandardInputCloses() {
        let watcher = Thread {
            while let data = try? FileHandle.standardInput.read(upToCount: 1), !data.isEmpty {}
            kill(getpid(), SIGTERM)
        }
        watcher.start()
    }
}

/// The state machines the tool's nodes know. The store remembers which one it was created with, and is
/// refused by a node of another.
enum MachineKind: String, CaseIterable, ExpressibleByArgument {
    case bank
    case append

    /// The state before the first command.
    var machine: any StateMachine {
        switch self {
        case .bank: Bank()
        case .append: AppendMachine()
        }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
