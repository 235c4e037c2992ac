package import NIOCore
package import Paxos

/// What a node saw of another: its store, the highest persist sequence that store showed, and the last start it saw.
package struct Witness: Hashable, Sendable {
    /// The store.
    package let store: StoreID
    /// The highest sequence it showed.
    package var persistSequence: PersistSequence
    /// The start that showed it; nil if it speaks a version that does not say.
    package let seen: SeenStart?
    /// A witness.
    package init(store: StoreID, persistSequence: PersistSequence, seen: SeenStart? = nil) {
        self.store = store
        self.persistSequence = persistSequence
        self.seen = seen
    }
}

/// The first frame of whoever connects: who it is, what it speaks, and whom it expects.
package struct Hello: Hashable, Sendable {
    /// What the sender wants to be to the receiver.
    package enum Role: UInt8, Sendable {
        /// A node of the same cluster.
        case peer = 1
        /// A client, which has neither node id nor store.
        case client = 2
        /// A node whose directory is empty, and that is to found a cluster with others.
        case founder = 3
    }

    /// "DECREE" and a line's end, which a transfer as text would break.
    package static let magic: UInt64 = 0x0A0D_4545_5243_4544
    static let type: UInt8 = 1

    /// The oldest version it speaks.
    package var minimumVersion: UInt16
    /// The newest version it speaks.
    package var maximumVersion: UInt16
    /// What it is.
    package var role: Role
    /// The cluster's name.
    package var cluster: String
    /// The digest of what the cluster was created with; nil if the sender, a client, does not know.
    package var genesis: Digest?
    /// The node that speaks; nil for a client.
    package var node: NodeID?
    /// The node it means to reach; nil where any will do.
    package var receiver: NodeID?
    /// The sender's store; nil for a client.
    package var store: StoreID?
    /// What is durable in that store; 0 for a client.
    package var persistSequence: PersistSequence
    /// The highest the sender saw of the receiver.
    package var witnessed: Witness?
    /// Where a peer is reached itself, "host:port"; empty if it does not say, or speaks version 1.
    package var address = ""
    /// The sender's last starts, ascending, this one last; none of a client, or before version 4.
    package var starts: [NodeStart] = []
    /// Whether the sender votes.
    package var isVoting = false

    /// The sender's start, and whether it votes.
    package var seen: SeenStart? { starts.last.map { SeenStart($0, isVoting: isVoting) } }
    /// What a founder says of itself; nil for others.
    package var claim: FoundingClaim?

    /// A node's hello.
    package init(
        from identity: NodeIdentity, to receiver: NodeID, witnessed: Witness?, address: String = ""
    ) {
        minimumVersion = WireVersion.minimum
        maximumVersion = WireVersion.maximum
        role = .peer
        cluster = identity.cluster
        genesis = identity.genesis
        node = identity.node
        self.receiver = receiver
        store = identity.store
        persistSequence = identity.persistSequence
        self.witnessed = witnessed
        self.address = address
        starts = Array(identity.starts.suffix(WireLimit.starts))
        isVoting = identity.isVoting
    }

    /// A founder's hello. Versions that know no founding do not answer it.
    package init(founding claim: FoundingClaim, to receiver: NodeID) {
        minimumVersion = WireVersion.starts
        maximumVersion = WireVersion.maximum
        role = .founder
        cluster = claim.cluster
        node = claim.node
        self.receiver = receiver
        persistSequence = 0
        self.claim = claim
    }

    /// A client's hello. An empty cluster name matches any: a tool that is only given addresses.
    package init(clientOf cluster: String) {
        minimumVersion = WireVersion.minimum
        maximumVersion = WireVersion.maximum
        role = .client
        self.cluster = cluster
        persistSequence = 0
    }
}

/// Who a node is, as it tells others.
package struct NodeIdentity: Hashable, Sendable {
    /// The cluster's name, of at most 255 bytes.
    package var cluster: String
    /// The digest of what the cluster was created with.
    package var genesis: Digest
    /// The node.
    package var node: NodeID
    /// Its store.
    package var store: StoreID
    /// What is durable in that store.
    package var persistSequence: PersistSequence
    /// The starts of that store, ascending without a gap: the last is this one. None if it is not known.
    package var starts: [NodeStart]
    /// Whether this process votes: a quorum has witnessed its start.
    package var isVoting: Bool

    /// This start, and whether the process votes.
    package var seen: SeenStart? { starts.last.map { SeenStart($0, isVoting: isVoting) } }

    /// An identity.
    package init(
        cluster: String, genesis: Digest, node: NodeID, store: StoreID, persistSequence: PersistSequence,
        starts: [NodeStart] = [], isVoting: Bool = false
    ) {
        self.cluster = cluster
        self.genesis = genesis
        self.node = node
        self.store = store
        self.persistSequence = persistSequence
        self.starts = starts
        self.isVoting = isVoting
    }
}

