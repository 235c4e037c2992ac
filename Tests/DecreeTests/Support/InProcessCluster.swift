import Bank
import Decree
import Foundation
import Logging
import Synchronization

/// Real nodes in this process: real sockets on loopback, real SQLite files in a directory of their own.
final class InProcessCluster: Sendable {
    let directory: URL
    /// One that no other cluster in this process has, should a port pass from one to the other.
    let name = "tests-\(UUID().uuidString)"
    private let addresses: Mutex<[NodeConfiguration.Member]>
    private let machine: any StateMachine
    private let groups: [GroupID]
    private let running = Mutex<[Int: (node: Node, task: Task<Void, any Error>)]>([:])

    /// Ports that nobody uses are chosen anew; the directory is removed by `remove()`.
    init(nodes count: Int, machine: any StateMachine = Bank(), groups: [GroupID] = [.first]) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "decree-tests-\(UUID().uuidString)")
        let ports = try LoopbackPorts.free(count)
        addresses = Mutex(
            (1...count).map { NodeConfiguration.Member(id: $0, host: "127.0.0.1", port: ports[$0 - 1]) })
        self.machine = machine
        self.groups = groups
    }

    var configurations: [NodeConfiguration] {
        let members = addresses.withLock { $0 }
        return members.map {
            NodeConfiguration(
                cluster: name, node: $0.id, nodes: members, dataDirectory: dataDirectory(of: $0.id).path)
        }
    }

    func dataDirectory(of id: Int) -> URL { directory.appendingPathComponent("\(id)") }

    /// Gives every node another port, for the next start.
    func move() throws {
        let ports = try LoopbackPorts.free(configurations.count)
        addresses.withLock { members in
            for index in members.indices { members[index].port = ports[index] }
        }
    }

    var nodes: [Node] { running.withLock { running in running.sorted { $0.key < $1.key }.map(\.value.node) } }

    func node(_ id: Int) -> Node? { running.withLock { $0[id]?.node } }

    func start(_ ids: [Int]? = nil) throws {
        for id in ids ?? configurations.map(\.node) {
            var logger = Logger(label: "tests", factory: { StreamLogHandler.standardError(label: $0) })
            logger.logLevel = .critical
            let node = try Node(
                configuration: configurations[id - 1],
                machines: Dictionary(uniqueKeysWithValues: groups.map { ($0, ("bank", machine)) }),
                logger: logger)
            let task = Task { try await node.run() }
            running.withLock { $0[id] = (node, task) }
        }
    }

    /// Waits for a node to end by itself, and gives the reason.
    func failure(of id: Int) async -> (any Error)? {
        guard let (_, task) = running.withLock({ $0.removeValue(forKey: id) }) else { return nil }
        do {
            try await task.value
            return nil
        } catch {
            return error
        }
    }

    /// Stops nodes as SIGTERM does, and waits for them.
    func stop(_ ids: [Int]? = nil) async throws {
        for id in ids ?? configurations.map(\.node) {
            guard let (_, task) = running.withLock({ $0.removeValue(forKey: id) }) else { continue }
            task.cancel()
            try await task.value
        }
    }

    func remove() async {
        try? await stop()
        try? FileManager.default.removeItem(at: directory)
    }

    /// Waits until `condition` holds of the running nodes' states; false when it does not within the time.
    func eventually(
        within seconds: Double = 10, _ condition: ([NodeStatus]) -> Bool
    ) async -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            var states: [NodeStatus] = []
            for node in nodes { if let status = await node.status() { states.append(status) } }
            if condition(states) { return true }
            await Task.yield()
        }
        return false
    }
}
