import Paxos

/// Three groups in one place, without wire and disk: what is written is durable at once. What it takes from the
/// request to the response is what the protocol itself costs, on all three nodes together.
final class CoreCluster {
    private final class Node {
        var group: Group
        var step = Step()

        init(_ group: Group) { self.group = group }
    }

    private let nodes: [Node]
    private var leader: Node
    private var session = SessionID(rawValue: 0)
    private var sequence: UInt64 = 0
    private var executed = 0
    private let payload = [UInt8](repeating: 0x5a, count: 256)[...]

    init() throws {
        let voters = Configuration(voters: (1...3).map { NodeID($0) })
        var limits = Limits()
        // A snapshot would be no part of a command.
        limits.snapshotBytes = .max
        limits.snapshotCommands = .max
        nodes = (1...3).map { number in
            Node(
                Group(
                    id: .first, node: NodeID(number), genesis: voters, machine: CountingMachine(),
                    limits: limits,
                    seed: UInt64(number)))
        }
        leader = nodes[0]
        // Nobody votes who has heard of a leader lately: all grow impatient, the later ones not for long.
        for _ in 0..<100 * limits.electionTicks where !leader.group.isLeading {
            for node in nodes {
                node.group.handle(.tick, into: &node.step)
                settle()
            }
            if let other = nodes.first(where: { $0.group.isLeading && $0 !== leader }) { leader = other }
        }
        guard leader.group.isLeading else { throw BenchmarkFailure("no leader was elected") }
        leader.group.handle(.request(Ticket(rawValue: 1), .openSession), into: &leader.step)
        settle()
        guard session.rawValue != 0 else { throw BenchmarkFailure("no session was opened") }
    }

    /// Proposes commands in one batch, and sees them chosen and executed.
    func propose(_ count: Int) throws {
        let before = executed
        let first = sequence + 1
        for _ in 0..<count {
            sequence += 1
            leader.group.handle(
                .request(
                    Ticket(rawValue: sequence + 1),
                    .command(
                        session: session, sequence: sequence, firstUnacknowledged: first, payload: payload)),
                into: &leader.step)
        }
        settle()
        guard executed - before == count else {
            throw BenchmarkFailure("\(executed - before) of \(count) commands were executed")
        }
    }

    /// Lets every message arrive, and every row be written, until nothing is left to do.
    private func settle() {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for node in nodes {
                node.group.handle(.turnEnded(isDiskIdle: true), into: &node.step)
                let messages = node.step.takeImmediate() + node.step.takeTransaction().release()
                for envelope in messages {
                    isQuiet = false
                    let receiver = nodes[Int(envelope.to.rawValue) - 1]
                    receiver.group.handle(
                        .message(envelope.message, from: node.group.node), into: &receiver.step)
                }
                for (_, response) in node.step.takeResponses() { note(response) }
            }
        }
    }

    private func note(_ response: ClientResponse) {
        switch response {
        case .opened(let id): session = id
        case .executed: executed += 1
        default: break
        }
    }
}

/// A state machine that costs nothing.
struct CountingMachine: StateMachine {
    private var count: UInt64 = 0

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        count += 1
        return .ok([])
    }

    func query(_ query: ArraySlice<UInt8>) -> Reply { .ok([]) }
    func digest() -> Digest { Digest(of: count, 0, 0, 0) }
    func snapshot() -> [UInt8] { [] }
    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        throw MachineRestoreError("a machine for benchmarks has no snapshots")
    }
}

enum CoreBenchmarks {
    static func run(_ stopwatch: inout Stopwatch) throws {
        let cluster = try CoreCluster()
        try stopwatch.measure("core: propose to chosen, batch of 1") { try cluster.propose(1) }
        try stopwatch.measure("core: propose to chosen, each of a batch of 100", parts: 100) {
            try cluster.propose(100)
        }
    }
}
