import Foundation

/// Tells on standard error how far things are: one line that changes on a terminal, plain lines elsewhere.
struct BenchProgress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var isLineOpen = false

    mutating func tell(_ line: String) {
        if isTerminal {
            Self.write("\r\u{1b}[K\(line)")
            isLineOpen = true
        } else {
            Self.write(line + "\n")
        }
    }

    /// Says something that stays.
    mutating func note(_ line: String) {
        clear()
        Self.write(line + "\n")
    }

    /// Clears the line: something else is to be said.
    mutating func clear() {
        guard isLineOpen else { return }
        Self.write("\r\u{1b}[K")
        isLineOpen = false
    }

    private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
