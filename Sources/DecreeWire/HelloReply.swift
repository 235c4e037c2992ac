package import NIOCore
import Paxos

/// The first frame back.
package enum HelloReply: Hashable, Sendable {
    /// Come in.
    case admitted(Admission)
    /// Stay out; the connection is closed behind it.
    case refused(HelloRefusal, reason: String)
    /// The answer to a founder; the connection is closed behind it.
    case founding(FoundingClaim)

    /// Stands where a refusal would, or 0 for an admission.
    private static let foundingCode: UInt8 = 255
    static let type: UInt8 = 2
}

/// What a node tells whom it admits.
package struct Admission: Hashable, Sendable {
    /// The version to be spoken.
    package var version: UInt16
    /// Who answers.
    package var identity: NodeIdentity
    /// The highest the answering node saw of the one that connected.
    package var witnessed: Witness?

    /// An admission.
    package init(version: UInt16, identity: NodeIdentity, witnessed: Witness?) {
        self.version = version
        self.identity = identity
        self.witnessed = witnessed
    }
}

/// Why a hello is refused.
package enum HelloRefusal: UInt8, Hashable, Sendable, CaseIterable {
    /// The two speak no common version.
    case wrongVersion = 1
    /// The cluster has another name.
    case wrongCluster = 2
    /// The cluster has the name, but was created with something else.
    case wrongGenesis = 3
    /// Another node stands at this address, or the sender is no node of the cluster.
    case wrongNode = 4
    /// The sender's store went back in time: it once showed a higher persist sequence.
    case fenced = 5
    /// The sender's id is known with another store.
    case identityChanged = 6
    /// No room.
    case tooManyConnections = 7
    /// The node is starting or stopping; try again.
    case unavailable = 8
    /// The sender was removed from the cluster: its id is never given again. Version 1 does not know it: see
    /// `Handshake.answer`.
    case removed = 9

    /// Another process runs as the same node, or ran, from another copy of the sender's store. Said to a process
    /// that tells its starts: versions before the fourth do not know it.
    case anotherProcess = 10

    /// Whether trying again later, changing nothing, may help.
    package var isTransient: Bool { self == .tooManyConnections || self == .unavailable }
}

extension HelloReply {
    /// Appends the frame.
    package func write(into buffer: inout ByteBuffer) throws(WireError) {
        try buffer.writeFrame(.handshake, type: Self.type) { (buffer) throws(WireError) in
            buffer.writeInteger(Hello.magic, endianness: .little)
            switch self {
            case .admitted(let admission):
                let identity = admission.identity
                buffer.writeMultipleIntegers(
                    UInt8(0), admission.version, identity.genesis.rawValue, identity.node.rawValue,
                    identity.store.rawValue, identity.persistSequence, endianness: .little)
                buffer.writeWitness(admission.witnessed)
                try buffer.writeCluster(identity.cluster)
                if admission.version >= WireVersion.starts {
                    buffer.writeSeen(identity.seen)
                    buffer.writeSeen(admission.witnessed?.seen)
                }
            case .refused(let refusal, let reason):
                buffer.writeInteger(refusal.rawValue)
                buffer.writeText(reason.prefix(utf8Bytes: WireLimit.reasonBytes))
            case .founding(let claim):
                buffer.writeInteger(Self.foundingCode)
                try claim.write(into: &buffer)
            }
        }
    }

    init(from reader: inout FrameReader) throws(WireError) {
        guard try reader.integer("the magic", as: UInt64.self) == Hello.magic else { throw .badMagic }
        let code = try reader.integer("the refusal", as: UInt8.self)
        if code == Self.foundingCode {
            self = .founding(try FoundingClaim(from: &reader))
            return
        }
        guard code == 0 else {
            guard let refusal = HelloRefusal(rawValue: code) else {
                throw .malformed("\(code) is no known refusal")
            }
            self = .refused(refusal, reason: try reader.text("the reason", limit: WireLimit.reasonBytes))
            return
        }
        let version: UInt16 = try reader.integer("the version")
        let genesis = Digest(rawValue: try reader.integer("the genesis"))
        guard let node = try reader.node("the node") else { throw .malformed("the node is missing") }
        let store = try reader.store("the store")
        let persistSequence: UInt64 = try reader.integer("the persist sequence")
        let witnessed = try reader.witness()
        let cluster = try reader.cluster()
        let saysStarts = version >= WireVersion.starts
        let own = saysStarts ? try reader.seen() : nil
        let known = saysStarts ? try reader.adding(to: witnessed) : witnessed
        self = .admitted(
            Admission(
                version: version,
                identity: NodeIdentity(
                    cluster: cluster, genesis: genesis, node: node, store: store,
                    persistSequence: persistSequence, starts: own.map { [$0.start] } ?? [],
                    isVoting: own?.isVoting ?? false),
                witnessed: known))
    }
}

extension String {
    /// The longest prefix of whole characters with at most `limit` bytes of UTF-8.
    fileprivate func prefix(utf8Bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var bytes = 0
        return String(
            prefix { character in
                bytes += character.utf8.count
                return bytes <= limit
            })
    }
}
