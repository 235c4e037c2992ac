import DecreeClient
import Foundation

/// A node whose disk was lost, started again as it was: it must not come back under its old id, for it may have voted
/// and does not know how (scenario LostDisk).
final class RefusedNode {
    /// How it ended.
    struct End {
        let status: Int32
        let said: String

        var lastLine: String { said.split(separator: "\n").last.map(String.init) ?? "" }

        /// What is wrong with that; nil if it ended as it should, and told what helps.
        func complaint(of node: Int) -> String? {
            let isHelpful = said.contains("decree member replace \(node) ")
            guard status != ExitStatus.store.rawValue || !isHelpful else { return nil }
            return
                "node \(node), whose disk was wiped, ended with exit code \(status) where 4 is due, and said:\n"
                + said.suffix(2_000)
        }
    }

    /// Its files of before, moved out of its way.
    let lostDirectory: String
    private let directory: String
    private let logPath: String
    private let arguments: [String]
    private var process: Process
    private var lifeline: Pipe

    /// kill -9, and an empty directory; then its old command once more.
    init(losing node: Int, _ keeper: NodeKeeper) async throws {
        guard let member = keeper.cluster.members[node] else {
            throw ToolError(.usage, "node \(node) is none of the cluster's")
        }
        try await keeper.lose(node)
        directory = keeper.cluster.dataDirectory(of: node)
        lostDirectory = directory + ".lost"
        logPath = member.logPath + ".refused"
        var arguments = member.arguments
        // Those it came in through may have left since.
        if let join = arguments.firstIndex(of: "--join") {
            arguments[join + 1] = keeper.contacts(without: node).joined(separator: ",")
        }
        self.arguments = arguments
        try FileManager.default.moveItem(atPath: directory, toPath: lostDirectory)
        (process, lifeline) = try keeper.cluster.run(arguments, logPath: logPath)
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// How it ended; nil as long as it has not. Where nobody was there to tell it, it asks once more.
    func end(_ keeper: NodeKeeper) throws -> End? {
        guard !process.isRunning else { return nil }
        guard process.terminationStatus != ExitStatus.unreachable.rawValue else {
            (process, lifeline) = try keeper.cluster.run(arguments, logPath: logPath)
            return nil
        }
        let said = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
        // One that was to found a cluster has made none.
        try? FileManager.default.removeItem(atPath: directory)
        return End(status: process.terminationStatus, said: said)
    }
}
