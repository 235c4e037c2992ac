import Decree
import DecreeClient
import Foundation

/// Asks all nodes for their status, and this process for its processor time.
struct ClusterProbe: Sendable {
    let client: DecreeClient
    let addresses: [NodeAddress]

    /// How the nodes stood at one moment.
    struct Look: Sendable {
        /// By node, ascending. Nodes that could not be asked are missing.
        let nodes: [NodeStatus]
        /// Processor time of the load generator.
        let ownProcessorMicroseconds: UInt64

        /// The node that says it leads; of several, the one of the highest ballot.
        var leader: NodeStatus? {
            nodes.filter { $0.groups.first?.role == "leader" }
                .max { ($0.groups.first?.ballot.first ?? 0) < ($1.groups.first?.ballot.first ?? 0) }
        }
    }

    /// Asks all nodes at once.
    func look() async throws -> Look {
        let statuses = await withTaskGroup(of: NodeStatus?.self) { group in
            for address in addresses {
                group.addTask { try? await status(of: address) }
            }
            return await group.reduce(into: [NodeStatus]()) { if let status = $1 { $0.append(status) } }
        }
        return Look(
            nodes: statuses.sorted { $0.node < $1.node },
            ownProcessorMicroseconds: Self.ownProcessorMicroseconds())
    }

    /// Waits until one node leads and every node that can be asked knows it.
    ///
    /// - Throws: `ToolError` of code 3 when time is up.
    func waitForLeader(seconds: Double) async throws {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            let look = try await look()
            if let leader = look.leader?.node,
                look.nodes.allSatisfy({ $0.groups.first?.leader == leader }),
                look.nodes.count == addresses.count || Date().addingTimeInterval(seconds / 2) > end
            {
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ToolError(
            .unreachable,
            "no leader within \(Int(seconds)) s at \(addresses.map(\.description).joined(separator: ", ")): "
                + "check with `decree status` that a majority of the nodes runs")
    }

    private func status(of address: NodeAddress) async throws -> NodeStatus {
        let json = try await client.status(of: address, within: .seconds(5))
        return try JSONDecoder().decode(NodeStatus.self, from: Data(json))
    }

    static func ownProcessorMicroseconds() -> UInt64 {
        UInt64(clock()) * 1_000_000 / UInt64(CLOCKS_PER_SEC)
    }
}

/// What a load cost, from the nodes' own counts.
struct Usage: Sendable {
    /// What one node spent.
    struct Node: Sendable {
        let node: Int
        let processorMicroseconds: UInt64
        let fsyncs: UInt64
        let commits: UInt64
        let storeBytes: Int64
        let commitP50Microseconds: Double
        let slowCommits: UInt64
        let slowCommitMicroseconds: UInt64
        let residentBytes: Int64?
    }

    /// Answers between the two looks.
    var commands: UInt64
    let nodes: [Node]
    /// Who led at the end.
    let leader: Int?
    /// Whether somebody else led at the beginning.
    let didLeaderChange: Bool
    /// That of the load generator; 0 where it runs in a node's process, whose time tells it.
    let ownProcessorMicroseconds: UInt64

    /// Nodes that were not there both times, or were started anew, are left out.
    ///
    /// - Parameter isInNode: whether the load generator runs in a node's process.
    init(
        from before: ClusterProbe.Look, to after: ClusterProbe.Look, commands: UInt64, isInNode: Bool = false
    ) {
        self.commands = commands
        nodes = after.nodes.compactMap { later in
            guard let earlier = before.nodes.first(where: { $0.node == later.node }),
                earlier.processIdentifier == later.processIdentifier,
                // In a container every process is the first.
                earlier.clientRequests <= later.clientRequests, earlier.fsyncs <= later.fsyncs,
                earlier.processorMicroseconds <= later.processorMicroseconds
            else { return nil }
            return Node(
                node: later.node,
                processorMicroseconds: later.processorMicroseconds - earlier.processorMicroseconds,
                fsyncs: later.fsyncs - earlier.fsyncs, commits: later.commits &- earlier.commits,
                storeBytes: later.storeBytes, commitP50Microseconds: later.commitP50Microseconds,
                slowCommits: (later.slowCommits ?? 0) &- (earlier.slowCommits ?? 0),
                slowCommitMicroseconds: (later.slowCommitMicroseconds ?? 0)
                    &- (earlier.slowCommitMicroseconds ?? 0),
                residentBytes: later.residentBytes)
        }
        leader = after.leader?.node
        didLeaderChange = before.leader?.node != after.leader?.node
        ownProcessorMicroseconds =
            isInNode ? 0 : after.ownProcessorMicroseconds - before.ownProcessorMicroseconds
    }

    /// `amount` for each command; 0 where there was none.
    func perCommand(_ amount: UInt64) -> Double { commands == 0 ? 0 : Double(amount) / Double(commands) }

    /// The leader's own.
    var leaderFsyncs: UInt64 { nodes.first { $0.node == leader }?.fsyncs ?? 0 }
    /// Of all nodes.
    var allFsyncs: UInt64 { nodes.reduce(0) { $0 + $1.fsyncs } }
}
