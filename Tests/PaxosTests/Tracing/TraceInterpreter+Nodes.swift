import Testing

@testable import Paxos

/// Clocks, disks, lives and deaths; and clients.
extension TraceInterpreter {
    func runTime(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) -> Bool {
        switch command.word {
        case "tick":
            try command.allow(0...9, options: ["times"])
            let nodes = try nodes(command.arguments, of: cluster)
            for _ in 0..<(try command.number("times") ?? 1) {
                for node in nodes {
                    cluster.handle(.tick, at: node)
                    cluster.endTurn(at: node)
                }
            }
        case "run":
            try command.allow(0...9, options: ["ticks"])
            guard let ticks = try command.number("ticks") else { throw TraceFailure("run wants ticks=") }
            let some = try nodes(command.arguments, of: cluster).map(\.id.rawValue)
            for _ in 0..<ticks { cluster.tick(only: some) }
        case "settle":
            try command.allow(0...0)
            cluster.settle()
        case "elect":
            try command.allow(1...1)
            cluster.elect(try node(command.arguments[0], of: cluster).id.rawValue)
        case "elections":
            try command.allow(0...1, options: ["within"])
            let wanted = try command.arguments.first.map { (name) throws(TraceFailure) in
                try node(name, of: cluster).id.rawValue
            }
            try findLeader(wanted, within: try command.number("within") ?? 80, on: cluster)
        case "campaign":
            try command.allow(1...1)
            try campaign(try node(command.arguments[0], of: cluster), on: cluster)
        default: return false
        }
        return true
    }

    /// Runs until somebody leads, or `wanted` does, and fails if that takes longer.
    private func findLeader(
        _ wanted: UInt16?, within bound: Int, on cluster: TestCluster
    ) throws(TraceFailure) {
        for elapsed in 0...bound {
            if let leader = cluster.leader, wanted == nil || wanted == leader {
                say(["node \(leader) leads after \(elapsed) ticks"])
                return
            }
            cluster.tick()
        }
        throw TraceFailure("no such leader within \(bound) ticks")
    }

    /// All but the node's own clock have seen an election timeout pass; its own runs until it loses patience.
    /// Nothing is delivered.
    private func campaign(_ node: TestNode, on cluster: TestCluster) throws(TraceFailure) {
        guard node.isUp else { throw TraceFailure("node \(node.id) is down") }
        for _ in 0..<cluster.limits.electionTicks {
            for other in cluster.nodes where other.id != node.id && other.group?.leader == nil {
                _ = other.group?.election.tick()
            }
        }
        let (scout, candidacy) = (node.group?.scout?.ballot, node.group?.candidacy?.ballot)
        for _ in 0..<200 {
            cluster.handle(.tick, at: node)
            cluster.endTurn(at: node)
            if node.group?.candidacy?.ballot != candidacy || node.group?.scout?.ballot != scout { return }
        }
        throw TraceFailure("node \(node.id) does not campaign")
    }

    func runNodes(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) -> Bool {
        switch command.word {
        case "disk":
            try command.allow(2...2)
            let node = try node(command.arguments[0], of: cluster)
            guard ["stuck", "works"].contains(command.arguments[1]) else {
                throw TraceFailure("a disk is stuck or works")
            }
            node.isDiskStuck = command.arguments[1] == "stuck"
        case "commit":
            try command.allow(1...1, options: ["then"])
            let node = try node(command.arguments[0], of: cluster)
            let then = command.option("then")
            guard then == nil || then == "crash" else { throw TraceFailure("then=crash, or nothing") }
            guard !node.isDiskIdle else { throw TraceFailure("node \(node.id) writes nothing") }
            cluster.commit(node, losingMessages: then == "crash")
            cluster.endTurn(at: node)
        case "crash", "restart":
            try command.allow(1...9)
            for node in try nodes(command.arguments, of: cluster) {
                if command.word == "crash" {
                    cluster.crash(node.id.rawValue)
                } else {
                    cluster.restart(node.id.rawValue)
                }
            }
        case "handover":
            try command.allow(1...1)
            let node = try node(command.arguments[0], of: cluster)
            cluster.handle(.handOver, at: node)
            cluster.endTurn(at: node)
        default: return false
        }
        return true
    }

    // MARK: Clients

    func runClients(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) -> Bool {
        switch command.word {
        case "open":
            try command.allow(2...2)
            opening[cluster.nextTicket] = command.arguments[1]
            try submit(
                .openSession, named: "open \(command.arguments[1])", to: command.arguments[0], on: cluster)
        case "submit": try submit(command, on: cluster)
        case "read":
            try command.allow(1...2)
            let isStale = command.arguments.dropFirst().first == "stale"
            guard command.arguments.count == 1 || isStale else {
                throw TraceFailure("a read is stale or not")
            }
            reads += 1
            try submit(
                TestCluster.read(isStale ? .stale : .linearizable), named: "read \(reads)",
                to: command.arguments[0], on: cluster)
        default: return false
        }
        return true
    }

    /// `submit 1 a x [sequence=1] [first=1]`
    private func submit(_ command: TraceCommand, on cluster: TestCluster) throws(TraceFailure) {
        try command.allow(3...3, options: ["sequence", "first"])
        let (name, text) = (command.arguments[1], command.arguments[2])
        guard var session = sessions[name] else { throw TraceFailure("no session \(name) is open") }
        let request: ClientRequest
        if let sequence = try command.number("sequence") {
            let first = try command.number("first") ?? 1
            request = session.command(
                text, sequence: UInt64(sequence), firstUnacknowledged: UInt64(first))
        } else {
            request = session.command(text)
        }
        sessions[name] = session
        try submit(request, named: text, to: command.arguments[0], on: cluster)
    }

    func submit(
        _ request: ClientRequest, named name: String, to target: String, on cluster: TestCluster
    ) throws(TraceFailure) {
        let node = try node(target, of: cluster)
        guard node.isUp else { throw TraceFailure("node \(target) is down") }
        // It may be answered at once.
        tickets[cluster.nextTicket] = name
        cluster.submit(request, to: node.id.rawValue)
        cluster.endTurn(at: node)
    }
}
