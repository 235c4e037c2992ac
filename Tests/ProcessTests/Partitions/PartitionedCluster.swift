#if os(Linux)
    import Decree
    import Foundation
    import Testing

    /// Nodes as processes on machines of their own, and a client's machine that reaches them all.
    final class PartitionedCluster {
        let network: NamespaceNetwork
        let nodes: [Int]
        private let directory: TemporaryDirectory
        private var processes: [Int: (process: ToolProcess, lifeline: Pipe)] = [:]
        private static let port = 7_000

        init(nodes count: Int) throws {
            network = try NamespaceNetwork(nodes: count)
            nodes = network.nodes
            directory = try TemporaryDirectory()
            let members = nodes.map {
                NodeConfiguration.Member(id: $0, host: network.address($0), port: Self.port)
            }
            for node in nodes {
                let configuration = NodeConfiguration(
                    cluster: "parted", node: node, nodes: members,
                    dataDirectory: "\(directory.path)/data-\(node)")
                let file = try directory.write(json(configuration), to: "\(node).json")
                let lifeline = Pipe()
                processes[node] = (
                    try ToolProcess(
                        ["node", "--config", file, "--stop-with-parent"], input: lifeline,
                        runner: network.runner(node)), lifeline
                )
            }
        }

        /// What `--nodes` takes.
        func addresses(_ some: [Int]? = nil) -> String {
            (some ?? nodes).map { "\(network.address($0)):\(Self.port)" }.joined(separator: ",")
        }

        /// The tool, on the client's machine.
        func tool(_ arguments: [String], to some: [Int]? = nil) async throws -> Tool.Result {
            let process = try ToolProcess(
                arguments + ["--nodes", addresses(some)], input: nil,
                runner: network.runner(NamespaceNetwork.client))
            return try await process.result()
        }

        /// What the nodes that answer say of themselves.
        func statuses(_ some: [Int]? = nil) async throws -> [NodeStatus] {
            let result = try await tool(["status", "--json"], to: some)
            return result.output.split(separator: "\n").compactMap {
                try? JSONDecoder().decode(NodeStatus.self, from: Data($0.utf8))
            }
        }

        /// The one that leads: of several that believe so, the one of the highest ballot.
        func leader(among some: [Int]? = nil) async throws -> Int {
            var leader: Int?
            let isLed = try await eventually(within: .seconds(20)) {
                leader = try await self.statuses(some).compactMap { status in
                    status.groups.first.map { (status.node, $0) }
                }
                .filter { $0.1.role == "leader" }
                .max { $0.1.ballot.lexicographicallyPrecedes($1.1.ballot) }?.0
                return leader != nil
            }
            try #require(isLed, "nobody leads")
            return try #require(leader)
        }

        /// Who says what of itself, in words.
        func roles() async throws -> String {
            try await statuses().map { status in
                let group = status.groups.first
                return "node \(status.node): \(group?.role ?? "") of \(group?.leader ?? 0), ballot "
                    + "\(group?.ballot ?? []), chosen \(group?.chosenThrough ?? 0), peers "
                    + "\(status.connectedPeers)"
            }.joined(separator: "; ")
        }

        /// Waits until all nodes have executed the same log and are in the same state.
        func converge(within time: Duration = .seconds(10)) async throws {
            var states: [[String]] = []
            let agree = try await eventually(within: time) {
                states = try await self.statuses().map { status in
                    status.groups.flatMap {
                        ["\($0.chosenThrough)", "\($0.executedThrough)", $0.chain, $0.stateDigest]
                    }
                }
                return states.count == self.nodes.count && Set(states).count == 1
            }
            #expect(agree, "the nodes differ after \(time): \(states)")
        }

        /// How long until a node has all that is chosen, from now.
        func timeToCatchUp(_ node: Int) async throws -> Duration {
            let start = ContinuousClock.now
            let others = try await statuses(nodes.filter { $0 != node })
            let goal = others.compactMap(\.groups.first?.chosenThrough).max() ?? 0
            let isThere = try await eventually(within: .seconds(20)) {
                try await self.statuses([node]).contains {
                    $0.groups.first.map { $0.executedThrough >= goal } ?? false
                }
            }
            #expect(isThere, "node \(node) does not catch up: \(processes[node]?.process.error ?? "")")
            return ContinuousClock.now - start
        }

        /// SIGTERM to all; each must end as it should.
        func stop() async throws {
            for (process, _) in processes.values { process.signal(SIGTERM) }
            for (node, (process, lifeline)) in processes {
                let status = try await process.status()
                #expect(status == 0, "node \(node): \(process.error)")
                withExtendedLifetime(lifeline) {}
            }
            processes = [:]
        }
    }
#endif
