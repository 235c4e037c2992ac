public import DecreeClient
import DecreeStore
import DecreeWire
import Foundation
public import Logging
import NIOCore
import NIOPosix
import Paxos

/// How a node comes into a cluster that exists: it asks in, is admitted through the log, and prepares its directory
/// with what the cluster was created with. Everything else (a snapshot, the slots behind it, the members) comes to it
/// as to any node that was away for long.
///
/// ```swift
/// let joining = Joining(cluster: [NodeAddress(host: "10.0.0.1", port: 7001)], …)
/// let node = try Node(configuration: await joining.run(), machine: Counter(), kind: "counter")
/// ```
public struct Joining: Sendable {
    /// Nodes of the cluster: one that is up is enough.
    public var cluster: [NodeAddress]
    /// Where the new node will be reached by all others. One that has joined before moves here.
    public var address: NodeAddress
    /// Where it will listen, which may be all addresses of its machine; where it is reached unless given.
    public var listen: NodeAddress?
    /// Its directory: empty, or that of a node that has joined before, which simply goes on.
    public var dataDirectory: String
    /// Whether it will vote, as soon as it has caught up.
    public var isVoter: Bool
    /// The node whose place it takes, if it votes: that one leaves when this one has caught up.
    public var replaced: Int?
    /// How long it asks.
    public var deadline: Duration
    /// What it says on the way.
    public var logger: Logger

    /// A node that is to join.
    public init(
        cluster: [NodeAddress], address: NodeAddress, listen: NodeAddress? = nil, dataDirectory: String,
        isVoter: Bool = true, replaced: Int? = nil, deadline: Duration = .seconds(30),
        logger: Logger = Logger(label: "decree")
    ) {
        self.cluster = cluster
        self.address = address
        self.listen = listen == address ? nil : listen
        self.dataDirectory = DataDirectory.absolute(dataDirectory)
        self.isVoter = isVoter
        self.replaced = replaced
        self.deadline = deadline
        self.logger = logger
    }

    /// Where a node that joined finds its own configuration when it starts again.
    public static let configurationFile = "node.json"
    /// The name under which a node asks in, kept so that it is the same node when it must ask again.
    static let nameFile = "join.id"

    /// Joins, or finds that it has joined.
    ///
    /// - Returns: what the node is to run with, which also stands in the directory, as `node.json`.
    /// - Throws: `NodeError`.
    public func run() async throws -> NodeConfiguration {
        guard !address.isWildcard else {
            throw NodeError.configuration(
                ConfigurationError(
                    "the others cannot reach this node at \(address), which stands for all addresses of a machine: say "
                        + "with --advertise HOST:PORT where they reach it"
                ))
        }
        _ = try DataDirectory.check(dataDirectory)
        // Two that join with one directory would both be admitted, and one of them would never come.
        let lock = try lockDirectory()
        defer { lock?.release() }
        let file = dataDirectory + "/" + Self.configurationFile
        let files = FileManager.default
        if files.fileExists(atPath: dataDirectory + "/node.db") {
            if files.fileExists(atPath: file) { return try configurationMovedHere(file) }
            // One that was killed between its store and its configuration goes on where it was: the cluster knows it by
            // the name it keeps.
            guard files.fileExists(atPath: dataDirectory + "/" + Self.nameFile) else {
                throw NodeError.configuration(
                    ConfigurationError(
                        "\(dataDirectory) holds the store of a node that did not join: start it with --config, or give "
                            + "the new node an empty directory"))
            }
        } else if files.fileExists(atPath: file) {
            // The configuration is written when the store is there: the store was lost, its votes with it. Under the name
            // that the directory keeps it must not come back; without a configuration it has never been in use.
            let id = (try? NodeConfiguration.load(from: file)).map { "\($0.node)" }
            throw NodeError.fenced(
                "\(dataDirectory) holds the configuration of a node that joined, and not its store; "
                    + Self.replacement(of: id ?? "N"))
        }
        // An admission cannot be taken back by who never comes: what would end the node later is found out before.
        try await tryToListen()
        let name = try storeName()
        let client = DecreeClient(cluster: "", nodes: cluster)
        do {
            let configuration = try await join(client, as: name, file: file, lock)
            await client.close()
            return configuration
        } catch {
            await client.close()
            throw error
        }
    }

