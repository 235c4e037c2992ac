import NIOCore
import Paxos

/// Reads the fields of one body. Every read that goes beyond it, or finds what cannot be, throws.
struct FrameReader {
    private var body: ByteBuffer
    /// The version it was written in, which decides what fields there are.
    let version: UInt16

    init(_ body: ByteBuffer, version: UInt16) {
        self.body = body
        self.version = version
    }

    var bytesLeft: Int { body.readableBytes }

    /// A body is read to its end: what is left over was meant to say something.
    func finish() throws(WireError) {
        guard bytesLeft == 0 else { throw .malformed("\(bytesLeft) bytes are left over") }
    }

    /// For what a newer version may have added.
    mutating func skipRest() { body.moveReaderIndex(to: body.writerIndex) }

    mutating func integer<Integer: FixedWidthInteger>(
        _ what: StaticString, as type: Integer.Type = Integer.self
    ) throws(WireError) -> Integer {
        guard let value = body.readInteger(endianness: .little, as: type) else {
            throw .malformed("\(what) is missing")
        }
        return value
    }

    mutating func flag(_ what: StaticString) throws(WireError) -> Bool {
        switch try integer(what, as: UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw .malformed("\(what) is neither 0 nor 1")
        }
    }

    /// A length of 4 bytes, judged against `limit` and the bytes that are there, then that many bytes.
    mutating func bytes(_ what: StaticString, limit: Int = WireLimit.bodyBytes) throws(WireError) -> [UInt8] {
        let length = Int(try integer(what, as: UInt32.self))
        guard length <= limit else { throw .oversized("\(what)", bytes: length, limitBytes: limit) }
        guard let bytes = body.readBytes(length: length) else {
            throw .malformed("\(what) has \(bytesLeft) of its \(length) bytes")
        }
        return bytes
    }

    /// Text with a length of 2 bytes.
    mutating func text(_ what: StaticString, limit: Int) throws(WireError) -> String {
        let length = Int(try integer(what, as: UInt16.self))
        guard length <= limit else { throw .oversized("\(what)", bytes: length, limitBytes: limit) }
        guard let bytes = body.readBytes(length: length), let text = String(validating: bytes, as: UTF8.self)
        else { throw .malformed("\(what) is cut short or is not UTF-8") }
        return text
    }

    /// How many items follow, each of at least `itemBytes`. Judged against the bytes that are there, so
    /// that a count from outside reserves no more memory than its sender paid for.
    mutating func count(_ what: StaticString, itemBytes: Int) throws(WireError) -> Int {
        let count = Int(try integer(what, as: UInt32.self))
        guard count <= bytesLeft / itemBytes else {
            throw .malformed("\(what) counts \(count), too many for the \(bytesLeft) bytes that follow")
        }
        return count
    }

    // MARK: The protocol's values

    /// A ballot of a node, or `zero` where nothing was promised.
    mutating func promisedBallot(_ what: StaticString) throws(WireError) -> Ballot {
        let raw = try integer(what, as: UInt64.self)
        guard let ballot = Ballot(rawValue: raw) else { throw .malformed("\(what) \(raw) is no ballot") }
        return ballot
    }

    /// A ballot of a node.
    mutating func ballot(_ what: StaticString = "the ballot") throws(WireError) -> Ballot {
        let ballot = try promisedBallot(what)
        guard ballot != .zero else { throw .malformed("\(what) is zero") }
        return ballot
    }

    /// An inclusive bound, which may be zero.
    mutating func bound(_ what: StaticString) throws(WireError) -> Slot {
        let raw = try integer(what, as: UInt64.self)
        guard let slot = Slot(rawValue: raw) else { throw .malformed("\(what) \(raw) is no slot") }
        return slot
    }

    /// A slot of the log.
    mutating func slot(_ what: StaticString = "the slot") throws(WireError) -> Slot {
        let slot = try bound(what)
        guard slot != .zero else { throw .malformed("\(what) is zero") }
        return slot
    }

    /// A node's id, or nil for 0.
    mutating func node(_ what: StaticString) throws(WireError) -> NodeID? {
        let raw = try integer(what, as: UInt16.self)
        guard raw != 0 else { return nil }
        guard let node = NodeID(rawValue: raw) else { throw .malformed("\(what) \(raw) is no node id") }
        return node
    }

    mutating func store(_ what: StaticString) throws(WireError) -> StoreID {
        let raw = try integer(what, as: UInt64.self)
        guard raw >> 63 == 0 else { throw .malformed("\(what) has more than 63 bits") }
        return StoreID(rawValue: raw)
    }
}

extension ByteBuffer {
    /// Bytes behind their length in 4 bytes.
    mutating func writeSized(_ bytes: some RandomAccessCollection<UInt8>) {
        writeInteger(UInt32(bytes.count), endianness: .little)
        writeBytes(bytes)
    }

    /// Text behind its length in 2 bytes.
    mutating func writeText(_ text: String) {
        writeInteger(UInt16(text.utf8.count), endianness: .little)
        writeString(text)
    }
}
