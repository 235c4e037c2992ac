/// Reads one flat JSON object: keys to strings and whole numbers, and nothing else.
///
/// Foundation's decoder would do, at ten times the time a line and with a looser grammar: it takes the
/// last of two equal keys, and 1e3 for a whole number. Money is worth an exact reading, and the bank no
/// Foundation.
struct FlatJSON {
    enum Value: Equatable {
        case string(String)
        case integer(Int64)
    }

    /// What was wrong, as the end of a sentence.
    struct Failure: Error {
        let reason: String
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    /// The keys and values of `line`, in their order.
    static func members(of line: ArraySlice<UInt8>) throws(Failure) -> [(key: String, value: Value)] {
        var reader = FlatJSON(bytes: line, position: line.startIndex)
        return try reader.object()
    }

    private mutating func object() throws(Failure) -> [(key: String, value: Value)] {
        var members: [(key: String, value: Value)] = []
        guard take("{") else { throw Failure(reason: "is no JSON object, {…}") }
        if !take("}") {
            repeat {
                guard peek() == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
                let key = try string()
                guard !members.contains(where: { $0.key == key }) else {
                    throw Failure(reason: "has the key \(key.json) twice")
                }
                guard take(":") else { throw unexpected("a colon after \(key.json)") }
                members.append((key, try value(of: key)))
            } while take(",")
            guard take("}") else { throw unexpected("a comma or the closing brace") }
        }
        guard peek() == nil else { throw unexpected("the end of the line") }
        return members
    }

    private mutating func value(of key: String) throws(Failure) -> Value {
        switch peek() {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"): return try integer(of: key)
        case let byte? where Self.isDigit(byte): return try integer(of: key)
        default: throw unexpected("a string or a whole number for \(key.json)")
        }
    }

    private mutating func integer(of key: String) throws(Failure) -> Value {
        let token = bytes[position...].prefix(while: Self.isPartOfNumber)
        position += token.count
        let text = String(decoding: token, as: UTF8.self)
        let digits = token.first == UInt8(ascii: "-") ? token.dropFirst() : token
        guard !digits.isEmpty, digits.allSatisfy(Self.isDigit),
            digits.count == 1 || digits.first != UInt8(ascii: "0")
        else { throw Failure(reason: "needs a whole number for \(key.json), not \(text)") }
        guard let value = Int64(text) else {
            throw Failure(
                reason: "needs a number from \(Int64.min) to \(Int64.max) for \(key.json), not \(text)")
        }
        return .integer(value)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Wide enough for the error to show all of 1.5, 1e3 and 0x10.
    private static func isPartOfNumber(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
            || "+-.".utf8.contains(byte)
    }

    // MARK: Strings

    /// Reads a string, its opening quote being next.
    private mutating func string() throws(Failure) -> String {
        position += 1
        var text: [UInt8] = []
        while position < bytes.endIndex {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw Failure(reason: "is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw Failure(reason: "has a control character in a string; escape it")
            default: text.append(byte)
            }
        }
        throw Failure(reason: "ends within a string")
    }

    /// Reads an escape, its backslash being read.
    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        guard position < bytes.endIndex else { throw Failure(reason: "ends within a string") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try scalar()).utf8)
        default: throw Failure(reason: "has an escape that JSON does not know")
        }
    }

    /// Reads the rest of a `\u` escape, and of a second where the first is half a character.
    private mutating func scalar() throws(Failure) -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        if (0xd800..<0xdc00).contains(first), bytes[position...].starts(with: "\\u".utf8) {
            position += 2
            let second = try hexadecimal()
            if (0xdc00..<0xe000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
            {
                return scalar
            }
        }
        throw Failure(reason: "has half a surrogate pair in a string")
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        var value: UInt32 = 0
        for byte in digits {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw Failure(reason: "needs four hexadecimal digits after \\u")
            }
            value = value << 4 | UInt32(digit)
        }
        guard digits.count == 4 else { throw Failure(reason: "ends within a string") }
        position += 4
        return value
    }

    // MARK: Between

    /// The next byte that is no white space, which stays next; nil at the end.
    private mutating func peek() -> UInt8? {
        while position < bytes.endIndex {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                position += 1
            default: return bytes[position]
            }
        }
        return nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func unexpected(_ wanted: String) -> Failure {
        let place = position - bytes.startIndex + 1
        return position < bytes.endIndex
            ? Failure(reason: "needs \(wanted) at byte \(place)")
            : Failure(reason: "ends where it needs \(wanted)")
    }
}
