import Decree
import DecreeClient
import DecreeStore
import Foundation
import Logging
import Paxos
import Synchronization
import Testing

/// How nodes of a running cluster take in one that joins, or do not. Addresses of the cluster's first nodes are not in the
/// log.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AdmissionTests {
    private func withCluster(
        _ body: (InProcessCluster, DecreeClient) async throws -> Void
    ) async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        let isLed = await cluster.eventually {
            $0.contains { $0.groups.contains { $0.role == "leader" } }
        }
        try #require(isLed)
        let addresses = cluster.configurations.compactMap(\.address).map {
            NodeAddress(host: $0.host, port: $0.port)
        }
        var configuration = DecreeClient.Configuration(cluster: "", nodes: addresses)
        configuration.logger.logLevel = .critical
        let client = DecreeClient(configuration)
        do {
            try await body(cluster, client)
        } catch {
            await client.close()
            await cluster.remove()
            throw error
        }
        await client.close()
        await cluster.remove()
    }

    private func address(of id: Int, in cluster: InProcessCluster) throws -> NodeAddress {
        let member = try #require(cluster.configurations[id - 1].address)
        return NodeAddress(host: member.host, port: member.port)
    }

    private func joining(
        _ cluster: InProcessCluster, at address: NodeAddress, replacing replaced: Int? = nil,
        deadline: Duration = .seconds(20),
        logger: Logger = Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() })
    ) throws -> Joining {
        Joining(
            cluster: [try self.address(of: 1, in: cluster)], address: address,
            dataDirectory: cluster.dataDirectory(of: 4).path, replaced: replaced, deadline: deadline,
            logger: logger)
    }

    private func freeAddress() throws -> NodeAddress {
        NodeAddress(host: "127.0.0.1", port: try LoopbackPorts.free(1)[0])
    }

    private func members(_ client: DecreeClient) async throws -> [Int] {
        guard case .described(let log) = try await client.admin(.describeLog) else { return [] }
        return log.configuration.members.map { Int($0.node.rawValue) }
    }

    /// What joining ends with, and that nobody was admitted by it.
    private func refusal(_ joining: Joining, _ client: DecreeClient) async throws -> NodeError? {
        let error = await #expect(throws: NodeError.self) { try await joining.run() }
        #expect(try await members(client) == [1, 2, 3])
        return error
    }

    @Test(arguments: [true, false])
    func aNodeIsReplacedAtItsOwnAddress(isAdmittedBefore: Bool) async throws {
        try await withCluster { cluster, client in
            let old = try address(of: 3, in: cluster)
            try await cluster.stop([3])
            if isAdmittedBefore {
                let replacement = ConfigurationChange.add(
                    node: nil, role: .joining(replacing: NodeID(3)), store: nil, address: "\(old)")
                _ = try await client.admin(.change(replacement))
            }
            let configuration = try await joining(cluster, at: old, replacing: isAdmittedBefore ? nil : 3)
                .run()
            #expect(configuration.nodes.map(\.id).sorted() == [1, 2, 4])
            try configuration.validate()
            // It is what it finds when it starts again.
            #expect(
                try NodeConfiguration.load(from: configuration.dataDirectory + "/node.json") == configuration)
        }
    }

    @Test func aNodeThatListensAtAMembersAddressDoesNotAskIn() async throws {
        try await withCluster { cluster, client in
            let taken = try address(of: 3, in: cluster)
            try await cluster.stop([3])
            guard case .notAdmitted(let reason) = try await refusal(joining(cluster, at: taken), client)
            else {
                Issue.record("it is not refused")
                return
            }
            #expect(reason.contains("node 3 is reached at \(taken)"), "\(reason)")
            // It does not matter that somebody comes in another's place.
            _ = try await refusal(joining(cluster, at: taken, replacing: 2), client)
        }
    }

    @Test func theLeaderRefusesAnAddressOfTheBeginning() async throws {
        try await withCluster { cluster, client in
            let taken = try address(of: 2, in: cluster)
            for change in [
                ConfigurationChange.add(node: nil, role: .nonVoter, store: nil, address: "\(taken)"),
                .move(NodeID(1), address: "\(taken)"),
            ] {
                let error = await #expect(throws: AdminError.self) { try await client.admin(.change(change)) }
                #expect(error == .changeRefused(.addressInUse))
            }
            // Its own it may be told.
            _ = try await client.admin(.change(.move(NodeID(2), address: "\(taken)")))
        }
    }

    @Test func aNodeThatCannotListenDoesNotAskIn() async throws {
        try await withCluster { cluster, client in
            // A node that runs, and is none of this cluster.
            let other = try InProcessCluster(nodes: 1)
            try other.start()
            #expect(await other.eventually { $0.count == 1 })
            let taken = try address(of: 1, in: other)
            guard case .cannotListen = try await refusal(joining(cluster, at: taken), client) else {
                Issue.record("it is not refused")
                return
            }
            await other.remove()
            for host in ["0.0.0.0", "::"] {
                let nowhere = NodeAddress(host: host, port: try freeAddress().port)
                guard case .configuration = try await refusal(joining(cluster, at: nowhere), client) else {
                    Issue.record("\(host) is not refused")
                    return
                }
            }
        }
    }

    @Test func twoThatJoinWithOneDirectoryAreOneNode() async throws {
        try await withCluster { cluster, client in
            let (first, second) = (
                try joining(cluster, at: freeAddress()), try joining(cluster, at: freeAddress())
            )
            var ids: [Int] = []
            var refusals = 0
            for result in await [Task { try await first.run() }, Task { try await second.run() }].results() {
                switch result {
                case .success(let configuration): ids.append(configuration.node)
                case .failure(let error):
                    guard case .store(.inUse(_, _))? = error as? NodeError else { throw error }
                    refusals += 1
                }
            }
            #expect(ids == [4] && refusals == 1)
            #expect(try await members(client) == [1, 2, 3, 4])
        }
    }

    @Test func aNodeThatJoinedTakesAnotherAddress() async throws {
        try await withCluster { cluster, client in
            let before = try await joining(cluster, at: freeAddress()).run()
            let place = try freeAddress()
            let after = try await joining(cluster, at: place).run()
            #expect(after.node == before.node && after.address?.port == place.port)
            #expect(after.nodes.dropFirst() == before.nodes.dropFirst())
            #expect(try NodeConfiguration.load(from: after.dataDirectory + "/node.json") == after)
        }
    }

    @Test func whoWaitsForALeaderSaysSoAtOnce() async throws {
        try await withCluster { cluster, _ in
            try await cluster.stop([2, 3])
            #expect(await cluster.eventually { $0.count == 1 && $0[0].groups[0].leader == nil })
            let handler = RecordingHandler()
            let logger = Logger(label: "t", factory: { _ in handler })
            let joining = try joining(cluster, at: freeAddress(), deadline: .seconds(3), logger: logger)
            let error = await #expect(throws: NodeError.self) { try await joining.run() }
            guard case .clusterUnavailable(let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.hasPrefix("no node leads"), "\(reason)")
            let told = handler.lines.filter { $0.contains("goes on asking: no node leads") }
            #expect(told.count == 1, "\(handler.lines)")
        }
    }
}

extension [Task<NodeConfiguration, any Error>] {
    fileprivate func results() async -> [Result<NodeConfiguration, any Error>] {
        var results: [Result<NodeConfiguration, any Error>] = []
        for task in self { results.append(await task.result) }
        return results
    }
}

/// Keeps what is logged.
private final class RecordingHandler: LogHandler {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { kept.withLock { $0.append("\(event.message)") } }
}
