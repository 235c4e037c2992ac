@testable import Paxos

/// What is shown on request.
extension TraceInterpreter {
    func show(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) -> Bool {
        switch command.word {
        case "hide", "show":
            try command.allow(1...TraceWords.kinds.count + 1)
            for kind in command.arguments {
                guard kind == "own" || TraceWords.kinds.contains(kind) else {
                    throw TraceFailure("no message is a \(kind)")
                }
                if command.word == "hide" { hidden.insert(kind) } else { hidden.remove(kind) }
            }
        case "state":
            try command.allow(0...9)
            let header = ["node", "role", "promised", "leader", "chosen", "in flight", "waiting"]
            say(TraceWords.table([header] + (try nodes(command.arguments, of: cluster)).map(Self.state)))
        case "rows":
            try command.allow(0...9)
            let header = ["node", "promised", "chosen", "votes"]
            say(TraceWords.table([header] + (try nodes(command.arguments, of: cluster)).map(rows)))
        case "log":
            try command.allow(0...9)
            for node in try nodes(command.arguments, of: cluster) { say([log(of: node, on: cluster)]) }
        case "pending":
            try command.allow(0...0)
            let packets = cluster.network.packets.filter {
                !hidden.contains(TraceWords.kind(of: $0.message)) && $0.from != $0.to
            }
            say(packets.isEmpty ? ["nothing is on its way"] : packets.map(words.line))
        default: return false
        }
        return true
    }

    private static func state(of node: TestNode) -> [String] {
        guard let group = node.group else { return ["\(node.id)", "down", "", "", "", "", ""] }
        let status = group.status
        let ballot = group.leader.map { " of \($0.ballot)" } ?? ""
        let isReady = group.leader?.isReady ?? true
        return [
            "\(node.id)", status.role.rawValue + ballot + (isReady ? "" : ", not ready"),
            "\(status.promised)", status.leader.map { "\($0)" } ?? "-", "\(status.chosenThrough)",
            "\(status.slotsInFlight)", "\(status.pendingCommands)",
        ]
    }

    /// What a crash would leave.
    private func rows(of node: TestNode) -> [String] {
        let votes = node.rows.votes.accepted.map {
            "\($0.slot)@\($0.ballot) \(words.describe($0.proposal))"
        }
        return [
            "\(node.id)", "\(node.rows.promised)", "\(node.rows.chosenThrough)",
            votes.isEmpty ? "-" : votes.joined(separator: ", "),
        ]
    }

    /// What a node executed, and the state it came to.
    private func log(of node: TestNode, on cluster: TestCluster) -> String {
        guard let group = node.group else { return "\(node.id) is down" }
        let items = cluster.items(on: node.id.rawValue).joined(separator: " ")
        return
            "\(node.id) executed through \(group.replica.executedThrough): \(items.isEmpty ? "nothing" : items)"
    }
}