    private func join(
        _ client: DecreeClient, as name: StoreID, file: String, _ lock: (any StoreLock)?
    ) async throws -> NodeConfiguration {
        let welcome = try await welcome(client)
        for group in welcome.groups { try await judgeAddress(client, group.id, name) }
        var id: NodeID?
        for group in welcome.groups {
            id = try await admit(client, group.id, as: id, name)
        }
        guard let id else { throw NodeError.notAdmitted("the cluster has no group") }
        logger.notice("admitted", metadata: ["cluster": "\(welcome.cluster)", "node": "\(id)"])
        let members = try await describe(client, welcome.groups.first?.id).configuration
        if let other = otherAdmission(of: id, in: members) { logger.warning("\(other)") }
        var configuration = NodeConfiguration(
            cluster: welcome.cluster, node: Int(id.rawValue), nodes: nodes(id, members.members),
            dataDirectory: dataDirectory, listen: listen?.description)
        await adoptSettings(client, &configuration)
        // The store takes the lock itself.
        lock?.release()
        try prepareStore(welcome, id, name)
        try write(configuration, to: file)
        return configuration
    }

    /// Whether it could listen at its address.
    private func tryToListen() async throws {
        let place = listen ?? address
        do {
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: place.host, port: place.port).get()
            try await listener.close()
        } catch {
            throw NodeError(listeningAt: place.host, place.port, error)
        }
    }

    /// Where the members are, for the first time that the node looks for them. Whoever is said to be where this node is,
    /// or where somebody else is, is left out: it is gone, or will say itself where it is.
    private func nodes(_ id: NodeID, _ members: [Member]) -> [NodeConfiguration.Member] {
        let others = members.filter { $0.node != id }.compactMap { member in
            NodeAddress(member.address).map {
                NodeConfiguration.Member(id: Int(member.node.rawValue), host: $0.host, port: $0.port)
            }
        }
        return nodes(Int(id.rawValue), besides: others)
    }

    private func nodes(_ id: Int, besides others: [NodeConfiguration.Member]) -> [NodeConfiguration.Member] {
        let own = NodeConfiguration.Member(id: id, host: address.host, port: address.port)
        return [own]
            + others.filter { other in
                ([own] + others).count { $0.host == other.host && $0.port == other.port } == 1
            }
    }

    // MARK: The directory

    private func lockDirectory() throws(NodeError) -> (any StoreLock)? {
        do throws(StoreError) {
            let files = PosixFiles()
            _ = try files.createDirectory(dataDirectory)
            return try files.lock(dataDirectory + "/node.lock", exclusively: true)
        } catch {
            throw .store(error)
        }
    }

    /// The configuration of a node that has joined, which listens where it is told now.
    private func configurationMovedHere(_ file: String) throws -> NodeConfiguration {
        var configuration = try NodeConfiguration.load(from: file)
        let before = configuration.address.map { NodeAddress(host: $0.host, port: $0.port) }
        guard before != address || configuration.listen != listen?.description else { return configuration }
        configuration.listen = listen?.description
        let id = configuration.node
        configuration.nodes = nodes(id, besides: configuration.nodes.filter { $0.id != id })
        try write(configuration, to: file)
        guard before != address else { return configuration }
        logger.notice(
            "this node has moved: tell the members with `decree member move \(id) \(address) --nodes …`",
            metadata: ["node": "\(id)", "from": "\(before?.description ?? "")", "to": "\(address)"])
        return configuration
    }

    /// A name of its own, made once: whoever asks again, for the answer was lost, is the same node.
    private func storeName() throws(NodeError) -> StoreID {
        let path = dataDirectory + "/" + Self.nameFile
        if let text = try? String(contentsOfFile: path, encoding: .utf8),
            let raw = UInt64(text.trimmingCharacters(in: .whitespacesAndNewlines), radix: 16)
        {
            return StoreID(rawValue: raw)
        }
        let name = StoreID(rawValue: .random(in: 1...UInt64.max))
        do throws(StoreError) {
            let files = PosixFiles()
            try files.create(path, with: Array("\(name)\n".utf8))
            try files.syncDirectory(dataDirectory)
        } catch {
            throw .store(error)
        }
        return name
    }

    private func prepareStore(_ welcome: Welcome, _ id: NodeID, _ name: StoreID) throws(NodeError) {
        do throws(StoreError) {
            var options = StoreOptions()
            options.makeStoreID = { name }
            let store = try Store.open(
                directory: dataDirectory,
                identity: StoreIdentity(cluster: welcome.cluster, node: id, genesis: welcome.genesis),
                groups: welcome.groups.map {
                    StoreGroup(id: $0.id, kind: $0.kind, configuration: $0.genesis)
                }, options: options)
            try store.close()
        } catch {
            throw .store(error)
        }
    }

    private func write(_ configuration: NodeConfiguration, to file: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let files = PosixFiles()
        try files.create(file, with: Array(try encoder.encode(configuration)) + [0x0a])
        try files.syncDirectory(dataDirectory)
    }
}
