/// A 64-bit digest: what rows, frames, proposals and the chain of chosen slots are checked with. It finds
/// accidents (rot, torn writes, programming errors), not forgers: nodes trust each other.
///
/// The algorithm is XXH64 (Yann Collet, "XXH64 algorithm description", version 0.1.1), seed 0 unless
/// given, chosen for its speed without special instructions; `docs/decisions/0002` says why.
public struct Digest: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The 64 bits.
    public let rawValue: UInt64

    /// The digest of nothing at the start of a chain.
    public static let zero = Digest(rawValue: 0)

    /// Sixty-four bits from a row or a frame.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Digests bytes.
    public init(of bytes: [UInt8], seed: UInt64 = 0) {
        rawValue = bytes.withUnsafeBytes { Self.xxh64($0, seed: seed) }
    }

    /// Digests a slice.
    public init(of bytes: ArraySlice<UInt8>, seed: UInt64 = 0) {
        rawValue = bytes.withUnsafeBytes { Self.xxh64($0, seed: seed) }
    }

    /// Digests memory.
    public init(of bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) {
        rawValue = Self.xxh64(bytes, seed: seed)
    }

    /// Digests a few integers, in their order.
    public init(of first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        rawValue = Swift.withUnsafeBytes(
            of: (first.littleEndian, second.littleEndian, third.littleEndian, fourth.littleEndian)
        ) { Self.xxh64($0, seed: 0) }
    }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// H(s) = hash(H(s-1), s, digest): the chain over the chosen log. Ballots stay outside it, for nodes
    /// may learn one slot in different ballots.
    public func chained(_ slot: Slot, _ digest: Digest) -> Digest {
        Digest(of: rawValue, slot.rawValue, digest.rawValue, 0)
    }

    // MARK: XXH64

    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value &<< count | value &>> (64 - count)
    }

    @inline(__always)
    private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotate(accumulator &+ lane &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func merge(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        (accumulator ^ round(0, lane)) &* prime1 &+ prime4
    }

    private static func xxh64(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let count = bytes.count
        var offset = 0
        var hash: UInt64
        func word(_ at: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        }
        if count >= 32 {
            var first = seed &+ prime1 &+ prime2
            var second = seed &+ prime2
            var third = seed
            var fourth = seed &- prime1
            while offset + 32 <= count {
                first = round(first, word(offset))
                second = round(second, word(offset + 8))
                third = round(third, word(offset + 16))
                fourth = round(fourth, word(offset + 24))
                offset += 32
            }
            hash = rotate(first, 1) &+ rotate(second, 7) &+ rotate(third, 12) &+ rotate(fourth, 18)
            hash = merge(hash, first)
            hash = merge(hash, second)
            hash = merge(hash, third)
            hash = merge(hash, fourth)
        } else {
            hash = seed &+ prime5
        }
        hash = hash &+ UInt64(count)
        while offset + 8 <= count {
            hash = rotate(hash ^ round(0, word(offset)), 27) &* prime1 &+ prime4
            offset += 8
        }
        if offset + 4 <= count {
            let half = UInt64(
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            hash = rotate(hash ^ half &* prime1, 23) &* prime2 &+ prime3
            offset += 4
        }
        while offset < count {
            hash = rotate(hash ^ UInt64(bytes[offset]) &* prime5, 11) &* prime1
            offset += 1
        }
        hash = (hash ^ hash &>> 33) &* prime2
        hash = (hash ^ hash &>> 29) &* prime3
        return hash ^ hash &>> 32
    }
}
