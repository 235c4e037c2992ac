/// Names a snapshot: what a group had come to when it had executed the log through a slot. Nodes that execute the
/// same log take their snapshots at the same slots, and what machines write of equal states is equal, so one that
/// was begun with one peer can be finished with another.
public struct SnapshotHeader: Hashable, Sendable {
    /// Everything through this slot is in it.
    public let slot: Slot
    /// The chain over the log through `slot`.
    public let chain: Digest
    /// Its bytes.
    public let byteCount: UInt64
    /// The digest of all its bytes, as `SnapshotDigest` reckons it.
    public let digest: Digest

    /// Bytes of every chunk but the last, which may be shorter.
    public static let chunkBytes = 64 << 10

    /// A header.
    public init(slot: Slot, chain: Digest, byteCount: UInt64, digest: Digest) {
        self.slot = slot
        self.chain = chain
        self.byteCount = byteCount
        self.digest = digest
    }

    /// How many chunks its bytes make.
    public var chunkCount: Int {
        let (whole, rest) = byteCount.quotientAndRemainder(dividingBy: UInt64(Self.chunkBytes))
        return Int(whole) + (rest > 0 ? 1 : 0)
    }

    /// The bytes of the snapshot that make the chunk.
    public func range(ofChunk chunk: Int) -> Range<Int> {
        chunk * Self.chunkBytes..<min(Int(clamping: byteCount), (chunk + 1) * Self.chunkBytes)
    }

    /// Whether there can be such a snapshot: it has bytes, and its chunks can be numbered.
    public var isPossible: Bool { byteCount > 0 && chunkCount <= Int(UInt32.max) }
}

/// A snapshot as bytes: state, session table with the replies kept, configurations, chain and slot, all of one
/// point (invariant ApplyAtomic).
public struct Snapshot: Sendable {
    /// What it is.
    public let header: SnapshotHeader
    /// The bytes; `Capture.encode()` makes them, `Capture.init(decoding:)` reads them.
    public let bytes: [UInt8]

    /// A snapshot.
    public init(slot: Slot, chain: Digest, bytes: [UInt8]) {
        var digest = SnapshotDigest()
        for start in stride(from: 0, to: bytes.count, by: SnapshotHeader.chunkBytes) {
            digest.add(bytes[start..<min(bytes.count, start + SnapshotHeader.chunkBytes)])
        }
        header = SnapshotHeader(
            slot: slot, chain: chain, byteCount: UInt64(bytes.count), digest: digest.value)
        self.bytes = bytes
    }

    /// A chunk's bytes.
    public func chunk(_ chunk: Int) -> ArraySlice<UInt8> { bytes[header.range(ofChunk: chunk)] }
}

/// The digest of a snapshot's bytes, chunk after chunk, so that a large one is verified a little at a time.
public struct SnapshotDigest: Sendable, Hashable {
    /// The digest so far.
    public private(set) var value = Digest.zero
    private var chunks: UInt64 = 0

    /// Nothing yet.
    public init() {}

    /// Adds the next chunk.
    public mutating func add(_ chunk: ArraySlice<UInt8>) {
        value = Digest(of: value.rawValue, chunks, Digest(of: chunk).rawValue, UInt64(chunk.count))
        chunks += 1
    }
}
