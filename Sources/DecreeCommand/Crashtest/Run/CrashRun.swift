import Decree
import DecreeClient
import Foundation
import Logging
import Paxos

/// A cluster of real processes, clients at work on it, kills, restarts, and the proof: what `crashtest` and
/// `demo` have in common.
final class CrashRun {
    let settings: CrashSettings
    let keeper: NodeKeeper
    let client: DecreeClient
    private let announcer: Announcer
    private let interruption: Interruption
    private let history = History()
    private var violations: [Violation] = []

    init(
        settings: CrashSettings, directory: String, announcer: Announcer, interruption: Interruption
    ) throws {
        let cluster = try LocalCluster(nodes: settings.nodes, directory: directory, cluster: "crash")
        var configuration = DecreeClient.Configuration(
            cluster: "crash", nodes: cluster.addresses.compactMap { NodeAddress($0) },
            logger: Logger(label: "decree.client", factory: { _ in SwiftLogNoOpLogHandler() }))
        configuration.connections = 2
        client = DecreeClient(configuration)
        keeper = NodeKeeper(cluster: cluster, client: client)
        self.settings = settings
        self.announcer = announcer
        self.interruption = interruption
    }

    /// Runs everything, and judges it. Nodes are stopped afterwards, however it ends.
    func run() async throws -> CrashReport {
        do {
            try keeper.cluster.startAll()
            announcer.event("\(settings.nodes) nodes are started in \(keeper.cluster.directory)")
            let figures = try await loadAndFaults()
            let states = await converge()
            await stop()
            announcer.event("all nodes are stopped; every acknowledgement is now looked up in their files")
            let evidence = Evidence(history: history.operations, logs: readLogs(), states: states)
            return CrashReport(
                settings: settings, figures: figures, proof: Proof(evidence), runViolations: violations,
                persistSequences: evidence.logs.map(\.persistSequence))
        } catch {
            keeper.killAll()
            throw error
        }
    }

    // MARK: Load and faults

    private func loadAndFaults() async throws -> CrashFigures {
        let load = CrashLoad(client: client, settings: settings.load, history: history)
        let faults = FaultLoop(
            settings: settings, keeper: keeper, history: history, announcer: announcer,
            interruption: interruption)
        let clients = Task { await load.run() }
        do {
            let accounts = settings.load.accounts
            let history = history
            guard
                try await faults.wait(
                    within: CrashSettings.patience, until: { history.counts.acknowledged > accounts })
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
            try await drain(clients, faults)
            try await settle(load, faults)
        } catch {
            load.stop()
            clients.cancel()
            throw error
        }
        violations += faults.violations
        var figures = faults.figures
        figures.restarts = keeper.restarts
        figures.fsyncs = keeper.fsyncs
        return figures
    }

    /// Waits for the outcomes of what is under way, keeping the nodes alive.
    private func drain(_ clients: Task<Void, Never>, _ faults: FaultLoop) async throws {
        let isDone = Latch()
        let waiter = Task {
            await clients.value
            isDone.raise()
        }
        try await faults.wait { isDone.isRaised }
        await waiter.value
    }

    /// All nodes at the same slot, twice in a row; then every account is read once more.
    private func settle(_ load: CrashLoad, _ faults: FaultLoop) async throws {
        var last: Set<String> = []
        let keeper = keeper
        let settled = try await faults.wait(within: CrashSettings.patience) {
            let states = await keeper.states()
            let now = Set(states.map(\.agreement))
            defer { last = now }
            return states.count == keeper.count && now.count == 1 && now == last
        }
        guard settled else { return }
        let isDone = Latch()
        let reader = Task {
            await load.readEverything()
            isDone.raise()
        }
        try await faults.wait { isDone.isRaised }
        await reader.value
    }

    // MARK: The end

    private func converge() async -> [Evidence.NodeState] {
        let states = await keeper.states()
        if states.count < settings.nodes || Set(states.map(\.agreement)).count != 1 {
            let list = states.map { "node \($0.node) \($0.agreement)" }.joined(separator: ", ")
            violations.append(
                Violation(.stalled, "the nodes did not agree within \(CrashSettings.patience): \(list)"))
        } else if let slot = states.first?.executedThrough {
            announcer.event("all nodes have executed slot \(slot), and agree")
        }
        return states
    }

    private func stop() async {
        do {
            violations += try await keeper.stopAll().map { Violation(.node, $0) }
        } catch {
            violations.append(Violation(.node, "stopping was interrupted: \(error)"))
        }
    }

    private func readLogs() -> [LogCopy] {
        keeper.cluster.ids.map { node in
            LogCopy(
                node: node, directory: keeper.cluster.dataDirectory(of: node), violations: &violations)
        }
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
