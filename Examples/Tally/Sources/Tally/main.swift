import Decree
import Foundation

// Three nodes in this process, each with a store of its own; usually each is another machine's.
let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tally-\(UUID())").path
let port = Int.random(in: 20_000...30_000)
let members = (1...3).map { NodeConfiguration.Member(id: $0, host: "127.0.0.1", port: port + $0) }

/// Runs the three nodes while `body` uses them, then stops them.
func withNodes(_ body: ([Node]) async throws -> Void) async throws {
    let nodes = try members.map {
        try Node(
            configuration: NodeConfiguration(
                cluster: "tally", node: $0.id, nodes: members, dataDirectory: "\(directory)/\($0.id)"),
            machine: Tally(), kind: "tally")
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        for node in nodes { group.addTask { try await node.run() } }
        try await body(nodes)
        group.cancelAll()
    }
}

try await withNodes { nodes in
    for round in 0..<30 {
        let outcome = await nodes[round % 3].submit(Array("Lamport".utf8))
        guard case .ok = outcome else { fatalError("\(outcome)") }
    }
}
print("30 votes cast at three nodes; the nodes have stopped and are opened again")

try await withNodes { nodes in
    guard case .ok(let count, _) = await nodes[2].query(Array("Lamport".utf8)) else {
        fatalError("no answer")
    }
    print("votes for Lamport: \(String(decoding: count, as: UTF8.self))")
    precondition(count == Array("30".utf8))
}
try FileManager.default.removeItem(atPath: directory)
