import NIOCore
import Paxos

/// A snapshot's name in a frame: slot, chain, bytes and digest, of 8 bytes each. Whoever reads it may count its
/// chunks without asking again: it has some, and not too many.
extension ByteBuffer {
    mutating func write(_ header: SnapshotHeader) throws(WireError) {
        guard (1...WireLimit.snapshotBytes).contains(header.byteCount) else {
            throw .oversized(
                "a snapshot", bytes: Int(clamping: header.byteCount), limitBytes: Int(WireLimit.snapshotBytes)
            )
        }
        writeMultipleIntegers(
            header.slot.rawValue, header.chain.rawValue, header.byteCount, header.digest.rawValue,
            endianness: .little)
    }

    mutating func writeChunk(_ bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= SnapshotHeader.chunkBytes else {
            throw .oversized("a chunk", bytes: bytes.count, limitBytes: SnapshotHeader.chunkBytes)
        }
        writeSized(bytes)
    }
}

extension FrameReader {
    mutating func snapshotHeader() throws(WireError) -> SnapshotHeader {
        let slot = try slot("the snapshot's slot")
        let chain = Digest(rawValue: try integer("the snapshot's chain"))
        let byteCount: UInt64 = try integer("the snapshot's bytes")
        let digest = Digest(rawValue: try integer("the snapshot's digest"))
        guard (1...WireLimit.snapshotBytes).contains(byteCount) else {
            throw .malformed("a snapshot of \(byteCount) bytes")
        }
        return SnapshotHeader(slot: slot, chain: chain, byteCount: byteCount, digest: digest)
    }

    /// Which chunk of the snapshot.
    mutating func chunkIndex(of header: SnapshotHeader) throws(WireError) -> UInt32 {
        let index: UInt32 = try integer("the chunk's index")
        guard Int(index) < header.chunkCount else {
            throw .malformed("chunk \(index) of \(header.chunkCount) chunks, counted from 0")
        }
        return index
    }

    /// A chunk's bytes, of which there are some.
    mutating func chunk() throws(WireError) -> [UInt8] {
        let bytes = try bytes("a chunk", limit: SnapshotHeader.chunkBytes)
        guard !bytes.isEmpty else { throw .malformed("a chunk is empty") }
        return bytes
    }
}
