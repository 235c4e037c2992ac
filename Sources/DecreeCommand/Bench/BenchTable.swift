/// The result as a person reads it: a row for each number of clients, the floor, and who spent the
/// processor's time.
struct BenchTable {
    let title: String
    let rows: [BenchRow]

    /// Beyond this, before and behind the rows, the floor is not to be trusted.
    static let bearableDrift = 0.8...1.25

    var text: String {
        let paragraphs = [[title], latencies, proofs, floor, ratios, processorTime, remarks]
        return paragraphs.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
            .joined(separator: "\n\n") + "\n"
    }

    private var latencies: [String] {
        let unit = rows.first?.work.unit ?? "commands"
        let header = [
            "clients", "\(unit)/s", "p50", "p99", "p99.9", "max", "\(unit)/fsync", "fsyncs each",
            "of all nodes", "errors",
        ]
        return Format.table(
            [header]
                + rows.map { row in
                    [
                        Format.count(Double(row.clients)), Format.count(row.commandsPerSecond),
                        Self.latency(row.p50Microseconds), Self.latency(row.p99Microseconds),
                        Self.latency(row.p999Microseconds), Self.latency(row.maxMicroseconds),
                        Format.ratio(row.commandsPerFsync), Format.ratio(row.fsyncsPerCommand),
                        Format.ratio(row.fsyncsPerCommandAllNodes), Format.count(Double(row.errors)),
                    ]
                })
    }

    /// What was left of what clients were told, when all nodes had been killed.
    private var proofs: [String] {
        let proved = rows.compactMap { row in row.proof.map { (row, $0) } }
        guard !proved.isEmpty else { return [] }
        let header = [
            "after kill -9 of all nodes", "acknowledged", "in the log", "in snapshots", "lost", "accounts",
            "wrong",
        ]
        return Format.table(
            [header]
                + proved.map { row, proof in
                    [
                        "  \(Format.count(Double(row.clients))) clients",
                        Format.count(Double(proof.acknowledged)),
                        Format.count(Double(proof.found)), Format.count(Double(proof.behindSnapshots)),
                        Format.count(Double(proof.lost)), Format.count(Double(proof.accounts)),
                        Format.count(Double(proof.wrongAccounts)),
                    ]
                })
    }

    private var floor: [String] {
        guard let floor = rows.first?.floor else { return [] }
        var lines = [
            ["floor, in the same run on the same file system", "p50"],
            ["  write of 4 KiB and fdatasync", Format.time(floor.fdatasyncMicroseconds)],
            ["  one-row commit of the store, alone", Format.time(floor.commitMicroseconds)],
        ]
        if floor.processes > 1 {
            lines.append([
                "  one-row commit, \(floor.processes) processes at once",
                Format.time(floor.concurrentCommitMicroseconds),
            ])
        }
        lines += [
            [
                "  one-row commits a second of each, checkpoints between",
                Format.count(floor.concurrentCommitsPerSecond),
            ],
            ["  loopback round trip of 64 B", Format.time(floor.loopbackMicroseconds)],
            ["  one command: that commit and two round trips", Format.time(floor.commandMicroseconds)],
        ]
        return Format.table(lines)
    }

    /// How far from the floor, and what more clients gain.
    private var ratios: [String] {
        var lines: [String] = []
        for row in rows {
            guard let ratio = row.perSecondToFloor, row.work == .append else { continue }
            lines.append(
                "\(Self.clients(row)) append \(Format.fixed(ratio, 2)) times what each process commits row by row"
            )
        }
        guard let one = rows.first(where: { $0.clients == 1 && $0.rate == nil }) else { return lines }
        if let toFloor = one.p50ToFloor {
            lines.append("1 client's p50 is \(Format.fixed(toFloor, 2)) times the floor of one command")
        }
        for row in rows where row.clients > 1 && row.rate == nil && one.commandsPerSecond > 0 {
            let gain = row.commandsPerSecond / one.commandsPerSecond
            lines.append("\(Self.clients(row)) do \(Format.fixed(gain, 1)) times as much as 1")
        }
        return lines
    }

    private var processorTime: [String] {
        let nodes = rows.last?.nodes ?? []
        let header = ["CPU time each, µs"] + nodes.map { "node \($0) " } + ["bench", "together"]
        let body = rows.map { row in
            let spent = nodes.map { row.cpuMicrosecondsPerCommand[$0] }
            let bench = row.cpuMicrosecondsPerCommandBench
            let together = spent.reduce(bench) { $0 + ($1 ?? 0) }
            let cells = zip(nodes, spent).map { node, spent in
                (spent.map(Format.ratio) ?? "–") + (node == row.leader.map(String.init) ? "*" : " ")
            }
            return ["  \(Self.clients(row))"] + cells
                + [bench == 0 ? "–" : Format.ratio(bench), Format.ratio(together)]
        }
        let stores = nodes.compactMap { rows.last?.storeBytes[$0] }.map { Format.bytes(Double($0)) }
        let memory = nodes.compactMap { rows.last?.residentBytes[$0] }.map { Format.bytes(Double($0)) }
        return Format.table([header] + body)
            + ["  * leads; stores afterwards: \(stores.joined(separator: ", "))"]
            + (memory.isEmpty ? [] : ["  memory afterwards: \(memory.joined(separator: ", "))"])
    }

    /// Whatever the reader of the numbers should know.
    private var remarks: [String] {
        var lines: [String] = []
        if let drift = rows.first?.floor?.drift, !Self.bearableDrift.contains(drift) {
            lines.append(
                "the floor behind the rows was \(Format.fixed(drift, 2)) times that before them: "
                    + "something else kept the machine busy, run it again")
        }
        for row in rows {
            if row.slowCommits.values.contains(where: { $0 > 0 }) {
                let slow = row.nodes.map { node in
                    "node \(node) \(row.slowCommits[node] ?? 0) of "
                        + "\(Format.time(Double(row.slowCommitMicroseconds[node] ?? 0))) together"
                }
                lines.append(
                    "\(Self.clients(row)): commits of 20 ms and more: \(slow.joined(separator: ", "))")
            }
            if row.didLeaderChange { lines.append("\(Self.clients(row)): the leader changed") }
            if row.rejected > 0 {
                let rejected = Format.count(Double(row.rejected))
                lines.append("\(Self.clients(row)): \(rejected) refused by the state machine")
            }
            for (reason, count) in row.errorReasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
                lines.append("\(Self.clients(row)): \(Format.count(Double(count))) times \(reason)")
            }
        }
        return lines
    }

    /// Nothing recorded is no latency of nothing.
    private static func latency(_ microseconds: Double) -> String {
        microseconds == 0 ? "–" : Format.time(microseconds)
    }

    private static func clients(_ row: BenchRow) -> String {
        row.clients == 1 ? "1 client" : "\(Format.count(Double(row.clients))) clients"
    }
}
