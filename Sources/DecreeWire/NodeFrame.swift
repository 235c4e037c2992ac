package import NIOCore
package import Paxos

/// What nodes say to each other about themselves, apart from any group: which of their starts were seen, and whether a
/// process still lives. Spoken from version 4 on (invariant OneProcess).
package enum NodeFrame: Hashable, Sendable {
    /// Another process comes as the receiver's node. A process that answers with this number lives now.
    case probe(nonce: UInt64, rival: SeenStart)
    /// The answer. A process that does not vote yet must not count the asker among its witnesses any more until that
    /// says again that it is one.
    case alive(nonce: UInt64, isVoting: Bool)
    /// The sender has durably written down that it saw this start of the receiver's. It counts unless the sender has
    /// asked, with a later number than `after`, whether the receiver lives.
    case witnessed(NodeStart, after: UInt64)
    /// `witness` has durably written down the last of these starts of `node`. A peer that is connected with both passes it
    /// on, once: in a network where few reach each other, a quorum's word comes by another way. The starts before it, as far as
    /// the witness knows, show others whether it continues what they saw.
    case vouched(witness: NodeID, node: NodeID, [NodeStart])
    /// This start of the sender's ends without ever having voted, because another process goes on. A peer that gave it its
    /// word may give it to that one.
    case yields(NodeStart)
    /// What the sender saw of nodes, itself and the receiver among them; told at once when it changes.
    case seen([NodeWitness])
    /// Of the bulky messages that came over this connection, so many bytes have come. From version 5 on.
    case received(bytes: UInt64)
}

/// The type byte. Numbers are never given twice.
private enum NodeFrameType: UInt8 {
    case probe = 1
    case alive = 2
    case witnessed = 3
    case seen = 4
    case yields = 5
    case vouched = 6
    case received = 7

    /// The first version that has it.
    var firstVersion: UInt16 { self == .received ? WireVersion.receipts : WireVersion.starts }
}

extension NodeFrame {
    /// Appends the frame, as `version` has it. Returns whether the version has such frames: if not, nothing is written.
    @discardableResult
    package func write(version: UInt16, into buffer: inout ByteBuffer) throws(WireError) -> Bool {
        guard version >= type.firstVersion else { return false }
        try buffer.writeFrame(.node, type: type.rawValue) { (buffer) throws(WireError) in
            switch self {
            case .probe(let nonce, let rival):
                buffer.writeInteger(nonce, endianness: .little)
                buffer.writeSeen(rival)
            case .alive(let nonce, let isVoting):
                buffer.writeInteger(nonce, endianness: .little)
                buffer.writeInteger(UInt8(isVoting ? 1 : 0))
            case .witnessed(let start, let after):
                buffer.writeStart(start)
                buffer.writeInteger(after, endianness: .little)
            case .vouched(let witness, let node, let starts):
                buffer.writeInteger(witness.rawValue, endianness: .little)
                buffer.writeInteger(node.rawValue, endianness: .little)
                try buffer.writeStarts(starts)
            case .yields(let start): buffer.writeStart(start)
            case .seen(let witnesses): buffer.write(witnesses, version: version)
            case .received(let bytes): buffer.writeInteger(bytes, endianness: .little)
            }
        }
        return true
    }

    private var type: NodeFrameType {
        switch self {
        case .probe: .probe
        case .alive: .alive
        case .witnessed: .witnessed
        case .seen: .seen
        case .yields: .yields
        case .vouched: .vouched
        case .received: .received
        }
    }

    init(type: UInt8, from reader: inout FrameReader) throws(WireError) {
        guard let kind = NodeFrameType(rawValue: type), reader.version >= kind.firstVersion else {
            throw .unknownType(.node, type)
        }
        switch kind {
        case .probe:
            let nonce: UInt64 = try reader.integer("the nonce")
            guard let rival = try reader.seen() else { throw .malformed("a probe names no rival") }
            self = .probe(nonce: nonce, rival: rival)
        case .alive:
            self = .alive(
                nonce: try reader.integer("the nonce"), isVoting: try reader.flag("whether it votes"))
        case .witnessed:
            self = .witnessed(try reader.start(), after: try reader.integer("the nonce before"))
        case .seen: self = .seen(try reader.witnesses())
        case .yields: self = .yields(try reader.start())
        case .received: self = .received(bytes: try reader.integer("the bytes"))
        case .vouched:
            guard let witness = try reader.node("the witness"), let node = try reader.node("the node") else {
                throw .malformed("a word names no witness, or no node")
            }
            self = .vouched(witness: witness, node: node, try reader.starts())
        }
    }
}

// MARK: Starts

extension FrameReader {
    /// The same, with the start that was seen, which stands behind everything that older versions say.
    mutating func adding(to witnessed: Witness?) throws(WireError) -> Witness? {
        let seen = try seen()
        guard let witnessed else {
            guard seen == nil else { throw .malformed("a start of a store that was not seen") }
            return nil
        }
        return Witness(store: witnessed.store, persistSequence: witnessed.persistSequence, seen: seen)
    }

    mutating func start() throws(WireError) -> NodeStart {
        let start = NodeStart(
            incarnation: try integer("the incarnation"), process: try integer("the process"),
            beganAt: try integer("where the start began"))
        // As a store keeps them.
        guard start.incarnation > 0, Int64(exactly: start.incarnation) != nil,
            Int64(exactly: start.process) != nil, Int64(exactly: start.beganAt) != nil
        else { throw .malformed("\(start) is no start") }
        return start
    }

    mutating func seen() throws(WireError) -> SeenStart? {
        guard try flag("the start flag") else { return nil }
        let start = try start()
        return SeenStart(start, isVoting: try flag("whether the start votes"))
    }

    mutating func starts() throws(WireError) -> [NodeStart] {
        let count = Int(try integer("the number of starts", as: UInt8.self))
        guard count <= WireLimit.starts else { throw .malformed("a hello tells of \(count) starts") }
        var starts: [NodeStart] = []
        for _ in 0..<count {
            let start = try start()
            if let last = starts.last {
                guard last.incarnation + 1 == start.incarnation, last.beganAt <= start.beganAt else {
                    throw .malformed("\(start) comes behind \(last)")
                }
            }
            starts.append(start)
        }
        return starts
    }
}

extension ByteBuffer {
    mutating func writeStart(_ start: NodeStart) {
        writeMultipleIntegers(start.incarnation, start.process, start.beganAt, endianness: .little)
    }

    mutating func writeSeen(_ seen: SeenStart?) {
        writeInteger(UInt8(seen == nil ? 0 : 1))
        guard let seen else { return }
        writeStart(seen.start)
        writeInteger(UInt8(seen.isVoting ? 1 : 0))
    }

    mutating func writeStarts(_ starts: [NodeStart]) throws(WireError) {
        guard starts.count <= WireLimit.starts else {
            throw .malformed("a hello tells of \(starts.count) starts")
        }
        writeInteger(UInt8(starts.count))
        for start in starts { writeStart(start) }
    }
}
