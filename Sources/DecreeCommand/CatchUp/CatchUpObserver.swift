import Decree

/// What is seen of a load and of the nodes: each look adds to it. Nodes may be killed between two looks: what they had
/// counted until the last one stays.
struct CatchUpObserver {
    private let keeper: NodeKeeper
    /// The load, while one runs.
    var load: RunningLoad?
    /// Commands acknowledged by the loads that ran.
    private var earlier: UInt64 = 0
    private var current: UInt64 = 0
    /// Latencies since somebody reset them.
    var latencies = Latencies()
    /// The most memory each node had in use since `begin`.
    private(set) var residentBytes: [Int: Int64] = [:]
    /// By process: a node's counts begin anew with each.
    private var sent: [Int32: (node: Int, bytes: UInt64, before: UInt64)] = [:]
    private var received: [Int32: (node: Int, bytes: UInt64)] = [:]
    /// Commands there were when a node began its last snapshot.
    private var captures: [Int: UInt64] = [:]
    private var taking: Set<Int> = []

    init(keeper: NodeKeeper) { self.keeper = keeper }

    /// Commands acknowledged so far.
    var commands: UInt64 { earlier + current }

    /// Commands acknowledged since each node began its last snapshot, of those that were seen doing so.
    var commandsSinceSnapshot: [Int: UInt64] { captures.mapValues { commands - $0 } }

    /// Asks the nodes, and the load.
    mutating func look() async throws -> [Int: NodeStatus] {
        if let look = try await load?.look() {
            current = look.completed
            latencies.add(look.recent)
        }
        let statuses = await keeper.statuses()
        for (node, status) in statuses { note(node, status) }
        return statuses
    }

    private mutating func note(_ node: Int, _ status: NodeStatus) {
        residentBytes[node] = max(residentBytes[node] ?? 0, status.residentBytes ?? 0)
        let process = status.processIdentifier
        sent[process] = (node, status.snapshotBytesSent ?? 0, sent[process]?.before ?? 0)
        received[process] = (node, status.snapshotBytesReceived ?? 0)
        let isTaking = status.groups.first?.isTakingSnapshot ?? false
        if isTaking, taking.insert(node).inserted { captures[node] = commands }
        if !isTaking { taking.remove(node) }
    }

    /// Counts anew from here on.
    mutating func begin() {
        latencies.reset()
        residentBytes = [:]
        sent = sent.mapValues { ($0.node, $0.bytes, $0.bytes) }
        received = [:]
    }

    /// Bytes of snapshots sent since `begin`, as those who sent them and who received them say: one of them may have
    /// been killed before it was asked again.
    func sentBytes(to node: Int) -> UInt64 {
        max(
            sent.values.reduce(0) { $0 + $1.bytes - $1.before },
            received.values.reduce(0) { $1.node == node ? $0 + $1.bytes : $0 })
    }

    /// Who sent most since `begin`.
    var sender: Int? {
        sent.values.filter { $0.bytes > $0.before }.max { $0.bytes - $0.before < $1.bytes - $1.before }?.node
    }

    /// Stops the load and waits for its last answers.
    mutating func stopLoad() async throws {
        guard let load else { return }
        try await load.stop()
        _ = try await load.finish()
        current = try await load.look().completed
        earlier += current
        current = 0
        self.load = nil
    }
}
