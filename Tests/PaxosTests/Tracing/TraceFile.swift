/// A trace: what is to be done, line by line, and what came of it.
///
///     # A comment; the first lines say what is shown.
///
///     elect 1
///     ----
///     1->2  prepare   1.1 from slot 1
///
/// Commands that stand together share the output below their `----`. An empty line ends it.
struct TraceFile {
    struct Step: Equatable {
        /// The line of the first command, from 1.
        let line: Int
        let commands: [String]
        /// nil where there is no `----`.
        let expected: [String]?
    }

    enum Part: Equatable {
        /// Comments and empty lines, kept as they are.
        case text(String)
        case step(Step)
    }

    let parts: [Part]

    var steps: [Step] { parts.compactMap { if case .step(let step) = $0 { step } else { nil } } }

    init(_ text: String) throws(TraceError) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        while lines.last?.isEmpty == true { lines.removeLast() }
        var parts: [Part] = []
        var index = 0
        while index < lines.count {
            if lines[index].isEmpty || lines[index].hasPrefix("#") {
                parts.append(.text(lines[index]))
                index += 1
            } else {
                parts.append(.step(try Self.step(lines, &index)))
            }
        }
        self.parts = parts
        guard case .text(let first)? = parts.first, first.hasPrefix("#") else {
            throw TraceError(line: 1, "a trace begins with a comment that says what it shows")
        }
        guard !steps.isEmpty else { throw TraceError(line: lines.count, "a trace without a command") }
    }

    private static func step(_ lines: [String], _ index: inout Int) throws(TraceError) -> Step {
        let first = index
        var commands: [String] = []
        while index < lines.count, !lines[index].isEmpty, lines[index] != separator {
            guard !lines[index].hasPrefix("#") else {
                throw TraceError(line: index + 1, "a comment between a command and its output")
            }
            commands.append(lines[index])
            index += 1
        }
        guard !commands.isEmpty else { throw TraceError(line: index + 1, "an output without a command") }
        guard index < lines.count, lines[index] == separator else {
            return Step(line: first + 1, commands: commands, expected: nil)
        }
        index += 1
        var expected: [String] = []
        while index < lines.count, !lines[index].isEmpty {
            expected.append(lines[index])
            index += 1
        }
        return Step(line: first + 1, commands: commands, expected: expected)
    }

    private static let separator = "----"

    /// The text with other outputs, one for each step.
    func text(with outputs: [[String]]) -> String {
        var rest = outputs[...]
        var lines: [String] = []
        for part in parts {
            switch part {
            case .text(let line): lines.append(line)
            case .step(let step):
                lines += step.commands + [Self.separator] + (rest.popFirst() ?? [])
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// What is wrong with a trace.
struct TraceError: Error, CustomStringConvertible, Equatable {
    let line: Int
    let what: String

    init(line: Int, _ what: String) {
        self.line = line
        self.what = what
    }

    var description: String { "line \(line): \(what)" }
}
