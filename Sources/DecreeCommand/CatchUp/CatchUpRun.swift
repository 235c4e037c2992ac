import Decree
import DecreeClient
import Foundation
import Logging
import NIOCore
import NIOPosix

/// Three nodes under load, others that join them, and followers that start with much to execute.
final class CatchUpRun {
    struct Settings: Sendable {
        let accounts: Int
        let commands: Int
        let clients: Int
        /// Ascending.
        let starts: [Int]
        let snapshotCommands: Int
        let patience: Duration
    }

    /// What happens while a node joins.
    private enum Event: String, CaseIterable {
        case join, receiver, sender
    }

    private let settings: Settings
    private let cluster: LocalCluster
    private let client: DecreeClient
    private let threads: MultiThreadedEventLoopGroup
    private let keeper: NodeKeeper
    private let announcer: Announcer
    private let interruption: Interruption
    private let workload: Workload
    private let clock = ContinuousClock()
    private var observer: CatchUpObserver
    private(set) var complaints: [String] = []

    init(
        _ settings: Settings, directory: String, announcer: Announcer, interruption: Interruption
    ) throws {
        self.settings = settings
        self.announcer = announcer
        self.interruption = interruption
        cluster = try LocalCluster(
            nodes: 3, directory: directory, cluster: "catchup", snapshotCommands: settings.snapshotCommands)
        workload = try Workload(work: .bank, accounts: settings.accounts, valueBytes: 0)
        threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        client = DecreeClient(
            .init(
                cluster: "catchup", nodes: cluster.addresses.compactMap { NodeAddress($0) }, connections: 8,
                logger: Logger(label: "decree.client", factory: { _ in SwiftLogNoOpLogHandler() })),
            eventLoopGroup: threads)
        keeper = NodeKeeper(cluster: cluster, client: client)
        observer = CatchUpObserver(keeper: keeper)
    }

    func run() async throws -> CatchUpReport {
        defer { keeper.killAll() }
        try cluster.startAll()
        _ = try await wait("no node leads") { $0.leader != nil }
        announcer.event("opening \(Format.count(Double(settings.accounts))) accounts")
        try await workload.openAccounts(with: client)
        try await startLoad(seed: 1)
        let (perSecond, calm) = try await fill()
        let (commands, memory) = (observer.commands, observer.residentBytes.values.max() ?? 0)
        var joins: [CatchUpReport.Join] = []
        for event in Event.allCases { joins.append(try await join(event, last: joins.last?.node)) }
        var starts: [CatchUpReport.Start] = []
        for size in settings.starts { starts.append(try await start(behind: UInt64(size))) }
        try await stopLoad()
        try await compare()
        await client.close()
        complaints += try await keeper.stopAll().complaints
        try await threads.shutdownGracefully()
        return CatchUpReport(
            accounts: settings.accounts, commands: commands, commandsPerSecond: perSecond,
            p99Microseconds: calm.microseconds(at: 99), residentBytes: memory, joins: joins, starts: starts)
    }

    // MARK: The load

    private func startLoad(seed: UInt64) async throws {
        let generator = LoadGenerator(
            client: client, cluster: ClusterProbe(client: client, addresses: []), workload: workload)
        // Until it is stopped.
        observer.load = try await generator.start(
            Load(clients: settings.clients, rate: nil, warmupSeconds: 0, seconds: 1e9, seed: seed))
    }

    private func stopLoad() async throws { try await observer.stopLoad() }

    /// Waits until the log has seen enough. The latencies of moments without a snapshot under way.
    private func fill() async throws -> (perSecond: Double, calm: Latencies) {
        let begin = clock.now
        var calm = Latencies()
        while observer.commands < settings.commands || calm.count == 0 {
            let statuses = try await look()
            if !statuses.isSnapshotUnderWay { calm.add(observer.latencies) }
            observer.latencies.reset()
            announcer.update("\(Format.count(Double(observer.commands))) commands")
            try await Task.sleep(for: .milliseconds(200))
        }
        return (Double(observer.commands) / ((clock.now - begin) / .seconds(1)), calm)
    }

    // MARK: A node joins

