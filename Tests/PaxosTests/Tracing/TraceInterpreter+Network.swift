@testable import Paxos

/// Messages on their way, and links. `1->2` names one direction of a link.
extension TraceInterpreter {
    func runNetwork(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) -> Bool {
        switch command.word {
        case "deliver": try deliver(command, on: cluster)
        case "drop": try drop(command, on: cluster)
        case "duplicate": try duplicate(command, on: cluster)
        case "again": try again(command, on: cluster)
        case "hold", "release", "cut", "mend":
            try command.allow(1...72)
            for argument in command.arguments {
                let (from, to) = try link(argument, of: cluster)
                switch command.word {
                case "hold": cluster.hold(from: from, to: to)
                case "release": cluster.unhold(from: from, to: to)
                case "cut": cluster.cut(from: from, to: to)
                default: cluster.mend(from: from, to: to)
                }
            }
        case "isolate":
            try command.allow(1...9)
            let nodes = try nodes(command.arguments, of: cluster)
            guard nodes.count > 1 else {
                cluster.isolate(nodes[0].id.rawValue)
                break
            }
            // Several: each from each other, not from the rest.
            for node in nodes { cluster.isolate(node.id.rawValue, from: nodes.map(\.id.rawValue)) }
        case "heal":
            try command.allow(0...0)
            cluster.network.heal()
        default: return false
        }
        return true
    }

    /// Delivers the oldest message of a link that matches, or all of them, and ends the receiver's turn.
    private func deliver(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) {
        let (from, to, matches) = try selection(command, on: cluster, options: ["count"])
        let count = try command.number("count") ?? 1
        for _ in 0..<count {
            guard let packet = cluster.network.takeFirst(from: from, to: to, where: matches) else {
                throw TraceFailure("no such message is on its way")
            }
            cluster.deliver(packet)
            cluster.endTurn(at: cluster.node(to))
        }
    }

    private func drop(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) {
        let (from, to, matches) = try selection(command, on: cluster)
        let dropped = cluster.network.take { $0.from == from && $0.to == to && matches($0) }
        guard !dropped.isEmpty else { throw TraceFailure("no such message is on its way") }
        say(dropped.map { "\(words.line($0)) (dropped)" })
    }

    /// Puts a message that is on its way behind the others of its link once more.
    private func duplicate(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) {
        let (from, to, matches) = try selection(command, on: cluster)
        guard let packet = cluster.network.first(from: from, to: to, where: matches) else {
            throw TraceFailure("no such message is on its way")
        }
        cluster.network.put(packet)
        say(["\(words.line(packet)) (twice)"])
    }

    /// Delivers what was ever sent once more, however long ago.
    private func again(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) {
        let (from, to, matches) = try selection(command, on: cluster)
        let packets = cluster.trace.filter { $0.from == from && $0.to == to && matches($0) }
        guard !packets.isEmpty else { throw TraceFailure("no such message was ever sent") }
        for packet in packets {
            say(["\(words.line(packet)) (again)"])
            cluster.deliver(packet)
            cluster.endTurn(at: cluster.node(to))
        }
    }

    /// `1->2 [kind] [ballot=1.1] [slot=1]`, the slot of an accept; `part=1` of a promise.
    private func selection(
        _ command: TraceCommand, on cluster: TestCluster, options: [String] = []
    ) throws(TraceFailure) -> (from: NodeID, to: NodeID, matches: (Packet) -> Bool) {
        try command.allow(1...2, options: ["ballot", "slot", "part"] + options)
        let (from, to) = try link(command.arguments[0], of: cluster)
        let kind = command.arguments.dropFirst().first
        if let kind, !TraceWords.kinds.contains(kind) { throw TraceFailure("no message is a \(kind)") }
        let ballot = command.option("ballot")
        let slot = try command.number("slot")
        let part = try command.number("part")
        return (
            NodeID(from), NodeID(to),
            { packet in
                if let kind, TraceWords.kind(of: packet.message) != kind { return false }
                if let ballot, TraceWords.ballot(of: packet.message)?.description != ballot { return false }
                switch packet.message {
                case .accept(let accept):
                    return part == nil && slot.map { accept.slot == Slot(UInt64($0)) } ?? true
                case .promise(let promise):
                    return slot == nil && part.map { Int(promise.part) + 1 == $0 } ?? true
                default: return slot == nil && part == nil
                }
            }
        )
    }
}
