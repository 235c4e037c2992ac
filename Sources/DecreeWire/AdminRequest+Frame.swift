import NIOCore
import Paxos

/// What an operator asks, in a frame: its kind in a byte, then what it says.
enum AdminRequestKind: UInt8 {
    case change = 0
    case transferLead = 1
    case takeSnapshot = 2
    case describeLog = 3
    case readSlots = 4
    case readChunks = 5
    case tail = 6

    /// The first version that has it.
    var firstVersion: UInt16 { self == .tail ? WireVersion.tail : WireVersion.members }
}

extension AdminRequest {
    /// The first version that has it.
    var firstVersion: UInt16 { kind.firstVersion }

    private var kind: AdminRequestKind {
        switch self {
        case .change: .change
        case .transferLead: .transferLead
        case .takeSnapshot: .takeSnapshot
        case .describeLog: .describeLog
        case .readSlots: .readSlots
        case .readChunks: .readChunks
        case .tail: .tail
        }
    }

    func writeFields(into buffer: inout ByteBuffer) throws(WireError) {
        buffer.writeInteger(kind.rawValue)
        switch self {
        case .change(let change): try buffer.write(change)
        case .transferLead(let node): buffer.writeInteger(node?.rawValue ?? 0, endianness: .little)
        case .takeSnapshot, .describeLog: break
        case .readSlots(let first): buffer.write(first)
        case .readChunks(let header, let first):
            try buffer.write(header)
            buffer.writeInteger(first, endianness: .little)
        case .tail(let first, let waitingTicks):
            buffer.write(first)
            buffer.writeInteger(waitingTicks, endianness: .little)
        }
    }
}

extension FrameReader {
    mutating func adminRequest() throws(WireError) -> AdminRequest {
        let raw = try integer("what an operator asks", as: UInt8.self)
        guard let kind = AdminRequestKind(rawValue: raw), kind.firstVersion <= version else {
            throw .malformed("\(raw) is nothing that an operator asks")
        }
        switch kind {
        case .change: return .change(try change())
        case .transferLead: return .transferLead(to: try node("the successor"))
        case .takeSnapshot: return .takeSnapshot
        case .describeLog: return .describeLog
        case .readSlots: return .readSlots(from: try slot("the first slot"))
        case .readChunks:
            let header = try snapshotHeader()
            return .readChunks(header, from: try chunkIndex(of: header))
        case .tail:
            let first = try slot("the first slot")
            return .tail(from: first, waitingTicks: try integer("the ticks to wait"))
        }
    }

    /// The bytes are those that stand in the log.
    private mutating func change() throws(WireError) -> ConfigurationChange {
        var reader = ByteReader(try bytes("a change", limit: WireLimit.changeBytes)[...])
        guard let change = ConfigurationChange(from: &reader), reader.isAtEnd else {
            throw .malformed("a change of the members is none")
        }
        if case .raise = change { throw .malformed("the leader alone raises the cluster's version") }
        return change
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ change: ConfigurationChange) throws(WireError) {
        let addressBytes = change.address.utf8.count
        guard addressBytes <= Member.maximumAddressBytes else {
            throw .oversized("the address", bytes: addressBytes, limitBytes: Member.maximumAddressBytes)
        }
        var bytes: [UInt8] = []
        change.append(to: &bytes)
        writeSized(bytes)
    }
}

extension ConfigurationChange {
    fileprivate var address: String {
        switch self {
        case .add(_, _, _, let address), .move(_, let address): address
        case .promote, .remove, .raise: ""
        }
    }
}
