public import DecreeClient
import DecreeStore
import DecreeWire
import Foundation
public import Logging
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
    /// Where the new node will listen, and be reached by all others.
    public var address: NodeAddress
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
        cluster: [NodeAddress], address: NodeAddress, dataDirectory: String, isVoter: Bool = true,
        replaced: Int? = nil, deadline: Duration = .seconds(30), logger: Logger = Logger(label: "decree")
    ) {
        self.cluster = cluster
        self.address = address
        self.dataDirectory = dataDirectory
        self.isVoter = isVoter
        self.replaced = replaced
        self.deadline = deadline
        self.logger = logger
    }

    /// Where a node that joined finds its own configuration when it starts again.
    public static let configurationFile = "node.json"
    /// The name under which a node asks in, kept so that it is the same node when it must ask again.
    private static let nameFile = "join.id"

    /// Joins, or finds that it has joined.
    ///
    /// - Returns: what the node is to run with, which also stands in the directory, as `node.json`.
    /// - Throws: `NodeError`.
    public func run() async throws -> NodeConfiguration {
        let file = dataDirectory + "/" + Self.configurationFile
        let files = FileManager.default
        if files.fileExists(atPath: dataDirectory + "/node.db") {
            if files.fileExists(atPath: file) { return try NodeConfiguration.load(from: file) }
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
        let name = try storeName()
        let client = DecreeClient(cluster: "", nodes: cluster)
        do {
            let configuration = try await join(client, as: name, file: file)
            await client.close()
            return configuration
        } catch {
            await client.close()
            throw error
        }
    }

    private func join(_ client: DecreeClient, as name: StoreID, file: String) async throws
        -> NodeConfiguration
    {
        let welcome = try await welcome(client)
        var id: NodeID?
        for group in welcome.groups {
            id = try await admit(client, group.id, as: id, name)
        }
        guard let id else { throw NodeError.notAdmitted("the cluster has no group") }
        logger.notice("admitted", metadata: ["cluster": "\(welcome.cluster)", "node": "\(id)"])
        var configuration = NodeConfiguration(
            cluster: welcome.cluster, node: Int(id.rawValue),
            nodes: try await members(client, welcome, besides: id), dataDirectory: dataDirectory)
        await adoptSettings(client, &configuration)
        try prepareStore(welcome, id, name)
        try write(configuration, to: file)
        return configuration
    }

    // MARK: Asking in

    private func welcome(_ client: DecreeClient) async throws(NodeError) -> Welcome {
        var reasons: [String] = []
        for address in cluster {
            do throws(AdminError) {
                return try await client.welcome(from: address)
            } catch {
                reasons.append("\(error)")
            }
        }
        throw .notAdmitted(reasons.joined(separator: "; "))
    }

    private func admit(
        _ client: DecreeClient, _ group: GroupID, as id: NodeID?, _ name: StoreID
    ) async throws(NodeError) -> NodeID {
        let replaced = replaced.flatMap { UInt16(exactly: $0) }.flatMap(NodeID.init(rawValue:))
        let change = ConfigurationChange.add(
            node: id, role: isVoter ? .joining(replacing: replaced) : .nonVoter, store: name,
            address: "\(address)")
        do throws(AdminError) {
            // One change at a time: another may have to come into force first.
            return try await Self.patiently(for: deadline) { () throws(AdminError) in
                let answer = try await client.admin(.change(change), group: group, deadline: self.deadline)
                guard case .changed(let outcome) = answer else { throw AdminError.noAnswer }
                return outcome.node
            }
        } catch {
            if error == .changeRefused(.addressInUse),
                let lost = await member(at: "\(address)", of: client, group)
            {
                throw .fenced(
                    "node \(lost) of this address was known with another store; "
                        + Self.replacement(of: "\(lost)"))
            }
            throw .notAdmitted("\(error)")
        }
    }

    /// How a node whose store is lost comes back.
    private static func replacement(of lost: String) -> String {
        "a node that lost its disk joins again under a new id: run `decree member replace \(lost) HOST:PORT --nodes …`, "
            + "then start the node with an empty directory and `decree node --join HOST:PORT --replace \(lost)`, "
            + "listening at a new address"
    }

    /// Who is reached at an address, as the log has it.
    private func member(at address: String, of client: DecreeClient, _ group: GroupID) async -> NodeID? {
        guard
            case .described(let log)? = try? await client.admin(
                .describeLog, group: group, deadline: .seconds(5))
        else { return nil }
        return log.configuration.members.first { $0.address == address }?.node
    }

    private static func patiently<Result>(
        for time: Duration, _ body: () async throws(AdminError) -> Result
    ) async throws(AdminError) -> Result {
        let end = ContinuousClock.now + time
        while true {
            do throws(AdminError) {
                return try await body()
            } catch {
                guard case .changeRefused(.changeInFlight) = error, ContinuousClock.now < end else {
                    throw error
                }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Where the members are, for the first time that the node looks for them.
    private func members(
        _ client: DecreeClient, _ welcome: Welcome, besides id: NodeID
    ) async throws(NodeError) -> [NodeConfiguration.Member] {
        let description: AdminResponse
        do throws(AdminError) {
            description = try await client.admin(
                .describeLog, group: welcome.groups.first?.id, deadline: deadline)
        } catch {
            throw .notAdmitted("\(error)")
        }
        var members = [NodeConfiguration.Member(id: Int(id.rawValue), host: address.host, port: address.port)]
        guard case .described(let log) = description else { return members }
        for member in log.configuration.members where member.node != id {
            guard let place = NodeAddress(member.address) else { continue }
            members.append(.init(id: Int(member.node.rawValue), host: place.host, port: place.port))
        }
        return members
    }

    /// Takes its snapshots when the others do.
    private func adoptSettings(_ client: DecreeClient, _ configuration: inout NodeConfiguration) async {
        for address in cluster {
            guard let json = try? await client.status(of: address),
                let status = try? JSONDecoder().decode(NodeStatus.self, from: Data(json))
            else { continue }
            configuration.snapshotMebibytes = status.snapshotMebibytes ?? configuration.snapshotMebibytes
            configuration.snapshotCommands = status.snapshotCommands ?? configuration.snapshotCommands
            return
        }
    }

    // MARK: The directory

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
            _ = try files.createDirectory(dataDirectory)
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
