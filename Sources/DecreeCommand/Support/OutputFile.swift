import Bank
import Foundation

/// A file that takes bytes, all of them or an error: standard output, mostly.
struct OutputFile {
    /// Why it takes no more.
    enum Failure: Error, Equatable {
        /// Nobody reads the other end.
        case closed
        /// The operating system's reason.
        case failed(String)
    }

    static let standardOutput = OutputFile(descriptor: 1)

    let descriptor: Int32

    func write(_ bytes: [UInt8]) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0 {
                switch errno {
                case EINTR: continue
                case EPIPE: throw .closed
                default: throw .failed(String(cString: strerror(errno)))
                }
            }
            written += count
        }
    }
}

/// Standard output, gathered: lines go out when there are many of them, and at the end.
struct GatheredOutput {
    private static let gatheredBytes = 1 << 16
    private var bytes: [UInt8] = []

    /// Prints a line.
    mutating func line(_ text: String) throws {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
        if bytes.count >= Self.gatheredBytes { try flush() }
    }

    /// Prints a JSON object on a line of its own.
    mutating func object(_ members: (inout JSONWriter) -> Void) throws {
        var writer = JSONWriter(bytes: bytes)
        bytes = []
        writer.line(members)
        bytes = writer.bytes
        if bytes.count >= Self.gatheredBytes { try flush() }
    }

    mutating func flush() throws {
        defer { bytes.removeAll(keepingCapacity: true) }
        do throws(OutputFile.Failure) {
            try OutputFile.standardOutput.write(bytes)
        } catch {
            throw ToolError(.checkFailed, "cannot write to standard output: \(error)")
        }
    }
}

/// Writes JSON objects, a line each, key by key in the order they are given. It costs a tenth of
/// Foundation's encoder, and a person can read what comes out from left to right.
struct JSONWriter {
    private(set) var bytes: [UInt8]
    private var needsComma = false

    init(bytes: [UInt8] = []) { self.bytes = bytes }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// An object and a line break.
    mutating func line(_ members: (inout JSONWriter) -> Void) {
        object(members)
        bytes.append(UInt8(ascii: "\n"))
    }

    mutating func add(_ key: StaticString, _ value: some FixedWidthInteger) {
        begin(key)
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func add(_ key: StaticString, _ value: Bool) { add(key, json: value ? "true" : "false") }

    mutating func add(_ key: StaticString, _ text: String) { add(key, json: text.json) }

    /// A value that is JSON already.
    mutating func add(_ key: StaticString, json: String) {
        begin(key)
        bytes.append(contentsOf: json.utf8)
    }

    mutating func add(_ key: StaticString, object members: (inout JSONWriter) -> Void) {
        begin(key)
        object(members)
        needsComma = true
    }

    /// An object.
    mutating func object(_ members: (inout JSONWriter) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        members(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func begin(_ key: StaticString) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
        bytes.append(UInt8(ascii: "\""))
        key.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }
}

extension Collection<UInt8> {
    /// Two hexadecimal digits a byte.
    var hexadecimal: String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * count)
        let digits = Array("0123456789abcdef".utf8)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 0xf)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
