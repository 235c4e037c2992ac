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
}

extension AdminRequest {
    func writeFields(into buffer: inout ByteBuffer) throws(WireError) {
        switch self {
        case .change(let change):
            buffer.writeInteger(AdminRequestKind.change.rawValue)
            try buffer.write(change)
        case .transferLead(let node):
            buffer.writeMultipleIntegers(
                AdminRequestKind.transferLead.rawValue, node?.rawValue ?? 0, endianness: .little)
        case .takeSnapshot: buffer.writeInteger(AdminRequestKind.takeSnapshot.rawValue)
        case .describeLog: buffer.writeInteger(AdminRequestKind.describeLog.rawValue)
        case .readSlots(let first):
            buffer.writeMultipleIntegers(
                AdminRequestKind.readSlots.rawValue, first.rawValue, endianness: .little)
        case .readChunks(let header, let first):
            buffer.writeInteger(AdminRequestKind.readChunks.rawValue)
            try buffer.write(header)
            buffer.writeInteger(first, endianness: .little)
        }
    }
}

extension FrameReader {
    mutating func adminRequest() throws(WireError) -> AdminRequest {
        let raw = try integer("what an operator asks", as: UInt8.self)
        guard let kind = AdminRequestKind(rawValue: raw) else {
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
        }
    }

    /// The bytes are those that stand in the log.
    private mutating func change() throws(WireError) -> ConfigurationChange {
        var reader = ByteReader(try bytes("a change", limit: WireLimit.changeBytes)[...])
        guard let change = ConfigurationChange(from: &reader), reader.isAtEnd else {
            throw .malformed("a change of the members is none")
        }
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
        case .promote, .remove: ""
        }
    }
}
