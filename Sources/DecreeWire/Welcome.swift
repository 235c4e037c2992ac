import NIOCore
package import Paxos

/// What a node that wants to join must know to create its store. Any node tells it, for it is the same on all of
/// them and never changes.
package struct Welcome: Hashable, Sendable {
    /// A group that the cluster's nodes host.
    package struct Group: Hashable, Sendable {
        /// The group.
        package let id: GroupID
        /// The name of its state machine, of at most 255 bytes.
        package let kind: String
        /// What it was created with.
        package let genesis: Configuration
        /// A group.
        package init(id: GroupID, kind: String, genesis: Configuration) {
            self.id = id
            self.kind = kind
            self.genesis = genesis
        }
    }

    /// The cluster's name.
    package let cluster: String
    /// The digest of what the cluster was created with.
    package let genesis: Digest
    /// The groups, ascending: 1 through 64.
    package let groups: [Group]

    /// A welcome.
    package init(cluster: String, genesis: Digest, groups: [Group]) {
        self.cluster = cluster
        self.genesis = genesis
        self.groups = groups
    }
}

extension Welcome {
    func writeFields(into buffer: inout ByteBuffer) throws(WireError) {
        guard (1...WireLimit.groups).contains(groups.count) else {
            throw .malformed("a welcome tells of \(groups.count) groups")
        }
        try buffer.writeCluster(cluster)
        buffer.writeInteger(genesis.rawValue, endianness: .little)
        buffer.writeInteger(UInt8(groups.count))
        for group in groups {
            buffer.writeInteger(group.id.rawValue, endianness: .little)
            try buffer.writeKind(group.kind)
            try buffer.write(group.genesis)
        }
    }

    init(from reader: inout FrameReader) throws(WireError) {
        cluster = try reader.cluster()
        genesis = Digest(rawValue: try reader.integer("the genesis"))
        let count = Int(try reader.integer("the number of groups", as: UInt8.self))
        guard (1...WireLimit.groups).contains(count) else {
            throw .malformed("a welcome tells of \(count) groups")
        }
        var groups: [Group] = []
        for _ in 0..<count {
            let raw: UInt32 = try reader.integer("the group")
            guard let id = GroupID(rawValue: raw) else { throw .malformed("\(raw) is no group") }
            if let last = groups.last, last.id >= id {
                throw .malformed("group \(id) comes behind group \(last.id)")
            }
            groups.append(
                Group(id: id, kind: try reader.kind(), genesis: try reader.configuration("a group's genesis"))
            )
        }
        self.groups = groups
    }
}

extension ByteBuffer {
    mutating func writeKind(_ kind: String) throws(WireError) {
        let bytes = kind.utf8.count
        guard bytes <= WireLimit.kindBytes else {
            throw .oversized("a state machine's name", bytes: bytes, limitBytes: WireLimit.kindBytes)
        }
        writeText(kind)
    }

    mutating func write(_ configuration: Configuration) throws(WireError) {
        let bytes = configuration.bytes
        guard bytes.count <= WireLimit.configurationBytes else {
            throw .oversized("a configuration", bytes: bytes.count, limitBytes: WireLimit.configurationBytes)
        }
        writeSized(bytes)
    }
}

extension FrameReader {
    mutating func kind() throws(WireError) -> String {
        try text("a state machine's name", limit: WireLimit.kindBytes)
    }

    mutating func configuration(_ what: StaticString) throws(WireError) -> Configuration {
        let bytes = try bytes(what, limit: WireLimit.configurationBytes)
        guard let configuration = Configuration(bytes: bytes) else {
            throw .malformed("\(what) is malformed")
        }
        return configuration
    }
}
