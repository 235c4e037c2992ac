import ArgumentParser
import Bank
import Decree
import DecreeClient
import Foundation
import Logging
import NIOCore
import NIOPosix
import Paxos

/// `decree bench`: how fast, and how far from what the machine allows.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure throughput, latency and cost, against the floor the machine sets.",
        discussion: """
            Without options it starts three nodes on this machine, each a process with a store of its own, \
            and lets 1, then 64, then 1,000 clients move money between 10,000 accounts. Everything is \
            fsynced by a majority before it is acknowledged.

              decree bench                              3 local nodes; 1, 64, 1,000 clients
              decree bench --clients 128 --seconds 30   one row, longer
              decree bench --local 5 --data /mnt/b      5 nodes, on the disk you mean
              decree bench --rate 20000 --clients 100   open loop, 20,000 a second
              decree bench --work append                values instead of transfers
              decree bench --work read --clients 1000   linearizable reads
              decree bench --embedded --clients 1000    in the process of the node that leads
              decree bench --batch 8190 --clients 8     8,190 transfers a request
              decree bench --prove                      kill -9 of all nodes in the end, and the
                                                        proof that nothing was lost
              decree bench --nodes a:7001,b:7001        a running cluster, of the bank (or with
                                                        --work append of nodes with --machine
                                                        append); what is done there stays

            A client is a session. In the closed loop it has one command in flight and sends the next when \
            the last is answered. With --rate commands start when they are due, whatever became of those \
            before, and latency counts from then: a stall is seen by all who would have met it.

            The floor is measured before and behind the rows, and the lower counts: on the data's file \
            system a write of 4 KiB with fdatasync, and a one-row commit by the production store, alone and \
            by as many processes at once as there are nodes; and a loopback round trip. The floor of one \
            command is that commit of all at once and two round trips.

            With --prove each row ends with kill -9 of all nodes at once, under the load. They are started again, \
            the clients go on with what they had in flight, and then every request that was ever answered is \
            looked up in the log, at the position, with the session, the sequence and the bytes it was told; and \
            every account must hold what the answers say.

            --json prints a line for each row: commandsPerSecond, p50Microseconds, p99Microseconds, \
            p999Microseconds, maxMicroseconds, fsyncsPerCommand (the leader's), cpuMicrosecondsPerCommand \
            (by node), slowCommits and slowCommitMicroseconds (by node: commits of 20 ms and more), errors, \
            proof, floor and more. Progress goes to standard error.

            EXIT CODES
              0  it was measured; answers and refusals of the bank are results
              1  something else came of a request, or --prove found a loss
              2  wrong usage
              3  the cluster cannot be reached
            """)

    @Option(
        help: ArgumentHelp(
            "Start this many nodes on this machine, 1 to 9; 3 unless --nodes is given.", valueName: "count"))
    var local: Int?

    @Option(help: ArgumentHelp("Use the nodes that run at these addresses.", valueName: "host:port,…"))
    var nodes: String?

    @Option(
        help: ArgumentHelp(
            """
            Where local nodes keep their data, which stays. Default: a fresh temporary directory. With \
            --nodes: where to measure the floor, on the nodes' file system.
            """, valueName: "directory"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "How many clients; several numbers run one after another.", valueName: "count,…"))
    var clients = "1,64,1000"

    @Option(help: ArgumentHelp("Connections to each node, which the clients share.", valueName: "count"))
    var connections = 8

    @Option(
        help: ArgumentHelp(
            "Open loop: start this many commands a second, of all clients together.",
            valueName: "per second"))
    var rate: Double?

    @Option(help: "What the clients do: bank (transfers), append (opaque values) or read (balances).")
    var work = Work.bank

    @Option(help: ArgumentHelp("Accounts for bank and read.", valueName: "count"))
    var accounts = 10_000

    @Option(help: ArgumentHelp("Bytes of a value for append.", valueName: "bytes"))
    var valueBytes = 256

    @Option(
        help: ArgumentHelp(
            """
            Transfers of one request, in the bank's compact form (up to 65535), or values of one request \
            (up to 8192). Latency is a request's, throughput counts what is in it.
            """, valueName: "count"))
    var batch = 1

    @Option(help: ArgumentHelp("Measured seconds for each number of clients.", valueName: "seconds"))
    var seconds = 5.0

    @Option(help: ArgumentHelp("Seconds before the measured ones.", valueName: "seconds"))
    var warmup = 1.0

    @Option(help: ArgumentHelp("Event loop threads of the load generator.", valueName: "count"))
    var threads = 1

    @Option(help: "The same seed makes the same requests.")
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "Write how each second went, and the nodes' stores and memory, a line of JSON each; `benchmarks/plot "
                + "timeline FILE` draws it. For one number of clients.", valueName: "file"))
    var timeline: String?

    @Flag(help: "Kill all local nodes at the end of each row, and prove that nothing acknowledged is lost.")
    var prove = false

    @Flag(
        help: """
            Run the first node within this process, make it lead, and submit to it directly, as a server does that \
            embeds a node: clients are commands in flight in the node's own session.
            """)
    var embedded = false

    @Flag(help: "Do not measure the floor.")
    var skipFloor = false

    @Flag(help: "One line of JSON for each row.")
    var json = false

    func validate() throws {
        func require(_ condition: Bool, _ message: String) throws {
            guard condition else { throw ValidationError(message) }
        }
        try require(
            local == nil || nodes == nil, "--local starts nodes, --nodes uses running ones: choose one")
        try require((1...9).contains(local ?? 3), "--local must be 1 through 9")
        try require(
            nodes.map { NodeAddress.list($0) != nil } ?? true, "--nodes must be HOST:PORT,HOST:PORT,…")
        try require(clientCounts != nil, "--clients must be numbers of 1 through 50000, as in 1,64,1000")
        try require((1...1_024).contains(connections), "--connections must be 1 through 1024")
        try require((0.1...1e7).contains(rate ?? 1), "--rate must be 0.1 through 10000000")
        try require((2...10_000_000).contains(accounts), "--accounts must be 2 through 10000000")
        try require((1...1 << 20).contains(valueBytes), "--value-bytes must be 1 through 1048576")
        try require(
            (1...(work == .bank ? Transfers.limit : CommandBatch.commandLimit)).contains(batch),
            "--batch must be 1 through \(Transfers.limit) transfers, or \(CommandBatch.commandLimit) values")
        try require(batch == 1 || work != .read, "--batch is for work that writes: bank or append")
        try require(
            work != .append || batch == 1 || batch * (valueBytes + 4) + 5 <= 1 << 20,
            "a batch is at most 1 MiB: less values, or shorter ones")
        try require((0.1...86_400).contains(seconds), "--seconds must be 0.1 through 86400")
        try require((0...3_600).contains(warmup), "--warmup must be 0 through 3600")
        try require((1...64).contains(threads), "--threads must be 1 through 64")
        try require(
            !prove || nodes == nil, "--prove kills nodes: it is for those that the benchmark starts itself")
        try require(
            !embedded || (nodes == nil && !prove),
            "--embedded is for nodes that the benchmark starts itself, and cannot kill them for --prove")
        try require(!prove || work != .read, "--prove is for work that writes: bank or append")
        try require(
            timeline == nil || clientCounts?.count == 1,
            "--timeline is for one number of clients: name it with --clients")
    }

    private var clientCounts: [Int]? {
        let counts = clients.split(separator: ",", omittingEmptySubsequences: false).map {
            Int($0).flatMap { (1...50_000).contains($0) ? $0 : nil }
        }
        return counts.contains(nil) ? nil : counts.compactMap { $0 }
    }

    func run() async throws {
        let target = try makeTarget()
        var progress = BenchProgress()
        if let warning = target.warning { progress.note("warning: \(warning)") }
        let workload = try Workload(work: work, accounts: accounts, valueBytes: valueBytes, batch: batch)
        let before = try measureFloor(target, workload, progress: &progress)
        var rows: [BenchRow]
        var inProcess: EmbeddedNode?
        do {
            if embedded { inProcess = try target.startEmbedded(work.machine) } else { try target.start() }
            rows = try await measure(target, workload, inProcess, progress: &progress)
        } catch {
            progress.clear()
            _ = await inProcess?.stop()
            for line in target.stop() { progress.note(line) }
            throw error
        }
        let trouble = await inProcess?.stop()
        let troubles = target.stop() + (trouble.map { [$0] } ?? [])
        let after = try measureFloor(target, workload, progress: &progress)
        let floor = after.flatMap { before?.lowest(with: $0) }
        for place in rows.indices { rows[place].floor = floor }
        progress.clear()
        try report(rows)
        try judge(rows, troubles, target)
    }

    private func report(_ rows: [BenchRow]) throws {
        let text =
            json
            ? try rows.map { try $0.json() + "\n" }.joined() : BenchTable(title: title, rows: rows).text
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    /// Fails if anything was not as it should be; the nodes' data stays then, to be looked at.
    private func judge(_ rows: [BenchRow], _ troubles: [String], _ target: BenchTarget) throws {
        var troubles = troubles
        let errors = rows.reduce(0) { $0 + $1.errors }
        for row in rows { troubles += row.proof?.violations.map { "\(row.clients) clients: \($0)" } ?? [] }
        if errors > 0 { troubles.append("\(errors) \(work.unit) came to nothing: the reasons are above") }
        guard troubles.isEmpty else {
            if let directory = target.directory { troubles.append("data and logs are in \(directory)") }
            throw ToolError(.checkFailed, troubles.joined(separator: "\n"))
        }
        target.removeTemporary()
    }

    private func makeTarget() throws -> BenchTarget {
        if let nodes, let addresses = NodeAddress.list(nodes) {
            return BenchTarget(running: addresses, dataDirectory: data)
        }
        return try BenchTarget(local: local ?? 3, directory: data, machine: work.machine)
    }

    private func measureFloor(
        _ target: BenchTarget, _ workload: Workload, progress: inout BenchProgress
    ) throws -> Floor? {
        guard !skipFloor, let directory = target.floorDirectory else { return nil }
        return try Floor.measure(
            in: directory, processes: target.addresses.count, valueBytes: workload.typicalBytes,
            progress: &progress)
    }

    /// Runs each number of clients in turn.
    private func measure(
        _ target: BenchTarget, _ workload: Workload, _ inProcess: EmbeddedNode?,
        progress: inout BenchProgress
    ) async throws -> [BenchRow] {
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        var logger = Logger(label: "decree.bench", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .error
        let client = DecreeClient(
            .init(cluster: "", nodes: target.addresses, connections: connections, logger: logger),
            eventLoopGroup: threads)
        do throws(ClientError) {
            try await client.connected(within: .seconds(5))
        } catch {
            throw ToolError(.unreachable, error.description)
        }
        let probe = ClusterProbe(client: client, addresses: target.addresses)
        try await probe.waitForLeader(seconds: 15)
        if !workload.accounts.isEmpty {
            progress.tell("opening \(Format.count(Double(accounts))) accounts")
            try await workload.openAccounts(with: client)
        }
        let workload = try await workload.numbered(by: client)
        var generator = LoadGenerator(client: client, cluster: probe, workload: workload)
        if let inProcess, let eventLoop = await inProcess.node.eventLoop() {
            try await inProcess.lead(probe)
            generator.node = (inProcess.node, eventLoop)
        }
        var rows: [BenchRow] = []
        var recorded = try timeline.map { try Timeline(path: $0) }
        for count in clientCounts ?? [] {
            progress.tell("\(count) clients: warming up")
            let load = Load(
                clients: count, rate: rate, warmupSeconds: warmup, seconds: seconds, seed: seed)
            if prove {
                rows.append(try await measureAndProve(load, with: generator, target, &recorded, &progress))
                continue
            }
            let result = try await generator.run(load, timeline: &recorded, progress: &progress)
            rows.append(BenchRow(result, load: load, workload: workload, connections: connections))
        }
        if let summary = recorded?.summary { progress.note(summary) }
        await client.close()
        try await threads.shutdownGracefully()
        return rows
    }

    /// Ends a row with the death of all nodes, and holds what the clients were told against what the nodes have then.
    private func measureAndProve(
        _ load: Load, with generator: LoadGenerator, _ target: BenchTarget, _ timeline: inout Timeline?,
        _ progress: inout BenchProgress
    ) async throws -> BenchRow {
        var load = load
        (load.secondsAfter, load.isProved) = (Self.secondsAfterKill, true)
        let prover = BenchProver(client: generator.client, workload: generator.workload)
        let before = try await prover.balances()
        let result = try await generator.run(load, timeline: &timeline, progress: &progress) {
            try target.strike()
        }
        progress.tell("\(load.clients) clients: all nodes were killed; looking for what was acknowledged")
        try await generator.cluster.waitForLeader(seconds: 30)
        guard let address = target.addresses.first else {
            throw ToolError(.unreachable, "there are no nodes")
        }
        var row = BenchRow(result, load: load, workload: generator.workload, connections: connections)
        row.proof = try await prover.prove(
            result.acknowledgements, seeds: load.clientSeeds, before: before, at: address)
        return row
    }

    /// For how long clients send after the nodes were killed.
    private static let secondsAfterKill = 0.5

    private var inBatches: String { batch == 1 ? "" : " in batches of \(Format.count(Double(batch)))" }

    private var title: String {
        let what =
            switch work {
            case .bank: "transfers\(inBatches) between \(Format.count(Double(accounts))) accounts"
            case .append: "values of \(Format.count(Double(valueBytes))) B\(inBatches)"
            case .read: "linearizable reads of \(Format.count(Double(accounts))) balances"
            }
        let door = embedded ? "in the leader's process" : "\(connections) connections"
        let cluster = nodes.map { "the nodes \($0)" } ?? "\(local ?? 3) nodes on this machine, with the load"
        let loop = rate.map { "open loop, \(Format.count($0)) a second" } ?? "closed loop"
        return "\(what), \(loop), \(door), "
            + "\(Format.ratio(seconds)) s after \(Format.ratio(warmup)) s; \(cluster)"
    }
}
