import Decree
import DecreeClient
import Foundation
import Logging
import Paxos

/// Nodes on this machine, clients that write, and the leader struck time and again: how long nobody's write is
/// acknowledged.
final class FailoverRun {
    /// What is done to the leader.
    enum Event: String, CaseIterable, Sendable {
        /// SIGTERM: it hands the lead over.
        case stop
        /// kill -9: the others find out.
        case kill
        /// It is asked to let another lead.
        case transfer
        /// Its disk takes no write for five seconds.
        case stall
    }

    /// What came of one round.
    struct Round: Sendable {
        let event: Event
        let leader: Int
        let next: Int?
        let gap: Duration
    }

    private let cluster: LocalCluster
    private let keeper: NodeKeeper
    private let client: DecreeClient
    private let timeline = WriteTimeline()
    private let clients: WritingClients
    private let interruption: Interruption
    private let clock = ContinuousClock()
    private(set) var rounds: [Round] = []
    private(set) var complaints: [String] = []

    init(nodes: Int, clients count: Int, directory: String, interruption: Interruption) throws {
        cluster = try LocalCluster(nodes: nodes, directory: directory, cluster: "failover")
        var configuration = DecreeClient.Configuration(
            cluster: "failover", nodes: cluster.addresses.compactMap { NodeAddress($0) },
            logger: Logger(label: "decree.client", factory: { _ in SwiftLogNoOpLogHandler() }))
        configuration.connections = 2
        client = DecreeClient(configuration)
        keeper = NodeKeeper(cluster: cluster, client: client)
        clients = WritingClients(client: client, count: count, timeline: timeline)
        self.interruption = interruption
    }

    /// Runs the events, one after the other, and tells of each.
    func run(_ events: [Event], tell: (Round) -> Void) async throws {
        defer { for id in cluster.ids { cluster.kill(id) } }
        try cluster.startAll()
        _ = try await level()
        let writing = Task { [clients] in await clients.run() }
        defer { clients.stop() }
        for event in events {
            let round = try await strike(event)
            rounds.append(round)
            tell(round)
        }
        clients.stop()
        await writing.value
        complaints += await clients.complaints()
        await client.close()
        for (node, code) in cluster.stopAll() where code != 0 {
            complaints.append("node \(node) ended with exit code \(code)")
        }
    }

    // MARK: A round

    private func strike(_ event: Event) async throws -> Round {
        let leader = try await level()
        try await Task.sleep(for: Self.rest)
        timeline.mark()
        switch event {
        case .stop: cluster.signal(leader, SIGTERM)
        case .kill: cluster.signal(leader, SIGKILL)
        case .transfer: try await transfer(from: leader)
        case .stall: break
        }
        let stall =
            event == .stall ? try cluster.processIdentifier(of: leader).map { try DiskStall(of: $0) } : nil
        let written = timeline.count
        let begin = clock.now
        try await wait(within: Self.patience, "no write was acknowledged within \(Self.patience)") {
            self.clock.now - begin >= Self.aftermath && self.timeline.count > written
        }
        let gap = timeline.longestGap
        let next = await keeper.statuses().leader
        if event == .stall, next == leader {
            complaints.append("node \(leader) still leads, with a disk that hangs")
        }
        try await stall?.end()
        try restart(leader, after: event)
        return Round(event: event, leader: leader, next: next, gap: gap)
    }

    private func transfer(from leader: Int) async throws {
        guard let address = keeper.addresses[leader] else { return }
        do throws(AdminError) {
            _ = try await client.admin(.transferLead(to: nil), to: address)
        } catch {
            complaints.append("node \(leader) does not let another lead: \(error)")
        }
    }

    private func restart(_ node: Int, after event: Event) throws {
        guard !cluster.isRunning(node), let process = cluster.members[node]?.process else {
            if event == .stop {
                complaints.append("node \(node) did not stop within \(Self.aftermath) of SIGTERM")
            }
            return
        }
        if event != .kill, process.terminationReason != .exit || process.terminationStatus != 0 {
            complaints.append("node \(node) ended with exit code \(process.terminationStatus)")
        }
        try cluster.start(node)
    }

    /// Waits until all nodes run, follow one leader, and are close to it. Who leads.
    private func level() async throws -> Int {
        var leader: Int?
        try await wait(within: Self.patience, "the nodes are not level within \(Self.patience)") {
            for node in self.cluster.ids where !self.cluster.isRunning(node) { try self.cluster.start(node) }
            let statuses = await self.keeper.statuses()
            leader = statuses.leader
            let groups = statuses.values.compactMap(\.groups.first)
            guard let leader, groups.count == self.cluster.ids.count,
                groups.allSatisfy({ $0.leader == leader }),
                let lowest = groups.map(\.executedThrough).min(),
                let highest = groups.map(\.chosenThrough).max()
            else { return false }
            return highest - lowest <= 64
        }
        return leader ?? 0
    }

    private func wait(within time: Duration, _ what: String, until condition: () async throws -> Bool)
        async throws
    {
        let end = clock.now + time
        while try await !condition() {
            try interruption.check()
            guard clock.now < end else {
                throw ToolError(.unreachable, "\(what); see the nodes' logs in \(cluster.directory)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// How long the clients write before the leader is struck.
    private static let rest = Duration.milliseconds(500)
    /// How long the gap is looked for.
    private static let aftermath = Duration.milliseconds(2_500)
    private static let patience = Duration.seconds(30)
}
