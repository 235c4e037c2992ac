import Foundation

/// One measured load: a row of the table, a line of `--json`.
struct BenchRow: Codable, Sendable {
    var work: Work
    /// Commands of one request; 1 unless batches were asked for. Latencies are a request's.
    var batch: Int
    var clients: Int
    var connections: Int
    /// Commands a second that were asked for; absent in the closed loop.
    var rate: Double?
    var seconds: Double
    var seed: UInt64
    var commandsPerSecond: Double
    var p50Microseconds: Double
    var p99Microseconds: Double
    var p999Microseconds: Double
    var maxMicroseconds: Double
    /// Refused by the state machine: results like any other.
    var rejected: UInt64
    /// Neither answered nor refused by the machine.
    var errors: UInt64
    /// Why, and how often.
    var errorReasons: [String: UInt64]
    /// The node that led at the end.
    var leader: Int?
    var didLeaderChange: Bool
    /// The leader's fsyncs, checkpoints included.
    var fsyncsPerCommand: Double
    /// Those of all nodes.
    var fsyncsPerCommandAllNodes: Double
    /// The leader's, the other way round.
    var commandsPerFsync: Double
    /// Processor time by node.
    var cpuMicrosecondsPerCommand: [String: Double]
    /// That of the load generator; 0 where it runs in a node's process, whose time tells it.
    var cpuMicrosecondsPerCommandBench: Double
    /// The median of each node's last 1,024 commits.
    var commitP50Microseconds: [String: Double]
    /// Each node's commits that took 20 ms or longer, and what they took together: the disk stood still, or had
    /// more to do than it can.
    var slowCommits: [String: UInt64]
    var slowCommitMicroseconds: [String: UInt64]
    /// Each node's files afterwards.
    var storeBytes: [String: Int64]
    /// What each node's process has in memory afterwards; without nodes that cannot tell.
    var residentBytes: [String: Int64]
    /// The machine's own limit; absent where it was not measured.
    var floor: Floor? {
        didSet {
            p50ToFloor = floor.map { Self.rounded(p50Microseconds / max(1, $0.commandMicroseconds)) }
            perSecondToFloor = floor.map {
                Self.rounded(commandsPerSecond / Double(batch) / max(1, $0.concurrentCommitsPerSecond))
            }
        }
    }
    /// What became of all that was acknowledged, after every node was killed; absent if that was not asked for.
    var proof: BenchProof?
    /// `p50Microseconds` over the floor of one command.
    private(set) var p50ToFloor: Double?
    /// Requests a second over what each of as many processes as there are nodes commits row by row, all at once.
    private(set) var perSecondToFloor: Double?

    init(_ result: LoadGenerator.Result, load: Load, workload: Workload, connections: Int) {
        let tally = result.tally
        var usage = result.usage
        work = workload.work
        batch = workload.batch
        usage.commands *= UInt64(batch)
        clients = load.clients
        self.connections = connections
        rate = load.rate
        seconds = load.seconds
        seed = load.seed
        commandsPerSecond = Self.rounded(Double(tally.answered) * Double(batch) / load.seconds)
        p50Microseconds = Self.rounded(tally.latencies.microseconds(at: 50))
        p99Microseconds = Self.rounded(tally.latencies.microseconds(at: 99))
        p999Microseconds = Self.rounded(tally.latencies.microseconds(at: 99.9))
        maxMicroseconds = Self.rounded(tally.latencies.microseconds(at: 100))
        rejected = tally.rejected
        errors = tally.errors
        errorReasons = tally.reasons
        leader = usage.leader
        didLeaderChange = usage.didLeaderChange
        fsyncsPerCommand = Self.rounded(usage.perCommand(usage.leaderFsyncs))
        fsyncsPerCommandAllNodes = Self.rounded(usage.perCommand(usage.allFsyncs))
        commandsPerFsync =
            usage.leaderFsyncs == 0 ? 0 : Self.rounded(Double(usage.commands) / Double(usage.leaderFsyncs))
        cpuMicrosecondsPerCommandBench = Self.rounded(usage.perCommand(usage.ownProcessorMicroseconds))
        func byNode<Value>(_ value: (Usage.Node) -> Value) -> [String: Value] {
            Dictionary(uniqueKeysWithValues: usage.nodes.map { ("\($0.node)", value($0)) })
        }
        cpuMicrosecondsPerCommand = byNode { Self.rounded(usage.perCommand($0.processorMicroseconds)) }
        commitP50Microseconds = byNode { Self.rounded($0.commitP50Microseconds) }
        slowCommits = byNode { $0.slowCommits }
        slowCommitMicroseconds = byNode { $0.slowCommitMicroseconds }
        storeBytes = byNode { $0.storeBytes }
        residentBytes = byNode { $0.residentBytes }.compactMapValues { $0 }
    }

    /// Four decimals: what is beyond them is noise.
    private static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }

    /// The line of `--json`.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// Nodes by id, ascending.
    var nodes: [String] { cpuMicrosecondsPerCommand.keys.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) } }
}
