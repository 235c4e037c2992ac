extension BinaryInteger {
    /// `1,234,567`.
    var grouped: String {
        var digits = magnitude.description
        var parts: [Substring] = []
        while digits.count > 3 {
            parts.insert(digits.suffix(3), at: 0)
            digits.removeLast(3)
        }
        parts.insert(digits[...], at: 0)
        return (self < 0 ? "-" : "") + parts.joined(separator: ",")
    }
}

extension UInt64 {
    /// Nanoseconds with the unit that fits.
    var asTime: String { Format.time(Double(self) / 1_000) }
}

extension String {
    func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - count)) + self
    }

    func rightPadded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