extension Hello {
    /// Appends the frame.
    package func write(into buffer: inout ByteBuffer) throws(WireError) {
        try buffer.writeFrame(.handshake, type: Self.type) { (buffer) throws(WireError) in
            buffer.writeMultipleIntegers(
                Self.magic, minimumVersion, maximumVersion, role.rawValue, endianness: .little)
            buffer.writeOptional(genesis?.rawValue)
            buffer.writeInteger(node?.rawValue ?? 0, endianness: .little)
            buffer.writeInteger(receiver?.rawValue ?? 0, endianness: .little)
            buffer.writeOptional(store?.rawValue)
            buffer.writeInteger(persistSequence, endianness: .little)
            buffer.writeWitness(witnessed)
            try buffer.writeCluster(cluster, mayBeEmpty: role == .client)
            if saysAddress { try buffer.writeAddress(address) }
            if saysStarts {
                try buffer.writeStarts(starts)
                buffer.writeInteger(UInt8(isVoting ? 1 : 0))
                buffer.writeSeen(witnessed?.seen)
            }
            if let claim { try claim.write(into: &buffer) }
        }
    }

    /// Version 1 reads to the cluster's name, and skips the rest where a newer version has more to say.
    private var saysAddress: Bool { role == .peer && maximumVersion >= WireVersion.members }
    private var saysStarts: Bool { role == .peer && maximumVersion >= WireVersion.starts }

    init(from reader: inout FrameReader) throws(WireError) {
        guard try reader.integer("the magic", as: UInt64.self) == Self.magic else { throw .badMagic }
        minimumVersion = try reader.integer("the minimum version")
        maximumVersion = try reader.integer("the maximum version")
        guard minimumVersion <= maximumVersion else { throw .malformed("its versions are out of order") }
        guard let role = Role(rawValue: try reader.integer("the role")) else {
            throw .malformed("the role is neither peer nor client nor founder")
        }
        self.role = role
        genesis = try reader.flag("the genesis flag") ? Digest(rawValue: reader.integer("the genesis")) : nil
        node = try reader.node("the node")
        receiver = try reader.node("the receiver")
        store = try reader.flag("the store flag") ? reader.store("the store") : nil
        persistSequence = try reader.integer("the persist sequence")
        witnessed = try reader.witness()
        cluster = try reader.cluster(mayBeEmpty: role == .client)
        guard role != .peer || (genesis != nil && node != nil && store != nil) else {
            throw .malformed("a peer names its genesis, node and store")
        }
        if saysAddress { address = try reader.text("the address", limit: Member.maximumAddressBytes) }
        if saysStarts {
            starts = try reader.starts()
            isVoting = try reader.flag("whether it votes")
            witnessed = try reader.adding(to: witnessed)
        }
        if role == .founder { claim = try FoundingClaim(from: &reader) }
        // A newer build may have more to say; what it says to us is above.
        if maximumVersion > WireVersion.maximum { reader.skipRest() }
    }
}

extension FrameReader {
    /// A cluster's name; empty where a client accepts any.
    mutating func cluster(mayBeEmpty: Bool = false) throws(WireError) -> String {
        let name = try text("the cluster's name", limit: WireLimit.clusterBytes)
        guard !(name.isEmpty && mayBeEmpty), let flaw = ClusterName.flaw(in: name) else { return name }
        throw .malformed("the cluster's name \(flaw)")
    }

    mutating func witness() throws(WireError) -> Witness? {
        guard try flag("the witness flag") else { return nil }
        return Witness(
            store: try store("the witnessed store"),
            persistSequence: try integer("the witnessed persist sequence"))
    }
}

extension ByteBuffer {
    mutating func writeOptional(_ value: UInt64?) {
        writeInteger(UInt8(value == nil ? 0 : 1))
        if let value { writeInteger(value, endianness: .little) }
    }

    mutating func writeWitness(_ witness: Witness?) {
        writeOptional(witness?.store.rawValue)
        if let witness { writeInteger(witness.persistSequence, endianness: .little) }
    }

    mutating func writeCluster(_ cluster: String, mayBeEmpty: Bool = false) throws(WireError) {
        let bytes = cluster.utf8.count
        guard bytes <= WireLimit.clusterBytes else {
            throw .oversized("the cluster's name", bytes: bytes, limitBytes: WireLimit.clusterBytes)
        }
        if !(cluster.isEmpty && mayBeEmpty), let flaw = ClusterName.flaw(in: cluster) {
            throw .malformed("the cluster's name \(flaw)")
        }
        writeText(cluster)
    }

    mutating func writeAddress(_ address: String) throws(WireError) {
        let bytes = address.utf8.count
        guard bytes <= Member.maximumAddressBytes else {
            throw .oversized("the address", bytes: bytes, limitBytes: Member.maximumAddressBytes)
        }
        writeText(address)
    }
}
