import Decree
import DecreeClient
import Foundation
import Testing

/// What a node that is to join makes of its directory, before it has asked anybody.
@Suite(.timeLimit(.minutes(1))) struct JoiningTests {
    /// What joining ends with, where nobody answers, in a directory that holds these files.
    private func error(with files: [String: String]) async throws -> NodeError? {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "decree-joining-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for (name, text) in files {
            try Data(text.utf8).write(to: directory.appendingPathComponent(name))
        }
        let place = NodeAddress(host: "127.0.0.1", port: try LoopbackPorts.free(1)[0])
        let joining = Joining(
            cluster: [place], address: place, dataDirectory: directory.path, deadline: .seconds(1))
        return await #expect(throws: NodeError.self) { try await joining.run() }
    }

    /// With the name that the directory kept, its votes would be forgotten unnoticed.
    @Test(arguments: [
        (
            #"{"cluster": "bank", "node": 4, "nodes": [{"id": 4, "host": "h", "port": 7004}], "dataDirectory": "d"}"#,
            "decree member replace 4 HOST:PORT"
        ), ("{", "decree member replace N HOST:PORT"),
    ])
    func aNodeWhoseStoreIsLostDoesNotJoinUnderItsOldName(configuration: String, advice: String) async throws {
        let error = try await error(with: ["join.id": "00000000000000a1\n", "node.json": configuration])
        guard case .fenced(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains(advice), "\(reason)")
    }

    /// Killed before it had a store, it asks again.
    @Test func aNodeThatNeverHadAStoreAsksAgain() async throws {
        guard case .clusterUnavailable = try await error(with: ["join.id": "00000000000000a1\n"]) else {
            Issue.record("it does not ask")
            return
        }
    }
}
