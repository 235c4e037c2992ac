import Foundation

/// One system call of a traced process, with the lines of the trace at which it started and had returned.
struct SystemCall {
    let name: String
    /// What the descriptor stands for: a file's path, or `socket:[…]`.
    let target: String
    let bytes: [UInt8]
    let result: Int
    let start: Int
    let end: Int
}

/// What `strace -f -y -xx` wrote: every thread's calls, in the order in which they started and returned.
struct SystemCallTrace {
    private(set) var calls: [SystemCall] = []

    init(_ text: String) {
        var unfinished: [Substring: (text: Substring, line: Int)] = [:]
        for (number, line) in text.split(separator: "\n").enumerated() {
            guard let space = line.firstIndex(of: " ") else { continue }
            let thread = line[..<space]
            var rest = line[space...].drop { $0 == " " }
            var start = number
            if rest.hasSuffix("<unfinished ...>") {
                unfinished[thread] = (rest.dropLast("<unfinished ...>".count), number)
                continue
            }
            var joined: String?
            if rest.hasPrefix("<... "), let resumed = rest.range(of: "resumed>") {
                guard let before = unfinished.removeValue(forKey: thread) else { continue }
                start = before.line
                joined = String(before.text) + String(rest[resumed.upperBound...])
            }
            if let joined { rest = joined[...] }
            if let call = Self.parse(rest, start: start, end: number) { calls.append(call) }
        }
    }

    /// The trace without the calls of a name: what a broken program's would look like.
    func without(_ name: String) -> SystemCallTrace {
        var trace = self
        trace.calls.removeAll { $0.name == name }
        return trace
    }

    /// `name(fd<target>, "bytes", …) = result`
    private static func parse(_ text: Substring, start: Int, end: Int) -> SystemCall? {
        guard let open = text.firstIndex(of: "("), let less = text.firstIndex(of: "<"),
            let greater = text[less...].firstIndex(of: ">"),
            let equals = text.range(of: ") ", options: .backwards),
            let sign = text[equals.upperBound...].firstIndex(of: "=")
        else { return nil }
        let name = String(text[..<open])
        let result = text[text.index(after: sign)...].split(separator: " ").first.flatMap { Int($0) } ?? -1
        let target = String(decoding: unescape(text[text.index(after: less)..<greater]), as: UTF8.self)
        var bytes: [UInt8] = []
        // writev has several strings; the rest have one.
        var rest = text[greater..<equals.lowerBound]
        while let quote = rest.firstIndex(of: "\"") {
            let from = rest.index(after: quote)
            guard let close = rest[from...].firstIndex(of: "\"") else { break }
            bytes += unescape(rest[from..<close])
            rest = rest[rest.index(after: close)...]
        }
        return SystemCall(
            name: name, target: target,
            bytes: Array(
                bytes.prefix(max(0, name.hasPrefix("read") || name.hasPrefix("recv") ? result : bytes.count))),
            result: result, start: start, end: end)
    }

    /// `\x41\x42` as bytes; what is not escaped stands for itself.
    private static func unescape(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var units = text.utf8.makeIterator()
        while let unit = units.next() {
            guard unit == UInt8(ascii: "\\"), units.next() == UInt8(ascii: "x"), let high = units.next(),
                let low = units.next()
            else {
                bytes.append(unit)
                continue
            }
            bytes.append(digit(high) << 4 | digit(low))
        }
        return bytes
    }

    private static func digit(_ unit: UInt8) -> UInt8 {
        unit <= UInt8(ascii: "9") ? unit - UInt8(ascii: "0") : unit - UInt8(ascii: "a") + 10
    }
}
