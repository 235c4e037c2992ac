extension Array where Element == UInt8 {
    /// Appends a byte.
    package mutating func appendInteger(_ value: UInt8) { append(value) }
    /// Appends an integer, little-endian.
    package mutating func appendInteger(_ value: UInt16) { appendLittleEndian(value) }
    /// Appends an integer, little-endian.
    package mutating func appendInteger(_ value: UInt32) { appendLittleEndian(value) }
    /// Appends an integer, little-endian.
    package mutating func appendInteger(_ value: UInt64) { appendLittleEndian(value) }
    /// Appends an integer, little-endian.
    package mutating func appendInteger(_ value: Int64) { appendLittleEndian(value) }

    private mutating func appendLittleEndian<Integer: FixedWidthInteger>(_ value: Integer) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

/// Reads little-endian integers and runs of bytes, and answers nil where there are too few left: it is
/// pointed at bytes from outside.
///
/// One method for each type, and no generic one: the compiler does not specialise a `package` generic for
/// another module, `@inlinable` or not, and each call would cost some 60 ns instead of 2.
package struct ByteReader: Sendable {
    package private(set) var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    package var isAtEnd: Bool { rest.isEmpty }

    package mutating func readInteger(_ type: UInt8.Type) -> UInt8? { rest.popFirst() }
    package mutating func readInteger(_ type: UInt16.Type) -> UInt16? { readLittleEndian() }
    package mutating func readInteger(_ type: UInt32.Type) -> UInt32? { readLittleEndian() }
    package mutating func readInteger(_ type: UInt64.Type) -> UInt64? { readLittleEndian() }
    package mutating func readInteger(_ type: Int64.Type) -> Int64? { readLittleEndian() }

    private mutating func readLittleEndian<Integer: FixedWidthInteger>() -> Integer? {
        let size = MemoryLayout<Integer>.size
        guard rest.count >= size else { return nil }
        let value = rest.withUnsafeBytes { $0.loadUnaligned(as: Integer.self) }
        rest = rest.dropFirst(size)
        return Integer(littleEndian: value)
    }

    package mutating func readBytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
