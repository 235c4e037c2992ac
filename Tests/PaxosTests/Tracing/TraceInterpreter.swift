@testable import Paxos

/// Does what a trace says to a `TestCluster`, and tells what came of it, line by line.
///
/// Files named `TraceInterpreter+Topic` hold the commands; this one has what they share.
final class TraceInterpreter {
    private(set) var cluster: TestCluster?
    private var output: [String] = []
    var words = TraceWords()
    /// Kinds of messages that are not shown: `own` are those of a node to itself.
    var hidden: Set<String> = ["heartbeat", "heartbeatReply", "own"]
    private var isQuiet = false

    // Clients.
    var sessions: [String: TestSession] = [:]
    var tickets: [Ticket: String] = [:]
    var opening: [Ticket: String] = [:]
    var reads = 0

    /// Runs all commands of a step. Returns what is to be seen.
    func run(_ step: TraceFile.Step) throws(TraceError) -> [String] {
        output = []
        for (offset, line) in step.commands.enumerated() {
            do throws(TraceFailure) {
                try run(line)
            } catch {
                throw TraceError(line: step.line + offset, error.what)
            }
        }
        return output.isEmpty ? ["ok"] : output
    }

    private func run(_ line: String) throws(TraceFailure) {
        let quiet = "quiet "
        isQuiet = line.hasPrefix(quiet)
        defer { isQuiet = false }
        let command = try TraceCommand(isQuiet ? String(line.dropFirst(quiet.count)) : line)
        if command.word == "cluster" { return try start(command) }
        let cluster = try started()
        if try runTime(command, on: cluster) { return }
        if try runNetwork(command, on: cluster) { return }
        if try runNodes(command, on: cluster) { return }
        if try runClients(command, on: cluster) { return }
        if try runOperators(command, on: cluster) { return }
        if try show(command, on: cluster) { return }
        throw TraceFailure("there is no command \(command.word)")
    }

    func started() throws(TraceFailure) -> TestCluster {
        guard let cluster else { throw TraceFailure("a trace starts with cluster") }
        return cluster
    }

    private func start(_ command: TraceCommand) throws(TraceFailure) {
        try command.allow(
            0...0, options: ["nodes", "spares", "seed", "promiseBytes", "spread", "sessions", "alpha"])
        guard cluster == nil else { throw TraceFailure("one cluster is enough") }
        var limits = TestCluster.shortTimes
        if let promiseBytes = try command.number("promiseBytes") { limits.promiseBytes = promiseBytes }
        if let spread = try command.number("spread") { limits.electionSpreadTicks = spread }
        let sessionLimit = UInt32(clamping: try command.number("sessions") ?? 65_536)
        let alpha = UInt32(clamping: try command.number("alpha") ?? 256)
        let spares = try command.number("spares") ?? 0
        guard let nodes = try command.number("nodes"), (1...9).contains(nodes), (0...9).contains(spares),
            alpha > 0
        else { throw TraceFailure("cluster wants nodes=1 through 9, spares=0 through 9, alpha=1 or more") }
        let cluster = TestCluster(
            nodes: nodes, spares: spares, seed: UInt64(try command.number("seed") ?? 1), limits: limits,
            sessionLimit: sessionLimit, alpha: alpha)
        cluster.keepsTrace = true
        cluster.onlooker = { [unowned self] in see($0) }
        self.cluster = cluster
    }

    // MARK: Output

    func say(_ lines: [String]) { output += lines }

    private func see(_ happening: Happening) {
        switch happening {
        case .sent(let packet, let isLost):
            guard !isQuiet, !hidden.contains(TraceWords.kind(of: packet.message)),
                packet.from != packet.to || !hidden.contains("own")
            else { return }
            output.append(words.line(packet) + (isLost ? " (lost)" : ""))
        case .writes(let rows, let reads, let node):
            if !isQuiet { output += words.lines(rows, reads, of: node) }
        case .responded(let ticket, let response, let node):
            if let name = opening[ticket], case .opened(let id) = response {
                sessions[name] = TestSession(id: id)
            }
            output.append("\(node) answers \(tickets[ticket] ?? "?"): \(words.describe(response))")
        }
    }

    // MARK: Arguments

    func node(_ text: String, of cluster: TestCluster) throws(TraceFailure) -> TestNode {
        guard let number = UInt16(text), (1...cluster.nodes.count).contains(Int(number)) else {
            throw TraceFailure("there is no node \(text)")
        }
        return cluster[number]
    }

    /// The nodes named, or all.
    func nodes(_ names: [String], of cluster: TestCluster) throws(TraceFailure) -> [TestNode] {
        guard !names.isEmpty else { return cluster.nodes }
        var nodes: [TestNode] = []
        for name in names { nodes.append(try node(name, of: cluster)) }
        return nodes
    }

    func link(_ text: String, of cluster: TestCluster) throws(TraceFailure) -> (from: UInt16, to: UInt16) {
        let link = try TraceCommand.link(text)
        _ = try node("\(link.from)", of: cluster)
        _ = try node("\(link.to)", of: cluster)
        return link
    }
}
