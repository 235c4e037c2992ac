import Paxos

/// Names with values, and compare-and-set: `set name value`, `swap name expected value`; asked `name`.
struct Register: StateMachine {
    private var values: [[UInt8]: [UInt8]] = [:]

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        let words = Self.words(command)
        switch words.first.map({ String(decoding: $0, as: UTF8.self) }) {
        case "set" where words.count == 3:
            values[words[1]] = words[2]
            return .ok()
        case "swap" where words.count == 4:
            guard let value = values[words[1]] else { return .rejected("no such name") }
            guard value == words[2] else { return .rejected("another value") }
            values[words[1]] = words[3]
            return .ok()
        default: return .rejected("not a command")
        }
    }

    func query(_ query: ArraySlice<UInt8>) -> Reply {
        values[Array(query)].map { .ok($0) } ?? .rejected("no such name")
    }

    func digest() -> Digest { Digest(of: snapshot()) }

    /// A line for the version, then a line for each name, in the order of their bytes.
    func snapshot() -> [UInt8] {
        let lines = values.map { name, value in name + [Self.space] + value }
        let sorted = lines.sorted { $0.lexicographicallyPrecedes($1) }
        return Array("register 1\n".utf8) + sorted.flatMap { $0 + [Self.newline] }
    }

    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        var lines = snapshot.split(separator: Self.newline, omittingEmptySubsequences: false)
        guard lines.count > 1, lines.removeLast().isEmpty,
            lines.removeFirst().elementsEqual("register 1".utf8)
        else { throw MachineRestoreError("not a snapshot of a register") }
        var restored: [[UInt8]: [UInt8]] = [:]
        for line in lines {
            let words = Self.words(line)
            guard words.count == 2, restored.updateValue(words[1], forKey: words[0]) == nil else {
                throw MachineRestoreError(
                    "not a name and its value: \(String(decoding: line, as: UTF8.self))")
            }
        }
        values = restored
    }

    private static let space = UInt8(ascii: " ")
    private static let newline = UInt8(ascii: "\n")

    /// The words between single spaces; none if one is empty or holds a line break.
    private static func words(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        let words = bytes.split(separator: space, omittingEmptySubsequences: false).map(Array.init)
        return words.contains { $0.isEmpty || $0.contains(newline) } ? [] : words
    }
}
