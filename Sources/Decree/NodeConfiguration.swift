import DecreeClient
public import Foundation
import Paxos

/// What one node is told: its cluster, itself, where everybody is, and where its data lies.
///
/// Read from JSON such as
///
///     {"cluster": "bank", "node": 1, "dataDirectory": "/var/lib/decree",
///      "nodes": [{"id": 1, "host": "10.0.0.1", "port": 7001}, …]}
///
/// strictly: a key it does not know is an error, for a misspelt limit that is silently ignored is worse.
public struct NodeConfiguration: Codable, Hashable, Sendable {
    /// Where a node of the cluster is reached, by peers and clients alike.
    public struct Member: Codable, Hashable, Sendable {
        /// The node's id, 1 through 32,766.
        public var id: Int
        /// A host name or address.
        public var host: String
        /// A TCP port, 1 through 65,535.
        public var port: Int

        /// A member.
        public init(id: Int, host: String, port: Int) {
            self.id = id
            self.host = host
            self.port = port
        }

        enum CodingKeys: String, CodingKey, CaseIterable { case id, host, port }
    }

    /// The cluster's name, 1 through 255 bytes. Nodes of another name are refused.
    public var cluster: String
    /// This node's id.
    public var node: Int
    /// Where nodes are found, this one among them. A cluster is created with these as its voters, the same on each; from
    /// then on the members are what the log says, and this list is only where they are looked for first.
    public var nodes: [Member]
    /// Where this node listens, "host:port", which may be all addresses of its machine: "0.0.0.0:7001". Where the others
    /// reach it, which its entry in `nodes` says, unless given.
    public var listen: String?
    /// Where the store lies. Created if it is not there.
    public var dataDirectory: String
    /// Milliseconds between heartbeats, 10 through 10,000. Default 50.
    public var heartbeatMilliseconds: Int
    /// The shortest election timeout in milliseconds, at least three heartbeats; each timeout is drawn from
    /// once to twice of it. Default 500.
    public var electionTimeoutMilliseconds: Int
    /// Mebibytes the log grows by between two snapshots, 1 through 65,536. Default 128. The same on each node: then a
    /// snapshot that one peer began to send can be had from another.
    public var snapshotMebibytes: Int
    /// Commands between two snapshots, 1,000 through 1,000,000,000. Default 2,000,000; the same on each node.
    public var snapshotCommands: Int

    /// How many groups a node can host.
    public static let maximumGroups = 64

    enum CodingKeys: String, CodingKey, CaseIterable {
        case cluster, node, nodes, dataDirectory, heartbeatMilliseconds, electionTimeoutMilliseconds
        case snapshotMebibytes, snapshotCommands, listen
    }

    /// A configuration with the default times. Not judged before a node is made from it.
    public init(
        cluster: String, node: Int, nodes: [Member], dataDirectory: String, heartbeatMilliseconds: Int = 50,
        electionTimeoutMilliseconds: Int = 500, snapshotMebibytes: Int = 128,
        snapshotCommands: Int = 2_000_000, listen: String? = nil
    ) {
        self.cluster = cluster
        self.node = node
        self.nodes = nodes
        self.dataDirectory = dataDirectory
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.electionTimeoutMilliseconds = electionTimeoutMilliseconds
        self.snapshotMebibytes = snapshotMebibytes
        self.snapshotCommands = snapshotCommands
        self.listen = listen
    }

