import Foundation

/// How nodes came in, and started.
struct CatchUpReport: Encodable {
    /// How one node came in.
    struct Join: Encodable {
        /// `join`, `receiver` or `sender`.
        let event: String
        /// The node that came in.
        let node: Int
        /// From its start until all of the snapshot was there and installed; nil if it needed none.
        let secondsUntilInstalled: Double?
        /// From its start until it voted.
        let secondsUntilVoting: Double
        /// Bytes of the snapshot it went on from.
        let snapshotBytes: UInt64
        /// Bytes of chunks that were sent to it, by all and over all its lives.
        let sentBytes: UInt64
        /// Of these, sent more than once, or of a snapshot that was given up.
        let resentBytes: UInt64
        /// Slots above the snapshot that it learnt before it voted.
        let slotsAfterSnapshot: UInt64
        /// The most memory it had in use.
        let residentBytes: Int64
        /// The most memory one of the others had meanwhile.
        let othersResidentBytes: Int64
        /// The 99th percentile of the clients' latencies while the snapshot was sent and installed.
        let p99UntilInstalledMicroseconds: Double?
        /// The 99th percentile of the clients' latencies until it voted.
        let p99Microseconds: Double
    }

    /// How one node started.
    struct Start: Encodable {
        /// Commands behind its last snapshot.
        let commands: UInt64
        /// From its start until it had executed what the others had.
        let seconds: Double
    }

    let accounts: Int
    /// Commands in the log when the first node came in.
    let commands: UInt64
    /// Commands a second before that.
    let commandsPerSecond: Double
    /// The 99th percentile of the latencies then, in seconds without a snapshot under way.
    let p99Microseconds: Double
    /// The most memory a node had in use until then.
    let residentBytes: Int64
    let joins: [Join]
    let starts: [Start]

    /// For a person.
    var table: String {
        let before =
            "\(Format.count(Double(commands))) commands on \(Format.count(Double(accounts))) accounts: "
            + "\(Format.count(commandsPerSecond)) a second, p99 \(Format.time(p99Microseconds)) without a snapshot "
            + "under way, \(Format.bytes(Double(residentBytes))) of memory a node"
        let head = [
            "a node joins", "installed", "votes", "snapshot", "sent", "twice", "slots then", "its memory",
            "others'", "p99: installed", "votes",
        ]
        let joined = joins.map { join in
            let resent = Double(join.resentBytes) / Double(max(1, join.snapshotBytes))
            return [
                join.event, join.secondsUntilInstalled.map { Format.fixed($0, 2) + " s" } ?? "–",
                Format.fixed(join.secondsUntilVoting, 2) + " s", Format.bytes(Double(join.snapshotBytes)),
                Format.bytes(Double(join.sentBytes)), Format.fixed(resent * 100, 1) + " %",
                Format.count(Double(join.slotsAfterSnapshot)), Format.bytes(Double(join.residentBytes)),
                Format.bytes(Double(join.othersResidentBytes)),
                join.p99UntilInstalledMicroseconds.map(Format.time) ?? "–", Format.time(join.p99Microseconds),
            ]
        }
        var lines = [before, ""] + Format.table([head] + joined)
        if !starts.isEmpty {
            lines += [""]
            lines += Format.table(
                [["commands after the snapshot", "serves after"]]
                    + starts.map { [Format.count(Double($0.commands)), Format.fixed($0.seconds, 2) + " s"] })
        }
        return lines.joined(separator: "\n")
    }

    /// For a script: one line.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
