import Decree
import DecreeClient
import DecreeSimulator
import DecreeStore
import Foundation
import Logging
import Paxos

/// A cluster of real processes, clients at work on it, kills, pauses, restarts, and the proof: what `crashtest` and
/// `demo` have in common.
final class CrashRun {
    let settings: CrashSettings
    let keeper: NodeKeeper
    let client: DecreeClient
    private let announcer: Announcer
    let history = History()
    private let load: CrashLoad
    private let faults: FaultLoop
    private let tail: LogTail
    private var violations: [Violation] = []

    init(
        settings: CrashSettings, directory: String, announcer: Announcer, interruption: Interruption
    ) throws {
        let tracer = settings.budget.boundaryKills > 0 ? try Tracer(directory: directory) : nil
        let cluster = try LocalCluster(
            nodes: settings.nodes, directory: directory, cluster: "crash",
            snapshotCommands: settings.snapshotCommands)
        var configuration = DecreeClient.Configuration(
            cluster: "crash", nodes: cluster.addresses.compactMap { NodeAddress($0) },
            logger: Logger(label: "decree.client", factory: { _ in SwiftLogNoOpLogHandler() }))
        configuration.connections = 2
        client = DecreeClient(configuration)
        keeper = NodeKeeper(cluster: cluster, client: client, tracer: tracer)
        self.settings = settings
        self.announcer = announcer
        tail = LogTail(client: client)
        load = CrashLoad(client: client, settings: settings.load, history: history, tail: tail)
        faults = FaultLoop(
            settings: settings, keeper: keeper, history: history,
            queue: QueuedOperations(
                configuration: configuration, settings: settings.load, history: history),
            changes: MemberChanges(
                plan: settings.changes, keeper: keeper, client: client, announcer: announcer), tail: tail,
            announcer: announcer, interruption: interruption)
    }

    /// Runs everything, and judges it. Nodes are stopped afterwards, however it ends.
    func run() async throws -> CrashReport {
        let reader = Task { [tail] in await tail.run() }
        defer { tail.stop() }
        do {
            try keeper.cluster.startAll()
            announcer.event("\(settings.nodes) nodes are started in \(keeper.cluster.directory)")
            try await loadAndFaults()
            let states = try await convergeAndStop()
            tail.stop()
            await reader.value
            announcer.event("all nodes are stopped; every acknowledgement is now looked up in their files")
            let evidence = Evidence(
                history: history.operations, logs: readLogs(), states: states, whole: tail.copy,
                formerLogs: readFormerLogs())
            return CrashReport(
                settings: settings, figures: figures, proof: Proof(evidence), runViolations: violations,
                persistSequences: evidence.logs.map(\.persistSequence))
        } catch {
            keeper.killAll()
            throw error
        }
    }

    private var figures: CrashFigures {
        var figures = faults.figures
        figures.restarts = keeper.restarts
        figures.fsyncs = keeper.fsyncs
        figures.tail = tail.figures
        return figures
    }

    // MARK: Load and faults

    private func loadAndFaults() async throws {
        let clients = Task { [load] in await load.run() }
        defer { load.stop() }
        let accounts = settings.load.accounts
        guard
            try await faults.wait(
                within: CrashSettings.patience, until: { self.history.counts.acknowledged > accounts })
        else {
            throw ToolError(
                .unreachable,
                "the cluster did not begin to work within \(CrashSettings.patience); see the nodes' logs in "
                    + keeper.cluster.directory)
        }
        announcer.event("\(settings.load.clients) clients move money between \(accounts) accounts")
        try await faults.run()
        keeper.restartAll()
        load.stop()
        try await finish { await clients.value }
    }

    /// Waits for clients, keeping the nodes alive meanwhile.
    private func finish(_ work: @escaping @Sendable () async -> Void) async throws {
        let isDone = Latch()
        Task {
            await work()
            isDone.raise()
        }
        try await faults.wait { isDone.isRaised }
    }

    // MARK: The end

    /// All nodes at the same slot, then stopped. A node that somebody kills as it stops may not have
    /// written what it learnt last, which costs nothing but another round.
    private func convergeAndStop() async throws -> [Evidence.NodeState] {
        var states: [Evidence.NodeState] = []
        for _ in 0..<3 {
            states = try await converge()
            let end = try await keeper.stopAll()
            violations += end.complaints.map { Violation(.node, $0) }
            guard !end.killed.isEmpty else { break }
            announcer.notice("killed by another's hand as it stopped: node \(end.killed[0]); once more")
            try keeper.cluster.startAll()
        }
        violations += faults.violations
        return states
    }

    /// Waits until all nodes say the same, twice in a row; then every account is read once more.
    private func converge() async throws -> [Evidence.NodeState] {
        var states: [Evidence.NodeState] = []
        let agree = try await faults.wait(within: CrashSettings.patience) {
            let last = states
            states = await self.keeper.states()
            return states.count == self.keeper.count && states == last
                && Set(states.map(\.agreement)).count == 1
        }
        guard agree, let slot = states.first?.executedThrough else {
            let list = states.map { "node \($0.node) \($0.agreement)" }.joined(separator: ", ")
            violations.append(
                Violation(.stalled, "the nodes did not agree within \(CrashSettings.patience): \(list)"))
            return states
        }
        announcer.event("all nodes have executed slot \(slot), and agree")
        try await finish { [load] in await load.readEverything() }
        // Else the judge says of it that its log ends too early.
        try await faults.wait(within: CrashSettings.patience) {
            self.tail.through.rawValue >= slot || !self.tail.violations.isEmpty
        }
        violations += tail.violations
        return states
    }

    // MARK: Reading the stores

    private func readLogs() -> [LogCopy] {
        let whole = tail.copy
        return keeper.cluster.ids.map { node in
            read(node, keeper.cluster.dataDirectory(of: node), whole)
        }
    }

    /// Of those that left, and of those whose disks were wiped.
    private func readFormerLogs() -> [LogCopy] {
        let whole = tail.copy
        return faults.changes.formerStores.map { read($0.node, $0.directory, whole) }
    }

    /// Reads a store's slots, and holds its snapshots against the log that was read from the running nodes.
    private func read(_ node: Int, _ directory: String, _ whole: LogCopy) -> LogCopy {
        let copy = LogCopy(node: node, directory: directory, violations: &violations)
        do throws(StoreError) {
            for snapshot in try StoreInspector(directory: directory).snapshots(of: .first)
            where snapshot.isComplete {
                guard whole.chain(at: snapshot.header.slot) != snapshot.header.chain else { continue }
                violations.append(
                    Violation(
                        .logs,
                        "node \(node)'s snapshot through slot \(snapshot.header.slot) does not hang on the log"
                    ))
            }
        } catch {
            violations.append(Violation(.store, "node \(node): \(error)"))
        }
        return copy.linked(to: whole, violations: &violations)
    }
}

extension NodeKeeper {
    /// How far each running node is.
    func states() async -> [Evidence.NodeState] {
        await statuses(within: .seconds(2)).values.compactMap { status in
            guard let group = status.groups.first else { return nil }
            return Evidence.NodeState(
                node: status.node, executedThrough: group.executedThrough, chain: group.chain,
                stateDigest: group.stateDigest)
        }.sorted { $0.node < $1.node }
    }
}

extension Evidence.NodeState {
    /// What must be the same on all nodes.
    var agreement: String { "slot \(executedThrough) chain \(chain) state \(stateDigest)" }
}
