/// SQLite's write-ahead log as bytes (sqlite.org/fileformat2.html, section 4): a header of 32 bytes, then
/// frames, each a header of 24 bytes and one page.
///
/// A frame carries the salts of the log's header, and a checksum that runs on from the frame before: so a
/// frame of an older generation of the log, or one whose predecessor was not written, is known for what it
/// is. Every integer in the headers is big-endian; the checksum alone runs over words of either order.
struct WALFormat {
    static let headerBytes = 32
    static let frameHeaderBytes = 24

    /// The pair of sums behind every frame.
    struct Checksum: Equatable {
        var first: UInt32
        var second: UInt32
        static let zero = Checksum(first: 0, second: 0)
    }

    let bytes: UnsafeRawBufferPointer
    let pageBytes: Int
    let isBigEndian: Bool

    var frameBytes: Int { Self.frameHeaderBytes + pageBytes }

    /// Whole frames, written or not.
    var frameCount: Int { max(0, bytes.count - Self.headerBytes) / frameBytes }

    /// Where a frame starts; frames count from 1.
    func offset(of frame: Int) -> Int { Self.headerBytes + (frame - 1) * frameBytes }

    func word(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The page a frame holds.
    func page(_ frame: Int) -> UInt32 { word(offset(of: frame)) }

    /// The size of the database in pages after the transaction that a frame ends; 0 within one.
    func commitSize(_ frame: Int) -> UInt32 { word(offset(of: frame) + 4) }

    func salts(_ frame: Int) -> UInt64 { salts(at: offset(of: frame) + 8) }

    func salts(at offset: Int) -> UInt64 { UInt64(word(offset)) << 32 | UInt64(word(offset + 4)) }

    /// The checksum a frame says it has.
    func storedChecksum(_ frame: Int) -> Checksum { checksum(at: offset(of: frame) + 16) }

    func checksum(at offset: Int) -> Checksum { Checksum(first: word(offset), second: word(offset + 4)) }

    /// The checksum a frame has if that of the frame before it is `seed`.
    func computedChecksum(_ frame: Int, seed: Checksum) -> Checksum {
        let start = offset(of: frame)
        let ofHeader = sum(start..<start + 8, seed: seed)
        return sum(start + Self.frameHeaderBytes..<start + frameBytes, seed: ofHeader)
    }

    /// The same, if the frame's mark were `commitSize`.
    func computedChecksum(_ frame: Int, seed: Checksum, commitSize: UInt32) -> Checksum {
        let start = offset(of: frame)
        let page = bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)
        let ofHeader = withUnsafeBytes(of: (page, commitSize.bigEndian)) {
            WALFormat(bytes: $0, pageBytes: pageBytes, isBigEndian: isBigEndian).sum(0..<8, seed: seed)
        }
        return sum(start + Self.frameHeaderBytes..<start + frameBytes, seed: ofHeader)
    }

    /// Adds up a range of a multiple of eight bytes.
    func sum(_ range: Range<Int>, seed: Checksum) -> Checksum {
        var first = seed.first
        var second = seed.second
        var offset = range.lowerBound
        while offset < range.upperBound {
            let left = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            let right = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            first = first &+ (isBigEndian ? left.bigEndian : left.littleEndian) &+ second
            second = second &+ (isBigEndian ? right.bigEndian : right.littleEndian) &+ first
            offset += 8
        }
        return Checksum(first: first, second: second)
    }
}
