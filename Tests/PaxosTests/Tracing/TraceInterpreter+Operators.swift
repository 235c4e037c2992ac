@testable import Paxos

/// What operators do: members that come and go, snapshots, and the lead.
extension TraceInterpreter {
    func runOperators(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) -> Bool {
        switch command.word {
        case "join", "learn", "promote", "remove": try change(command, on: cluster)
        case "snapshot":
            try command.allow(1...1)
            try submit(.admin(.takeSnapshot), named: "snapshot", to: command.arguments[0], on: cluster)
        case "truncate":
            try command.allow(1...1)
            let node = try node(command.arguments[0], of: cluster)
            guard let slot = node.rows.snapshot?.slot else { throw TraceFailure("no snapshot is there") }
            node.group?.raiseFloor(to: slot, into: &node.filling)
            cluster.endTurn(at: node, evenIdleRows: true)
        case "transfer":
            try command.allow(1...2)
            let wanted = try command.arguments.dropFirst().first.map { (name) throws(TraceFailure) in
                try node(name, of: cluster).id
            }
            try submit(
                .admin(.transferLead(to: wanted)), named: "transfer", to: command.arguments[0], on: cluster)
        case "health":
            try command.allow(1...1, options: ["median", "pending"])
            let node = try node(command.arguments[0], of: cluster)
            let health = DiskHealth(
                medianMicroseconds: UInt32(clamping: try command.number("median") ?? 0),
                pendingMicroseconds: UInt32(clamping: try command.number("pending") ?? 0))
            cluster.handle(.disk(health), at: node)
        default: return false
        }
        return true
    }

    /// `join 1 4 [replacing=2]`, `learn 1 4`, `promote 1 4`, `remove 1 4`: asked of node 1, about node 4.
    private func change(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) {
        try command.allow(2...2, options: command.word == "join" ? ["replacing"] : [])
        let subject = try node(command.arguments[1], of: cluster).id
        let change: ConfigurationChange
        switch command.word {
        case "join":
            let replaced = try command.option("replacing").map { (name) throws(TraceFailure) in
                try node(name, of: cluster).id.rawValue
            }
            change = TestCluster.joining(subject.rawValue, replacing: replaced)
        case "learn": change = TestCluster.learning(subject.rawValue)
        case "promote": change = .promote(subject)
        default: change = .remove(subject)
        }
        try submit(
            .admin(.change(change)), named: TraceWords.describe(change), to: command.arguments[0], on: cluster
        )
    }
}
