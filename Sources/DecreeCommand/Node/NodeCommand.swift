public import ArgumentParser
import Bank
import Decree
import DecreeClient
import DecreeStore
import Foundation
public import Logging
import Paxos
import ServiceLifecycle
import UnixSignals
import ValueLog

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

            Optional keys: listen (where this node listens, such as "0.0.0.0:7001"; its entry in "nodes" unless given), \
            heartbeatMilliseconds (50), electionTimeoutMilliseconds (500), snapshotMebibytes (128), \
            snapshotCommands (2000000). Unknown keys are refused. Options given here override the file. A cluster is \
            created with the nodes of this list as its voters; from then on `decree member` changes them, and the list \
            is only where nodes are looked for first.

            A new node comes into a cluster that exists with an empty directory, and no configuration:

              decree node --join 10.0.0.1:7001 --listen 10.0.0.4:7001 --data-directory data/4

            It is given an id, learns what the others know, and votes when it has caught up. Its configuration then \
            stands in data/4/node.json. The same command starts it again; with another --listen it listens there from then \
            on, which `decree member move` tells the others. --advertise says where the others reach it, if it listens at 0.0.0.0.

            SIGTERM and SIGINT stop the node gracefully: it hands the lead over and writes what is left. \
            Killing it by any other means loses nothing that was acknowledged.
            """)

    @Option(help: ArgumentHelp("The node's configuration.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Join the cluster of these nodes, of which one that is up is enough, instead of reading a file.",
            valueName: "host:port,…"), transform: NodeList.init(argument:))
    var join: NodeList?

    @Option(
        help: ArgumentHelp(
            "With --join: where this node listens, and is reached by the others unless --advertise says where.",
            valueName: "host:port"),
        transform: NodeList.init(argument:))
    var listen: NodeList?

    @Option(
        help: ArgumentHelp(
            "With --join: where the others reach this node, if it listens at all addresses of its machine.",
            valueName: "host:port"), transform: NodeList.init(argument:))
    var advertise: NodeList?

    @Flag(help: "With --join: learn and execute, and never vote, unless promoted.")
    var nonVoter = false

    @Option(
        help: ArgumentHelp(
            "With --join: take the place of this voter, which leaves when this node has caught up.",
            valueName: "id"))
    var replace: Int?

    @Option(
        help: ArgumentHelp(
            "The directory of the node's store, instead of the file's.", valueName: "directory"))
    var dataDirectory: String?

    @Option(help: ArgumentHelp("The node's id, instead of the file's.", valueName: "id"))
    var node: Int?

    @Option(
        help: ArgumentHelp(
            "Commands between two snapshots, instead of the file's: the same on each node.", valueName: "n"))
    var snapshotCommands: Int?

    @Option(help: "How much to log on standard error: trace, debug, info, notice, warning, error, critical.")
    var logLevel = Logger.Level.info

    @Option(
        help: ArgumentHelp(
            "What the log is executed on, the same on each node and for good: bank; or append, which takes any "
                + "value and leaves it in the log, for `decree append` and `decree tail`.", valueName: "kind")
    )
    var machine = MachineKind.bank

    @Flag(help: .hidden)
    var stopWithParent = false

    func run() async throws {
        if stopWithParent { Self.stopWhenStandardInputCloses() }
        OpenFiles.raiseLimit()
        var logger = Logger(label: "decree", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = logLevel
        if join != nil, let dataDirectory {
            try UnfinishedRecovery(in: dataDirectory).refuseToFound(isJoining: true)
        }
        var configuration = try await configuration(logger)
        if let dataDirectory { configuration.dataDirectory = dataDirectory }
        if join == nil {
            try UnfinishedRecovery(in: configuration.dataDirectory).refuseToFound(isJoining: false)
        }
        if let node { configuration.node = node }
        if let snapshotCommands { configuration.snapshotCommands = snapshotCommands }
        let node = try Node(
            configuration: configuration, machine: machine.machine, kind: machine.rawValue, logger: logger)
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: node, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await services.run()
        } catch {
            throw machine.explain(error)
        }
    }

    func validate() throws {
        guard (config == nil) != (join == nil) else {
            throw ValidationError(
                "either --config or --join is needed: --config for a node of a new cluster, or one that "
                    + "ran before; --join for one that comes into a cluster")
        }
        guard join != nil else {
            guard listen == nil, advertise == nil, !nonVoter, replace == nil else {
                throw ValidationError("--listen, --advertise, --non-voter and --replace go with --join")
            }
            return
        }
        guard advertise?.addresses.count ?? 1 == 1 else {
            throw ValidationError("--advertise takes one address")
        }
        guard dataDirectory != nil, listen?.addresses.count == 1 else {
            throw ValidationError("--join needs --listen HOST:PORT, one address, and --data-directory")
        }
        guard !nonVoter || replace == nil else {
            throw ValidationError("a node that takes a voter's place votes: leave --non-voter out")
        }
    }

    private func configuration(_ logger: Logger) async throws -> NodeConfiguration {
        if let config { return try NodeConfiguration.load(from: config) }
        guard let join, let address = listen?.addresses.first, let dataDirectory else {
            throw ValidationError("--join needs --listen and --data-directory")
        }
        return try await Joining(
            cluster: join.addresses, address: advertise?.addresses.first ?? address, listen: address,
            dataDirectory: dataDirectory, isVoter: !nonVoter,
            replaced: replace, logger: logger
        ).run()
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
    /// `ValueLog.kind`.
    case append

    /// The state before the first command.
    var machine: any StateMachine {
        switch self {
        case .bank: Bank()
        case .append: ValueLog()
        }
    }

    /// A store tells only by a digest that it was created otherwise. What a node of this tool can be given wrong is
    /// --machine.
    func explain(_ error: any Error) -> any Error {
        guard case NodeError.store(.foreignGenesis(let directory, _, _)) = error,
            let stored = try? StoreInspector(directory: directory).groups().map(\.kind),
            let other = stored.first(where: { $0 != rawValue })
        else { return error }
        return ToolError(
            .store,
            "\(directory) has a log for the machine \"\(other)\", and this node was started with \"\(rawValue)\": start "
                + "it with --machine \(other), or with another data directory")
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