    private func join(_ event: Event, last: Int?) async throws -> CatchUpReport.Join {
        if event != .join, let last { try await keeper.lose(last) }
        let node = (last ?? 3) + 1
        let others = Array(keeper.addresses.values.map(\.description).sorted())
        try cluster.add(node, joining: others, replacing: event == .join ? nil : last)
        keeper.joining.insert(node)
        announcer.event(
            "node \(node) joins\(event == .join ? "" : ": the \(event.rawValue) is to be killed")")
        observer.begin()
        let begin = clock.now
        try keeper.begin(node)
        var installed: (after: Duration, latencies: Latencies)?
        var arriving: UInt64?
        var hasStruck = event == .join
        let statuses = try await wait("node \(node) does not vote") { statuses in
            let group = statuses[node]?.groups.first
            if let there = group?.arriving {
                arriving = there.slot
                if !hasStruck, there.chunks * 2 >= there.ofChunks {
                    hasStruck = true
                    try await self.strike(event, joining: node)
                }
            } else if installed == nil, let snapshot = group?.snapshot, snapshot.slot >= arriving ?? 1 {
                // It may have come between two looks.
                installed = (self.clock.now - begin, self.observer.latencies)
            }
            return statuses.voters.contains(node) && group != nil
        }
        keeper.joining.remove(node)
        if !hasStruck {
            complaints.append("node \(node) had its snapshot before the \(event.rawValue) could be killed")
        }
        let group = statuses[node]?.groups.first
        let snapshot = installed == nil ? nil : group?.snapshot
        let (bytes, sent) = (snapshot?.bytes ?? 0, observer.sentBytes(to: node))
        return CatchUpReport.Join(
            event: event.rawValue, node: node,
            secondsUntilInstalled: installed.map { $0.after / .seconds(1) },
            secondsUntilVoting: (clock.now - begin) / .seconds(1), snapshotBytes: bytes,
            sentBytes: sent, resentBytes: sent - min(sent, bytes),
            slotsAfterSnapshot: (group?.executedThrough ?? 0)
                - min(snapshot?.slot ?? 0, group?.executedThrough ?? 0),
            residentBytes: observer.residentBytes[node] ?? 0,
            othersResidentBytes: observer.residentBytes.filter { $0.key != node }.values.max() ?? 0,
            p99UntilInstalledMicroseconds: installed?.latencies.microseconds(at: 99),
            p99Microseconds: observer.latencies.microseconds(at: 99))
    }

    private func strike(_ event: Event, joining node: Int) async throws {
        let struck = event == .receiver ? node : observer.sender ?? node
        announcer.event("kill -9 of node \(struck), with half of the snapshot there")
        try await keeper.kill([struck], absences: [.milliseconds(100)])
    }

    // MARK: A node starts

    /// Lets the log grow until a follower has so many commands behind its last snapshot; holds the load; and kills and
    /// starts it.
    private func start(behind size: UInt64) async throws -> CatchUpReport.Start {
        if observer.load == nil { try await startLoad(seed: size) }
        var node = 0
        _ = try await wait("no follower took a snapshot") { statuses in
            guard let leader = statuses.leader else { return false }
            self.announcer.update("\(Format.count(Double(self.observer.commands))) commands")
            node =
                self.observer.commandsSinceSnapshot.filter { candidate, commands in
                    candidate != leader && statuses[candidate]?.groups.first?.isTakingSnapshot == false
                        && commands >= size && commands < size + size / 4
                }.keys.min() ?? 0
            return node != 0
        }
        try await stopLoad()
        let level = try await wait("the nodes are not level") { $0.areLevel }
        guard let commands = observer.commandsSinceSnapshot[node],
            let target = level[node]?.groups.first?.executedThrough
        else { throw ToolError(.unreachable, "node \(node) is not there any more") }
        cluster.kill(node)
        let begin = clock.now
        try cluster.start(node)
        _ = try await wait("node \(node) does not start", every: .milliseconds(5)) { statuses in
            statuses[node]?.groups.first.map { $0.executedThrough >= target } ?? false
        }
        let taken = clock.now - begin
        announcer.event("node \(node) executes \(Format.count(Double(commands))) commands and serves")
        return CatchUpReport.Start(commands: commands, seconds: taken / .seconds(1))
    }

    // MARK: Waiting

    /// All hold the same, or it is complained of.
    private func compare() async throws {
        let statuses = try await wait("the nodes are not level") { $0.areLevel }
        let states = Set(statuses.values.compactMap { $0.groups.first.map { [$0.chain, $0.stateDigest] } })
        if states.count != 1 { complaints.append("the nodes differ: compare them with `decree log audit`") }
    }

    private func look() async throws -> [Int: NodeStatus] {
        try interruption.check()
        for event in try keeper.tick() {
            if case .failed(let node, let how) = event {
                complaints.append("node \(node) ended by itself (\(how)): \(keeper.said(by: node))")
            }
        }
        return try await observer.look()
    }

    private func wait(
        _ what: String, every pause: Duration = .milliseconds(20),
        until condition: ([Int: NodeStatus]) async throws -> Bool
    ) async throws -> [Int: NodeStatus] {
        let end = clock.now + settings.patience
        while true {
            let statuses = try await look()
            if try await condition(statuses) { return statuses }
            guard clock.now < end else {
                throw ToolError(
                    .unreachable,
                    "\(what) within \(settings.patience); see the nodes' logs in \(cluster.directory)")
            }
            try await Task.sleep(for: pause)
        }
    }
}

extension [Int: NodeStatus] {
    /// Who votes, by what the leader has executed.
    fileprivate var voters: [Int] {
        leader.flatMap { self[$0]?.groups.first?.members }?.filter { $0.role == "voter" }.map(\.node) ?? []
    }

    /// Whether all that vote are there and have executed the same.
    fileprivate var areLevel: Bool {
        let groups = voters.map { self[$0]?.groups.first }
        guard let first = groups.first, let executed = first?.executedThrough else { return false }
        return groups.allSatisfy { $0?.executedThrough == executed && $0?.chosenThrough == executed }
    }

    fileprivate var isSnapshotUnderWay: Bool {
        values.contains { $0.groups.contains { $0.isTakingSnapshot == true || $0.arriving != nil } }
    }
}
