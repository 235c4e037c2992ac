import NIOCore
import Paxos

/// What a frame belongs to.
package enum WireProtocol: UInt8, Hashable, Sendable, CustomStringConvertible {
    /// The first frame each way; the same in every version.
    case handshake = 0
    /// Between nodes.
    case peer = 1
    /// Between a client and a node; nodes that forward their own clients' requests speak it as well.
    case client = 2
    /// Between nodes, about the nodes themselves.
    case node = 3

    /// Its name.
    package var description: String {
        switch self {
        case .handshake: "handshake"
        case .peer: "peer"
        case .client: "client"
        case .node: "node"
        }
    }
}

/// What stands before every body, little-endian:
///
///     offset 0   length    u32   bytes that follow the length
///            4   checksum  u64   XXH64 of the bytes that follow the checksum
///           12   protocol  u8
///           13   type      u8
///           14   reserved  u16   zero
///           16   group     u32   zero where no group is meant
///           20   body
///
/// The length lies outside the checksum, but a wrong length puts the wrong bytes under it.
package struct FrameHeader: Hashable, Sendable {
    /// Bytes of the header.
    package static let bytes = 20
    /// Bytes of the header that the length counts.
    static let countedBytes = 16
    /// Where the checksummed bytes start.
    static let checksummedOffset = 12

    let length: Int
    let checksum: Digest
    let protocolByte: UInt8
    let type: UInt8
    let reserved: UInt16
    let group: UInt32

    /// The header at `index`; nil if it is not all there yet. One look at the buffer serves all fields: each look costs
    /// as much as ten of them.
    init?(in buffer: ByteBuffer, at index: Int) {
        let start = index - buffer.readerIndex
        guard start >= 0, buffer.readableBytes - start >= Self.bytes else { return nil }
        self = buffer.withUnsafeReadableBytes { bytes in
            func integer<Integer: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Integer {
                Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: start + offset, as: Integer.self))
            }
            return FrameHeader(
                length: Int(integer(at: 0) as UInt32), checksum: Digest(rawValue: integer(at: 4)),
                protocolByte: integer(at: 12), type: integer(at: 13), reserved: integer(at: 14),
                group: integer(at: 16))
        }
    }

    private init(
        length: Int, checksum: Digest, protocolByte: UInt8, type: UInt8, reserved: UInt16, group: UInt32
    ) {
        self.length = length
        self.checksum = checksum
        self.protocolByte = protocolByte
        self.type = type
        self.reserved = reserved
        self.group = group
    }
}

extension ByteBuffer {
    /// Appends one frame behind whatever the buffer holds, so that many go out in one write: the header
    /// with blanks, the body, then length and checksum are filled in. A frame over the limits is taken
    /// back, and the buffer is as it was.
    @inline(__always)
    mutating func writeFrame(
        _ proto: WireProtocol, type: UInt8, group: UInt32 = 0,
        body: (inout ByteBuffer) throws(WireError) -> Void
    ) throws(WireError) {
        let start = writerIndex
        writeMultipleIntegers(
            UInt32(0), UInt64(0), proto.rawValue, type, UInt16(0), group, endianness: .little)
        do throws(WireError) {
            try body(&self)
            try sealFrame(from: start)
        } catch {
            moveWriterIndex(to: start)
            throw error
        }
    }

    private mutating func sealFrame(from start: Int) throws(WireError) {
        let bodyBytes = writerIndex - start - FrameHeader.bytes
        guard bodyBytes <= WireLimit.bodyBytes else {
            throw .oversized("a frame's body", bytes: bodyBytes, limitBytes: WireLimit.bodyBytes)
        }
        let offset = start - readerIndex
        withUnsafeMutableReadableBytes { bytes in
            let frame = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
            let checksum = Digest(
                of: UnsafeRawBufferPointer(rebasing: frame[FrameHeader.checksummedOffset...]))
            let length = UInt32(bodyBytes + FrameHeader.countedBytes)
            frame.storeBytes(of: length.littleEndian, as: UInt32.self)
            frame.storeBytes(of: checksum.rawValue.littleEndian, toByteOffset: 4, as: UInt64.self)
        }
    }

    /// Digests readable bytes, named by their indices.
    func digest(from start: Int, to end: Int) -> Digest {
        withUnsafeReadableBytes { bytes in
            Digest(of: UnsafeRawBufferPointer(rebasing: bytes[start - readerIndex..<end - readerIndex]))
        }
    }
}
