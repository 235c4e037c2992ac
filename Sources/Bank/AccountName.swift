internal import Paxos

/// An account's name: 1 through 64 bytes of UTF-8 without control characters.
///
/// Names are compared byte by byte. Swift's `String` takes the two spellings of "é" for one, by tables
/// that change with the version of Unicode: nodes built by different compilers could disagree about which
/// account is meant.
public struct AccountName: Sendable, CustomStringConvertible {
    /// The name as text.
    public let text: String
    /// The digest of the name's bytes: chooses its shard, and stands for it in the digest of the state.
    let digest: Digest

    /// The longest name.
    public static let maximumBytes = 64

    /// Takes text from a person or a program.
    ///
    /// - Throws: `emptyName`, `overlongName` or `unprintableName`.
    public init(_ text: String) throws(BankRejection) {
        try self.init(bytes: Array(text.utf8)[...])
    }

    /// Takes bytes from a frame, a row or a snapshot.
    ///
    /// - Throws: `emptyName`, `overlongName` or `unprintableName`.
    public init(bytes: ArraySlice<UInt8>) throws(BankRejection) {
        guard !bytes.isEmpty else { throw .emptyName }
        guard bytes.count <= Self.maximumBytes else { throw .overlongName }
        guard let text = Self.printableText(bytes) else { throw .unprintableName }
        self.text = text
        digest = Digest(of: bytes)
    }

    /// The name itself.
    public var description: String { text }

    /// The bytes as text; nil if they are not UTF-8, or one of Unicode's 65 control characters (U+0000 to
    /// U+001F, U+007F to U+009F) is among them. The set is fixed for ever, and no table is asked.
    private static func printableText(_ bytes: ArraySlice<UInt8>) -> String? {
        var previous: UInt8 = 0
        var isASCII = true
        for byte in bytes {
            if byte < 0x20 || byte == 0x7f || (previous == 0xc2 && (0x80...0x9f).contains(byte)) {
                return nil
            }
            isASCII = isASCII && byte < 0x80
            previous = byte
        }
        // Validating costs 60 ns more than decoding, and ASCII needs none.
        return isASCII ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
    }
}

extension AccountName: Hashable, Comparable {
    /// Whether the bytes are the same. The digests settle all but equal names; of those, up to 15 bytes lie in the
    /// string's own 16, and are compared as two words.
    public static func == (left: Self, right: Self) -> Bool {
        guard left.digest == right.digest else { return false }
        let (one, other) = (words(of: left), words(of: right))
        if one.0 == other.0 && one.1 == other.1 { return true }
        return bytes(of: left, right) { $0.elementsEqual($1) }
    }

    /// The string as it lies in memory: the same words are the same text, for they hold it or point to it.
    @inline(__always)
    private static func words(of name: Self) -> (UInt64, UInt64) {
        unsafeBitCast(name.text, to: (UInt64, UInt64).self)
    }

    /// Hashes the digest.
    public func hash(into hasher: inout Hasher) { hasher.combine(digest.rawValue) }

    /// Orders by bytes.
    public static func < (left: Self, right: Self) -> Bool {
        bytes(of: left, right) { $0.lexicographicallyPrecedes($1) }
    }

    /// Compares memory: byte by byte through the string's view takes four times as long. Text made of
    /// bytes, as `init` makes it, is always contiguous.
    @inline(__always)
    private static func bytes(
        of left: Self, _ right: Self,
        satisfy: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Bool {
        left.text.utf8.withContiguousStorageIfAvailable { left in
            right.text.utf8.withContiguousStorageIfAvailable { right in satisfy(left, right) }
        } == true
    }
}

extension AccountName {
    /// Appends the length in one byte, and the bytes.
    func append(to bytes: inout [UInt8]) {
        bytes.append(UInt8(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Reads what `append` wrote.
    ///
    /// - Throws: what is wrong with the name, or `malformed` if the bytes end early.
    init(from reader: inout ByteReader) throws(BankRejection) {
        guard let count = reader.readInteger(UInt8.self), let bytes = reader.readBytes(Int(count)) else {
            throw .malformed
        }
        try self.init(bytes: bytes)
    }
}
