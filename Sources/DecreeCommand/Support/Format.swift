import Foundation

/// Numbers as people read them.
enum Format {
    /// With separators, without decimals: 12,345.
    static func count(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        return Int(value.rounded()).grouped
    }

    /// Microseconds with the unit that fits: 84 µs, 1.25 ms, 2.10 s.
    static func time(_ microseconds: Double) -> String {
        switch microseconds {
        case ..<1_000: "\(fixed(microseconds, microseconds < 10 ? 1 : 0)) µs"
        case ..<10_000: "\(fixed(microseconds / 1_000, 2)) ms"
        case ..<1_000_000: "\(fixed(microseconds / 1_000, 1)) ms"
        default: "\(fixed(microseconds / 1_000_000, 2)) s"
        }
    }

    /// Bytes with the unit that fits.
    static func bytes(_ bytes: Double) -> String {
        switch bytes {
        case ..<1_024: "\(fixed(bytes, 0)) B"
        case ..<1_048_576: "\(fixed(bytes / 1_024, 0)) KiB"
        case ..<1_073_741_824: "\(fixed(bytes / 1_048_576, 1)) MiB"
        default: "\(fixed(bytes / 1_073_741_824, 2)) GiB"
        }
    }

    /// With as many decimals as a number of its size deserves: 0.031, 2.4, 117.
    static func ratio(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        guard value != 0 else { return "0" }
        return switch abs(value) {
        case ..<0.1: fixed(value, 4)
        case ..<1: fixed(value, 3)
        case ..<10: fixed(value, 2)
        case ..<100: fixed(value, 1)
        default: count(value)
        }
    }

    static func fixed(_ value: Double, _ decimals: Int) -> String {
        String(format: "%.\(decimals)f", value)
    }

    /// Columns aligned: the first to the left, the others to the right.
    static func table(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }
    }
}
