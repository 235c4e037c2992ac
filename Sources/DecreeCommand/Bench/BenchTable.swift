/// The result as a person reads it: a row for each number of clients, the floor, and who spent the
/// processor's time.
struct BenchTable {
    let title: String
    let rows: [BenchRow]
    let floor: Floor?

    var text: String {
        var paragraphs = [title, latencies.joined(separator: "\n")]
        if let floor { paragraphs.append(Self.lines(of: floor).joined(separator: "\n")) }
        let ratios = ratios
        if !ratios.isEmpty { paragraphs.append(ratios.joined(separator: "\n")) }
        paragraphs.append(processorTime.joined(separator: "\n"))
        if !errors.isEmpty { paragraphs.append(errors.joined(separator: "\n")) }
        return paragraphs.joined(separator: "\n\n") + "\n"
    }

    private var latencies: [String] {
        let header = [
            "clients", "\(rows.first?.work.unit ?? "commands")/s", "p50", "p99", "p99.9", "max",
            "per fsync", "fsyncs each", "of all nodes", "errors",
        ]
        return Format.table(
            [header]
                + rows.map { row in
                    [
                        Format.count(Double(row.clients)), Format.count(row.commandsPerSecond),
                        Format.time(row.p50Microseconds), Format.time(row.p99Microseconds),
                        Format.time(row.p999Microseconds), Format.time(row.maxMicroseconds),
                        Format.ratio(row.commandsPerFsync), Format.ratio(row.fsyncsPerCommand),
                        Format.ratio(row.fsyncsPerCommandAllNodes), Format.count(Double(row.errors)),
                    ]
                })
    }

    private static func lines(of floor: Floor) -> [String] {
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
            ["  loopback round trip of 64 B", Format.time(floor.loopbackMicroseconds)],
            ["  one command: that commit and two round trips", Format.time(floor.commandMicroseconds)],
        ]
        return Format.table(lines)
    }

    /// How far from the floor, and what more clients gain.
    private var ratios: [String] {
        guard let one = rows.first(where: { $0.clients == 1 && $0.rate == nil }) else { return [] }
        var lines: [String] = []
        if let toFloor = one.p50ToFloor {
            lines.append("1 client's p50 is \(Format.fixed(toFloor, 2)) times the floor of one command")
        }
        for row in rows where row.clients > 1 && row.rate == nil && one.commandsPerSecond > 0 {
            let gain = row.commandsPerSecond / one.commandsPerSecond
            lines.append(
                "\(Format.count(Double(row.clients))) clients do \(Format.fixed(gain, 1)) times as much as 1")
        }
        return lines
    }

    private var processorTime: [String] {
        let nodes = rows.last?.nodes ?? []
        let header = ["processor time each, µs"] + nodes.map { "node \($0)" } + ["bench", "together"]
        let body = rows.map { row in
            let spent = nodes.map { row.cpuMicrosecondsPerCommand[$0] }
            let together = spent.reduce(row.cpuMicrosecondsPerCommandBench) { $0 + ($1 ?? 0) }
            let cells = zip(nodes, spent).map { node, spent in
                (spent.map(Format.ratio) ?? "–") + (node == row.leader.map(String.init) ? "*" : " ")
            }
            return ["  \(Format.count(Double(row.clients))) clients"] + cells
                + [Format.ratio(row.cpuMicrosecondsPerCommandBench), Format.ratio(together)]
        }
        return Format.table([header] + body) + ["  * leads" + leaderChanges]
    }

    private var leaderChanges: String {
        let changed = rows.filter(\.didLeaderChange).map { Format.count(Double($0.clients)) }
        return changed.isEmpty ? "" : "; the leader changed in the run of \(changed.joined(separator: ", ")) clients"
    }

    private var errors: [String] {
        rows.flatMap { row in
            row.errorReasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { reason, count in
                "\(Format.count(Double(row.clients))) clients: \(Format.count(Double(count))) times \(reason)"
            }
        }
    }
}
