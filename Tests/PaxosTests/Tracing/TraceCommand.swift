/// One line of a trace, taken apart: a word, names, and options `key=value`.
///
///     deliver 1->2 accept ballot=1.1
struct TraceCommand {
    let word: String
    let arguments: [String]
    private let options: [String: String]

    init(_ line: String) throws(TraceFailure) {
        var words = line.split(separator: " ").map(String.init)
        guard !words.isEmpty else { throw TraceFailure("an empty command") }
        word = words.removeFirst()
        arguments = words.filter { !$0.contains("=") }
        var options: [String: String] = [:]
        for option in words where option.contains("=") {
            let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, options.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw TraceFailure("the option \(option) makes no sense")
            }
        }
        self.options = options
    }

    /// Fails on options that the command does not know: a slip must not go unnoticed.
    func allow(_ count: ClosedRange<Int>, options known: [String] = []) throws(TraceFailure) {
        guard count.contains(arguments.count) else {
            throw TraceFailure("\(word) has \(arguments.count) arguments, it takes \(count)")
        }
        for option in options.keys.sorted() where !known.contains(option) {
            throw TraceFailure("\(word) knows no option \(option)")
        }
    }

    func option(_ name: String) -> String? { options[name] }

    func number(_ name: String) throws(TraceFailure) -> Int? {
        guard let text = options[name] else { return nil }
        guard let number = Int(text), number >= 0 else { throw TraceFailure("\(name)=\(text) is no number") }
        return number
    }

    /// `1->2`
    static func link(_ text: String) throws(TraceFailure) -> (from: UInt16, to: UInt16) {
        let ends = text.split(separator: ">").map(String.init)
        guard ends.count == 2, ends[0].last == "-", let from = UInt16(ends[0].dropLast()),
            let to = UInt16(ends[1])
        else { throw TraceFailure("\(text) is no link, as 1->2 is") }
        return (from, to)
    }
}

/// What is wrong with a command, before its line is known.
struct TraceFailure: Error {
    let what: String
    init(_ what: String) { self.what = what }
}
