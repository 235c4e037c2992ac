import Decree
import DecreeClient
import Foundation

/// Keeps a cluster's processes: kills them, starts them again, notices when one dies by another's hand, and
/// asks them how they are.
final class NodeKeeper {
    /// What a tick noticed.
    enum Event {
        /// A node was started again after it had been killed here.
        case restarted(Int)
        /// Somebody else ended a node; it was started again.
        case endedFromOutside(Int, how: String)
        /// A node died at the boundary it was started for; it starts again at the next tick.
        case diedAtBoundary(Int, Boundary.Visit)
        /// A node ended of itself; it was started again.
        case failed(Int, how: String)
        /// A node that was removed has found out, and ended as it should.
        case left(Int)
        /// A node that joins was not admitted this time: nobody was there to do it. It asks again.
        case notAdmitted(Int)
    }

    let cluster: LocalCluster
    private let client: DecreeClient
    private let clock = ContinuousClock()
    /// When those that are down come back.
    private var due: [Int: ContinuousClock.Instant] = [:]
    /// Those that stand still.
    private(set) var paused: Set<Int> = []
    /// Where those that start next are to die.
    private var armed: [Int: Boundary] = [:]
    /// Where those that run are to die.
    private(set) var traced: [Int: Boundary] = [:]
    /// Until when the tracer of one that died may write down what it saw.
    private var witnesses: [Int: ContinuousClock.Instant] = [:]
    private var latestFsyncs: [Int32: UInt64] = [:]
    private(set) var restarts = 0
    /// Who votes, as far as is known.
    var voters: Set<Int>
    /// Those that join, and do not vote yet.
    var joining: Set<Int> = []
    /// Those that were removed, and are to end.
    var leaving: Set<Int> = []
    /// Those that stay down until they are started again, or forgotten.
    private var away: Set<Int> = []
    private let tracer: Tracer?

    /// - Parameter tracer: what kills nodes at boundaries; needed for `arm` alone.
    init(cluster: LocalCluster, client: DecreeClient, tracer: Tracer? = nil) {
        self.cluster = cluster
        self.client = client
        self.tracer = tracer
        voters = Set(cluster.ids)
    }

    var count: Int { cluster.ids.count }
    var quorumSize: Int { voters.count / 2 + 1 }

    /// Nodes that are meant to run, and do.
    var running: [Int] {
        cluster.ids.filter { due[$0] == nil && !paused.contains($0) && cluster.isRunning($0) }
    }

    /// Where they are.
    var addresses: [Int: NodeAddress] {
        var addresses: [Int: NodeAddress] = [:]
        for node in running { addresses[node] = address(of: node) }
        return addresses
    }

    private func address(of node: Int) -> NodeAddress? {
        (cluster.members[node]?.configuration.address).map { NodeAddress(host: $0.host, port: $0.port) }
    }

    /// Whom another node names to come in: who votes, and not only those that run at this moment, which may be none.
    func contacts(without node: Int?) -> [String] {
        voters.subtracting([node].compactMap(\.self)).compactMap { address(of: $0)?.description }.sorted()
    }

    /// Fsyncs of all processes there were, as far as they were asked before they ended.
    var fsyncs: UInt64 { latestFsyncs.values.reduce(0, +) }

    // MARK: Life and death

