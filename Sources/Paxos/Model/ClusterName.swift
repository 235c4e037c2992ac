/// The rule for a cluster's name: 1 through 255 bytes of UTF-8, without control characters.
///
/// A control character breaks more than a display: SQLite's text ends at U+0000, so that a store would not find its own
/// name again.
public enum ClusterName {
    /// The longest name.
    public static let maximumBytes = 255

    /// Whether two names are one: byte by byte, as a store keeps them. (Two strings that Unicode holds to be equivalent
    /// are equal in Swift.)
    package static func areSame(_ first: String, _ second: String) -> Bool {
        first.utf8.elementsEqual(second.utf8)
    }

    /// Says why `name` cannot be a cluster's, as the end of a sentence about it; nil if it can.
    public static func flaw(in name: String) -> String? {
        guard (1...maximumBytes).contains(name.utf8.count) else {
            return "must be a name of 1 to \(maximumBytes) bytes, not \(name.utf8.count)"
        }
        guard let control = name.firstControlCharacter else { return nil }
        return "must be a name without control characters; it holds \(control)"
    }
}

extension String {
    /// The first of Unicode's 65 control characters (U+0000 to U+001F, U+007F to U+009F) in it, as `U+0000`. The set is
    /// fixed for ever, and no table is asked.
    package var firstControlCharacter: String? {
        unicodeScalars.first { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }.map { scalar in
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "U+" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }
}
