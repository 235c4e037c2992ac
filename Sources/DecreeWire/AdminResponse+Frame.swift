import NIOCore
import Paxos

/// What an operator is answered, in a frame: its kind in a byte, then what it says.
enum AdminResponseKind: UInt8 {
    case changed = 0
    case changeRefused = 1
    case handedOver = 2
    case takingSnapshot = 3
    case described = 4
    case slots = 5
    case chunks = 6
    case executed = 7
    case logBegins = 8

    /// The first version that has it.
    var firstVersion: UInt16 {
        switch self {
        case .executed, .logBegins: WireVersion.tail
        default: WireVersion.members
        }
    }
}

extension AdminResponse {
    /// The first version that has it.
    var firstVersion: UInt16 { kind.firstVersion }

    func writeFields(into buffer: inout ByteBuffer) throws(WireError) {
        buffer.writeInteger(kind.rawValue)
        switch self {
        case .changed(let outcome):
            // Slot 0 stands for no change.
            buffer.writeMultipleIntegers(
                outcome.node.rawValue, outcome.from?.rawValue ?? 0, endianness: .little)
        case .changeRefused(let refusal): buffer.writeInteger(refusal.rawValue)
        case .handedOver(let node): buffer.writeInteger(node.rawValue, endianness: .little)
        case .takingSnapshot(let through): buffer.write(through)
        case .described(let description): try buffer.write(description)
        case .slots(let decided, let chosenThrough):
            buffer.write(chosenThrough)
            try buffer.write(decided)
        case .chunks(let chunks):
            guard chunks.count <= WireLimit.chunksAtOnce else {
                throw .malformed("\(chunks.count) chunks are more than go at once")
            }
            buffer.writeInteger(UInt8(chunks.count))
            for chunk in chunks { try buffer.writeChunk(chunk) }
        case .executed(let slots):
            buffer.write(slots.chosenThrough)
            try buffer.write(slots.decided)
            buffer.writeInteger(UInt32(slots.unexecuted.count), endianness: .little)
            for position in slots.unexecuted {
                buffer.writeMultipleIntegers(
                    position.slot.rawValue, position.index, endianness: .little)
            }
        case .logBegins(let first): buffer.write(first)
        }
    }

    private var kind: AdminResponseKind {
        switch self {
        case .changed: .changed
        case .changeRefused: .changeRefused
        case .handedOver: .handedOver
        case .takingSnapshot: .takingSnapshot
        case .described: .described
        case .slots: .slots
        case .chunks: .chunks
        case .executed: .executed
        case .logBegins: .logBegins
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ description: LogDescription) throws(WireError) {
        try write(description.configuration)
        writeMultipleIntegers(
            description.floor.rawValue, description.chosenThrough.rawValue, description.chain.rawValue,
            endianness: .little)
        writeInteger(UInt8(description.snapshot == nil ? 0 : 1))
        if let header = description.snapshot { try write(header) }
    }
}

extension FrameReader {
    mutating func adminResponse() throws(WireError) -> AdminResponse {
        let raw = try integer("what an operator is answered", as: UInt8.self)
        guard let kind = AdminResponseKind(rawValue: raw), kind.firstVersion <= version else {
            throw .malformed("\(raw) is nothing that an operator is answered")
        }
        switch kind {
        case .changed:
            let node = try member()
            let from = try bound("the first slot")
            return .changed(ConfigurationOutcome(node: node, from: from == .zero ? nil : from))
        case .changeRefused:
            let raw = try integer("why the members do not change", as: UInt8.self)
            guard let refusal = ConfigurationRefusal(rawValue: raw) else {
                throw .malformed("\(raw) is no known reason not to change the members")
            }
            return .changeRefused(refusal)
        case .handedOver: return .handedOver(to: try member())
        case .takingSnapshot: return .takingSnapshot(through: try bound("the snapshot's slot"))
        case .described: return .described(try logDescription())
        case .slots:
            let decisions = try decisions()
            return .slots(decisions.decided, chosenThrough: decisions.chosenThrough)
        case .chunks: return .chunks(try chunks())
        case .executed: return .executed(try executedSlots())
        case .logBegins: return .logBegins(at: try slot("the log's first slot"))
        }
    }

    private mutating func executedSlots() throws(WireError) -> ExecutedSlots {
        let decisions = try decisions()
        let count = try count("the number of positions", itemBytes: 12)
        var unexecuted: [LogPosition] = []
        unexecuted.reserveCapacity(count)
        for _ in 0..<count {
            let slot = try slot()
            unexecuted.append(LogPosition(slot: slot, index: try integer("the index")))
        }
        return ExecutedSlots(
            decided: decisions.decided, unexecuted: unexecuted, chosenThrough: decisions.chosenThrough)
    }

    private mutating func member() throws(WireError) -> NodeID {
        guard let node = try node("the node") else { throw .malformed("the node is missing") }
        return node
    }

    private mutating func logDescription() throws(WireError) -> LogDescription {
        LogDescription(
            configuration: try configuration("the configuration"), floor: try bound("the floor"),
            chosenThrough: try bound("chosenThrough"), chain: Digest(rawValue: try integer("the chain")),
            snapshot: try flag("the snapshot flag") ? try snapshotHeader() : nil)
    }

    private mutating func chunks() throws(WireError) -> [[UInt8]] {
        let count = Int(try integer("the number of chunks", as: UInt8.self))
        guard count <= WireLimit.chunksAtOnce else {
            throw .malformed("\(count) chunks are more than go at once")
        }
        var chunks: [[UInt8]] = []
        for _ in 0..<count { chunks.append(try chunk()) }
        return chunks
    }
}
