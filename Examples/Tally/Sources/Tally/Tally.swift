import Decree

/// A state machine of one's own: counts votes. A command is a name to vote for, a query a name to look up.
struct Tally: StateMachine {
    private var votes: [String: UInt64] = [:]

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        let name = String(decoding: command, as: UTF8.self)
        guard !name.isEmpty, !name.contains("\n") else { return .rejected("a vote needs a name on one line") }
        votes[name, default: 0] += 1
        return .ok(Array("\(votes[name, default: 0])".utf8))
    }

    func query(_ query: ArraySlice<UInt8>) -> Reply {
        .ok(Array("\(votes[String(decoding: query, as: UTF8.self), default: 0])".utf8))
    }

    // Sorted, for a dictionary's order differs from process to process.
    func snapshot() -> [UInt8] {
        Array(votes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }.joined().utf8)
    }

    func digest() -> Digest { Digest(of: snapshot()) }

    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        var restored: [String: UInt64] = [:]
        for line in String(decoding: snapshot, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let count = UInt64(parts[0]) else {
                throw MachineRestoreError("\"\(line)\" is no count and name")
            }
            restored[String(parts[1])] = count
        }
        votes = restored
    }
}
