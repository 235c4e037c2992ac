import Decree
import DecreeClient
import Logging
import NIOCore
import Paxos

/// Where a client of a load hands in its requests; completions come on `eventLoop`.
enum LoadDoor: Sendable {
    /// Over the network, in a session of its own.
    case session(Session)
    /// In the process of a node, whose session it shares with all others there.
    case node(Node, eventLoop: any EventLoop)

    var eventLoop: any EventLoop {
        switch self {
        case .session(let session): session.eventLoop
        case .node(_, let eventLoop): eventLoop
        }
    }

    func send(_ request: LoadRequest, completion: @escaping @Sendable (Outcome) -> Void) {
        switch (self, request) {
        case (.session(let session), .command(let command)): session.submit(command, completion: completion)
        case (.session(let session), .batch(let batch)): session.submit(batch, completion: completion)
        case (.session(let session), .query(let query)): session.query(query, completion: completion)
        case (.node(let node, _), .command(let command)):
            node.request(.command, command, completion: completion)
        case (.node(let node, _), .batch(let batch)):
            node.request(.batch, batch.bytes[...], completion: completion)
        case (.node(let node, _), .query(let query)):
            node.request(.query(.linearizable), query, completion: completion)
        }
    }
}

/// The node that runs within the benchmark's own process, and leads.
struct EmbeddedNode {
    let node: Node
    private let running: Task<Void, any Error>

    /// Starts it; the others need not run yet.
    init(_ configuration: NodeConfiguration, machine: MachineKind) throws {
        let node = try Node(
            configuration: configuration, machine: machine.machine, kind: machine.rawValue,
            logger: .init(label: "decree.bench.node", factory: { _ in SwiftLogNoOpLogHandler() }))
        self.node = node
        running = Task { try await node.run() }
    }

    /// Makes it lead.
    func lead(_ cluster: ClusterProbe) async throws {
        let end = ContinuousClock.now + .seconds(15)
        while await node.status()?.groups.first?.role != "leader" {
            guard ContinuousClock.now < end else {
                throw ToolError(.checkFailed, "the node in this process does not come to lead")
            }
            _ = try? await cluster.client.admin(
                .transferLead(to: NodeID(UInt16(node.configuration.node))), deadline: .seconds(2))
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Stops it. What went wrong with it, in a line.
    func stop() async -> String? {
        running.cancel()
        do {
            try await running.value
            return nil
        } catch {
            return "the node in this process: \(error)"
        }
    }
}