    /// `kill -9`, all at once; each comes back after its absence. Returns when they are gone.
    func kill(_ nodes: [Int], absences: [Duration]) async throws {
        for node in nodes { cluster.signal(node, SIGKILL) }
        for (node, absence) in zip(nodes, absences) {
            due[node] = clock.now + absence
            paused.remove(node)
            traced[node] = nil
        }
        while nodes.contains(where: cluster.isRunning) { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// `kill -9` of a node that will not come back, and is no member of the cluster here any more.
    func lose(_ node: Int) async throws {
        away.insert(node)
        try await kill([node], absences: [.zero])
        due[node] = nil
        armed[node] = nil
        away.remove(node)
        voters.remove(node)
        cluster.remove(node)
    }

    /// Starts a node for the first time.
    func begin(_ node: Int) throws { try cluster.start(node) }

    /// SIGSTOP, all at once.
    func pause(_ nodes: [Int]) {
        for node in nodes { cluster.signal(node, SIGSTOP) }
        paused.formUnion(nodes)
    }

    /// SIGCONT.
    func resume(_ nodes: [Int]) {
        for node in nodes { cluster.signal(node, SIGCONT) }
        paused.subtract(nodes)
    }

    /// Has a node that is down die at a boundary when it is started.
    func arm(_ node: Int, _ boundary: Boundary) { armed[node] = boundary }

    /// Whether a node is still to die at a boundary.
    func isWalking(_ node: Int) -> Bool { armed[node] != nil || traced[node] != nil }

    /// Starts those whose absence is over, and looks whether the others live.
    func tick() throws -> [Event] {
        var events: [Event] = []
        for node in cluster.ids where !away.contains(node) {
            if let time = due[node] {
                guard clock.now >= time else { continue }
                try start(node)
                due[node] = nil
                events.append(.restarted(node))
            } else if !cluster.isRunning(node) {
                if let boundary = traced[node], try isWitnessed(node, boundary, &events) { continue }
                paused.remove(node)
                if try hasEndedAsItShould(node, &events) { continue }
                let (how, isOutside) = lastWords(of: node)
                try start(node)
                events.append(isOutside ? .endedFromOutside(node, how: how) : .failed(node, how: how))
            }
        }
        return events
    }

    /// One that was removed ends with exit code 0, one that nobody was there to admit with 3.
    private func hasEndedAsItShould(_ node: Int, _ events: inout [Event]) throws -> Bool {
        guard let process = cluster.members[node]?.process, process.terminationReason == .exit else {
            return false
        }
        if leaving.contains(node), process.terminationStatus == ExitStatus.fine.rawValue {
            leaving.remove(node)
            cluster.remove(node)
            events.append(.left(node))
            return true
        }
        if joining.contains(node), process.terminationStatus == ExitStatus.unreachable.rawValue {
            try start(node)
            events.append(.notAdmitted(node))
            return true
        }
        return false
    }

    private func start(_ node: Int) throws {
        traced[node] = nil
        if let tracer, let boundary = armed.removeValue(forKey: node) {
            try cluster.start(node, by: tracer.command(node, boundary))
            traced[node] = boundary
        } else {
            try cluster.start(node)
        }
        restarts += 1
    }

    /// Whether a node died at its boundary, or its tracer has yet to say. Somebody else may have killed it.
    private func isWitnessed(_ node: Int, _ boundary: Boundary, _ events: inout [Event]) throws -> Bool {
        guard lastWords(of: node).isOutside else { return false }
        let end = witnesses[node] ?? clock.now + .seconds(2)
        witnesses[node] = end
        guard let trace = tracer?.trace(of: node) else {
            if clock.now >= end { witnesses[node] = nil }
            return clock.now < end
        }
        witnesses[node] = nil
        guard let visit = trace.visit(boundary) else { return false }
        traced[node] = nil
        due[node] = clock.now
        events.append(.diedAtBoundary(node, visit))
        return true
    }

    /// Lets those that are down come back at the next tick.
    func restartAll() {
        armed = [:]
        for node in due.keys { due[node] = clock.now }
        resume(Array(paused))
    }

    /// How a node ended. To be killed, or asked to stop, is no fault of its own; a trap is.
    private func lastWords(of node: Int) -> (how: String, isOutside: Bool) {
        guard let process = cluster.members[node]?.process else { return ("it never ran", false) }
        let status = process.terminationStatus
        guard process.terminationReason == .uncaughtSignal else {
            return ("exit code \(status)", status == 0)
        }
        return ("signal \(status)", [SIGKILL, SIGTERM, SIGINT, SIGHUP].contains(status))
    }

    /// What a node that failed had to say: the reason of a trap, not the stack that follows it.
    func said(by node: Int) -> String {
        let lines = cluster.logTail(of: node, lines: 80).split(separator: "\n")
        return lines.last { $0.contains("Fatal error") }.map(String.init)
            ?? lines.suffix(3).joined(separator: "\n")
    }

    /// How nodes ended that were asked to.
    struct End {
        /// What is wrong: every node must stop within ten seconds, with exit code 0.
        var complaints: [String] = []
        /// Nodes that somebody killed before they could.
        var killed: [Int] = []
    }

    /// SIGTERM to all.
    func stopAll() async throws -> End {
        resume(Array(paused))
        for node in cluster.ids { cluster.signal(node, SIGTERM) }
        let time = clock.now + .seconds(10)
        while clock.now < time, cluster.ids.contains(where: cluster.isRunning) {
            try await Task.sleep(for: .milliseconds(5))
        }
        var end = End()
        for node in cluster.ids {
            guard !cluster.isRunning(node) else {
                cluster.kill(node)
                end.complaints.append("node \(node) did not stop within 10 s of SIGTERM")
                continue
            }
            let (how, isOutside) = lastWords(of: node)
            if !isOutside {
                end.complaints.append(
                    "node \(node) did not stop as it should (\(how)); it said last:\n" + said(by: node))
            } else if cluster.members[node]?.process?.terminationReason == .uncaughtSignal {
                end.killed.append(node)
            }
        }
        return end
    }

    /// Ends whatever still runs, when there is nothing more to learn from it.
    func killAll() { for node in cluster.ids where cluster.isRunning(node) { cluster.kill(node) } }

    // MARK: Status

    /// What the running nodes say, by id; one that does not answer in time is left out.
    func statuses(within time: Duration = .milliseconds(500)) async -> [Int: NodeStatus] {
        let client = client
        let asked = Array(addresses.values)
        let answers = await withTaskGroup(of: NodeStatus?.self, returning: [NodeStatus].self) { group in
            for address in asked {
                group.addTask {
                    guard let bytes = try? await client.status(of: address, within: time) else { return nil }
                    return try? JSONDecoder().decode(NodeStatus.self, from: Data(bytes))
                }
            }
            return await group.reduce(into: []) { if let status = $1 { $0.append(status) } }
        }
        for status in answers { latestFsyncs[status.processIdentifier] = status.fsyncs }
        return Dictionary(answers.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension [Int: NodeStatus] {
    /// The node that leads: of several that believe so, the one of the highest ballot.
    var leader: Int? {
        compactMapValues(\.groups.first).filter { $0.value.role == "leader" }
            .max { $0.value.ballot.lexicographicallyPrecedes($1.value.ballot) }?.key
    }
}
