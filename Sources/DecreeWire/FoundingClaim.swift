import NIOCore
package import Paxos

/// What a node says of its cluster's founding: in a hello of the role `founder`, and in the answer to one.
package struct FoundingClaim: Hashable, Sendable {
    /// How far it is.
    package enum Stage: Hashable, Sendable {
        /// Its directory is empty. The founding it would take part in, once it has met all others.
        case gathering(candidate: Digest?)
        /// Its store is made, and has not voted.
        case prepared(Digest)
        /// It belongs to a cluster: of this founding, or, for nil, of one that began otherwise.
        case complete(Digest?)
    }

    /// One node of the list.
    package struct Listed: Hashable, Sendable {
        /// The node.
        package let node: NodeID
        /// Where it is reached.
        package let address: String
        /// One.
        package init(node: NodeID, address: String) {
            self.node = node
            self.address = address
        }
    }

    /// What a cluster knows of a node that asks.
    package enum Standing: UInt8, Sendable {
        /// Its id was never given.
        case unknown = 0
        /// Its id belongs to a member.
        case member = 1
        /// Its id was given up.
        case removed = 2
    }

    /// The cluster's name.
    package var cluster: String
    /// Who says so.
    package var node: NodeID
    /// The digest of what the cluster is to be created with.
    package var list: Digest
    /// Whom it lists, ascending; empty once it belongs to a cluster.
    package var nodes: [Listed]
    /// A random number of this founding's process; 0 once it belongs to a cluster.
    package var token: UInt64
    /// How far it is.
    package var stage: Stage
    /// What it knows of the node it speaks to, if it belongs to a cluster.
    package var standing: Standing

    /// A claim.
    package init(
        cluster: String, node: NodeID, list: Digest, nodes: [Listed], token: UInt64, stage: Stage,
        standing: Standing = .unknown
    ) {
        self.cluster = cluster
        self.node = node
        self.list = list
        self.nodes = nodes
        self.token = token
        self.stage = stage
        self.standing = standing
    }
}

extension FoundingClaim {
    func write(into buffer: inout ByteBuffer) throws(WireError) {
        try buffer.writeCluster(cluster)
        buffer.writeMultipleIntegers(
            node.rawValue, list.rawValue, token, standing.rawValue, endianness: .little)
        let founding: Digest?
        switch stage {
        case .gathering(let candidate):
            buffer.writeInteger(UInt8(0))
            founding = candidate
        case .prepared(let id):
            buffer.writeInteger(UInt8(1))
            founding = id
        case .complete(let id):
            buffer.writeInteger(UInt8(2))
            founding = id
        }
        buffer.writeOptional(founding?.rawValue)
        buffer.writeInteger(UInt32(nodes.count), endianness: .little)
        for listed in nodes {
            buffer.writeInteger(listed.node.rawValue, endianness: .little)
            try buffer.writeAddress(listed.address)
        }
    }

    init(from reader: inout FrameReader) throws(WireError) {
        cluster = try reader.cluster()
        guard let node = try reader.node("the founder") else { throw .malformed("the founder is missing") }
        self.node = node
        list = Digest(rawValue: try reader.integer("the list's digest"))
        token = try reader.integer("the token")
        guard let standing = Standing(rawValue: try reader.integer("the standing")) else {
            throw .malformed("the standing is none that is known")
        }
        self.standing = standing
        let kind = try reader.integer("the stage", as: UInt8.self)
        let founding =
            try reader.flag("the founding's flag") ? Digest(rawValue: reader.integer("the founding")) : nil
        switch (kind, founding) {
        case (0, _): stage = .gathering(candidate: founding)
        case (1, let founding?): stage = .prepared(founding)
        case (2, _): stage = .complete(founding)
        default: throw .malformed("the stage \(kind) is none that is known")
        }
        nodes = []
        for _ in 0..<(try reader.count("the nodes", itemBytes: 4)) {
            guard let node = try reader.node("a node") else { throw .malformed("a node is missing") }
            nodes.append(
                Listed(
                    node: node, address: try reader.text("an address", limit: Member.maximumAddressBytes)))
        }
    }
}