    /// Reads and judges a file.
    public static func load(from path: String) throws(ConfigurationError) -> NodeConfiguration {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw ConfigurationError("cannot read \(path): check that the file exists and may be read")
        }
        do {
            return try decode(data)
        } catch {
            throw ConfigurationError("\(path): \(error.description)")
        }
    }

    /// Reads and judges JSON.
    public static func decode(_ json: Data) throws(ConfigurationError) -> NodeConfiguration {
        do {
            let configuration = try JSONDecoder().decode(NodeConfiguration.self, from: json)
            try configuration.validate()
            return configuration
        } catch let error as ConfigurationError {
            throw error
        } catch let error as DecodingError {
            guard String(data: json, encoding: .utf8) != nil else {
                throw ConfigurationError("not valid UTF-8: write the file in that encoding")
            }
            throw ConfigurationError(error.plainText)
        } catch {
            throw ConfigurationError("not JSON that can be read: \(error)")
        }
    }

    /// Checks what the types cannot say.
    ///
    /// - Throws: an error that names what is wrong and what to write instead.
    public func validate() throws(ConfigurationError) {
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(ConfigurationError) {
            guard condition else { throw ConfigurationError(message()) }
        }
        if let flaw = ClusterName.flaw(in: cluster) { throw ConfigurationError("\"cluster\" \(flaw)") }
        try require(!nodes.isEmpty, "\"nodes\" is empty: list every node of the cluster, this one too")
        try require(
            nodes.count <= Configuration.maximumMembers,
            "\"nodes\" lists \(nodes.count) nodes; a cluster has at most \(Configuration.maximumMembers)")
        var ids: Set<Int> = []
        var addresses: Set<String> = []
        for member in nodes {
            try require(
                (1...Int(NodeID.maximumMember)).contains(member.id),
                "node id \(member.id) is not in 1 through \(NodeID.maximumMember)")
            if let flaw = NodeAddress.flaw(inHost: member.host) {
                throw ConfigurationError("node \(member.id)'s \"host\" \(flaw)")
            }
            try require(
                (1...65_535).contains(member.port),
                "node \(member.id)'s port \(member.port) is not in 1 through 65535")
            try require(ids.insert(member.id).inserted, "node id \(member.id) is listed twice in \"nodes\"")
            let address = "\(member.host):\(member.port)"
            try require(
                addresses.insert(address).inserted,
                "address \(address) is listed twice in \"nodes\": each node needs its own")
        }
        try judgeAddresses()
        try require(ids.contains(node), "this node is \(node), which \"nodes\" does not list")
        try require(!dataDirectory.isEmpty, "\"dataDirectory\" is empty: name a directory on a durable disk")
        // The system ends a path there: the store would lie in another directory, or half of it.
        try require(!dataDirectory.utf8.contains(0), "\"dataDirectory\" holds the character U+0000")
        try require(
            (10...10_000).contains(heartbeatMilliseconds),
            "\"heartbeatMilliseconds\" must be 10 through 10000")
        try require(
            (3 * heartbeatMilliseconds...120_000).contains(electionTimeoutMilliseconds),
            "\"electionTimeoutMilliseconds\" must be at least three heartbeats (\(3 * heartbeatMilliseconds)) "
                + "and at most 120000")
        try require((1...65_536).contains(snapshotMebibytes), "\"snapshotMebibytes\" must be 1 through 65536")
        try require(
            (1_000...1_000_000_000).contains(snapshotCommands),
            "\"snapshotCommands\" must be 1000 through 1000000000")
    }

    /// What is legal and seldom meant.
    public var warnings: [String] {
        switch nodes.count {
        case 1: ["one node: durable, but its loss is the log's loss"]
        case let count where count % 2 == 0:
            ["\(count) nodes survive the loss of no more than \(count - 1) would: use an odd number"]
        default: []
        }
    }

    /// This node's own address.
    public var address: Member? { nodes.first { $0.id == node } }

    /// The replicated configuration that a new cluster starts with: of more nodes than may vote, the first.
    public var genesis: Configuration {
        Configuration(voters: nodes.prefix(Configuration.maximumVoters).map { NodeID(UInt16($0.id)) })
    }

    /// The core's limits with this configuration's times, in ticks of 10 ms.
    var limits: Limits {
        var limits = Limits()
        limits.heartbeatTicks = max(1, heartbeatMilliseconds / 10)
        limits.electionTicks = max(3, electionTimeoutMilliseconds / 10)
        limits.electionSpreadTicks = limits.electionTicks
        limits.snapshotBytes = snapshotMebibytes << 20
        limits.snapshotCommands = snapshotCommands
        return limits
    }
}

/// A configuration that no node can run with: the tool exits with code 2.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what to write instead.
    public let description: String
    /// An error.
    public init(_ description: String) { self.description = description }
}

// MARK: Strict decoding

extension NodeConfiguration {
    /// Decodes strictly, filling in the defaults.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownKeys(besides: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            cluster: try container.decode(String.self, forKey: .cluster),
            node: try container.wholeNumber(.node),
            nodes: try container.decode([Member].self, forKey: .nodes),
            dataDirectory: try container.decode(String.self, forKey: .dataDirectory),
            heartbeatMilliseconds: try container.wholeNumber(.heartbeatMilliseconds, unless: 50),
            electionTimeoutMilliseconds: try container.wholeNumber(.electionTimeoutMilliseconds, unless: 500),
            snapshotMebibytes: try container.wholeNumber(.snapshotMebibytes, unless: 128),
            snapshotCommands: try container.wholeNumber(.snapshotCommands, unless: 2_000_000),
            listen: try container.decodeIfPresent(String.self, forKey: .listen))
    }
}

extension NodeConfiguration.Member {
    /// Decodes strictly.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseUnknownKeys(besides: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            id: try container.wholeNumber(.id),
            host: try container.decode(String.self, forKey: .host),
            port: try container.wholeNumber(.port))
    }
}

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    fileprivate func refuseUnknownKeys(besides known: [String]) throws {
        let keys = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
        guard let unknown = keys.first(where: { !known.contains($0) }) else { return }
        throw ConfigurationError(
            "unknown key \"\(unknown)\": the keys here are \(known.joined(separator: ", "))")
    }
}

extension KeyedDecodingContainer {
    /// Of a number that is no `Int`, Foundation says on some systems only that something is not valid JSON.
    fileprivate func wholeNumber(_ key: Key, unless preset: Int? = nil) throws -> Int {
        do {
            guard let preset else { return try decode(Int.self, forKey: key) }
            return try decodeIfPresent(Int.self, forKey: key) ?? preset
        } catch let error as DecodingError {
            guard case .dataCorrupted = error else { throw error }
            throw notWhole(key)
        } catch {
            throw notWhole(key)
        }
    }

    private func notWhole(_ key: Key) -> ConfigurationError {
        ConfigurationError(
            "a whole number of at most 18 digits is expected\(DecodingError.place(codingPath + [key]))")
    }
}

extension DecodingError {
    fileprivate static func place(_ path: [any CodingKey]) -> String {
        path.isEmpty
            ? ""
            : " at " + path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }

    fileprivate var plainText: String {
        switch self {
        case .keyNotFound(let key, let context):
            return "\"\(key.stringValue)\" is missing\(Self.place(context.codingPath))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "a value of another type is expected\(Self.place(context.codingPath))"
        case .dataCorrupted(let context):
            return "not valid JSON\(Self.place(context.codingPath)): \(context.debugDescription)"
        @unknown default: return "\(self)"
        }
    }
}
