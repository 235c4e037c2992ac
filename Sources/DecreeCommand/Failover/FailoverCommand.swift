import ArgumentParser
import Foundation

/// `decree failover`: how long writes wait when the leader goes.
struct FailoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failover",
        abstract:
            "Measure how long writes wait when the leader stops, dies, hands over or has a disk that hangs.",
        discussion: """
            Starts nodes on this machine and clients that write as fast as they are answered. In each round the \
            leader is struck, and the longest time is measured in which no client's write is acknowledged; then the \
            node comes back, and all are level again before the next round.

              stop      SIGTERM: it hands the lead over, as in every restart that is planned
              kill      kill -9: the others notice by its silence
              transfer  it is asked to let another lead, and goes on as a follower
              stall     its disk hangs for 5 s (strace holds its fdatasync up): it must
                        let another lead meanwhile

            In the end every client's account must hold what was paid in.

            EXAMPLES
              decree failover
              decree failover --local 5 --rounds 40 --stalls 0
              decree failover --json | jq .stop.medianMilliseconds

            EXIT CODES
              0  all came back, and nothing was lost
              1  a node did not stop as it should, or a deposit is missing
              2  wrong usage
              3  the cluster did not work, or did not come back
            """)

    @Option(help: ArgumentHelp("Nodes on this machine, 3 to 9.", valueName: "n"))
    var local = 3

    @Option(
        help: ArgumentHelp(
            "Rounds of stop; a quarter as many of kill and of transfer.", valueName: "n"))
    var rounds = 20

    @Option(help: ArgumentHelp("Rounds of stall; needs strace. (default: 0)", valueName: "n"))
    var stalls: Int?

    @Option(help: "Clients, each with one write in flight.")
    var clients = 64

    @Flag(help: "Print one line of JSON on standard output, and progress on standard error.")
    var json = false

    func validate() throws {
        guard (3...9).contains(local) else { throw ValidationError("--local takes 3 to 9.") }
        guard (0...10_000).contains(rounds), (0...1_000).contains(stalls ?? 0), rounds + (stalls ?? 0) > 0
        else {
            throw ValidationError("--rounds takes 0 to 10000, and --stalls 0 to 1000; not 0 both.")
        }
        guard (1...4_096).contains(clients) else { throw ValidationError("--clients takes 1 to 4096.") }
        guard (stalls ?? 0) == 0 || DiskStall.tool != nil else {
            throw ValidationError("--stalls needs strace, which stands nowhere on the PATH: install it.")
        }
    }

    func run() async throws {
        let directory = try RunDirectory(nil)
        let announcer = Announcer(.everything, onStandardError: json)
        let few = rounds == 0 ? 0 : max(1, rounds / 4)
        let events: [FailoverRun.Event] =
            Array(repeating: .stop, count: rounds) + Array(repeating: .kill, count: few)
            + Array(repeating: .transfer, count: few) + Array(repeating: .stall, count: stalls ?? 0)
        let run = try await Interruption.watched { interruption in
            try await directory.guarded(announcer) {
                let run = try FailoverRun(
                    nodes: local, clients: clients, directory: directory.path, interruption: interruption)
                try await run.run(events) { round in
                    announcer.event(
                        "\(round.event.rawValue) of node \(round.leader): \(round.gap.milliseconds) ms"
                            + (round.next.map { ", node \($0) leads" } ?? ""))
                }
                return run
            }
        }
        announcer.finish()
        let report = FailoverReport(run.rounds)
        if json { print(try report.json) } else { announcer.line(report.table) }
        guard run.complaints.isEmpty else {
            throw ToolError(
                .checkFailed,
                run.complaints.joined(separator: "\n")
                    + "\nThe nodes' files and logs are kept in \(directory.path)")
        }
        directory.discard()
    }
}

/// The gaps, by what was done.
struct FailoverReport: Encodable {
    /// What came of all rounds of one kind.
    struct Figures: Encodable {
        let medianMilliseconds: Double
        let worstMilliseconds: Double
        /// In the order of the rounds.
        let gapsMilliseconds: [Double]
    }

    let stop: Figures?
    let kill: Figures?
    let transfer: Figures?
    let stall: Figures?

    init(_ rounds: [FailoverRun.Round]) {
        func figures(_ event: FailoverRun.Event) -> Figures? {
            let gaps = rounds.filter { $0.event == event }.map {
                ($0.gap / .microseconds(100)).rounded() / 10
            }
            guard let median = gaps.sorted().median, let worst = gaps.max() else { return nil }
            return Figures(medianMilliseconds: median, worstMilliseconds: worst, gapsMilliseconds: gaps)
        }
        stop = figures(.stop)
        kill = figures(.kill)
        transfer = figures(.transfer)
        stall = figures(.stall)
    }

    /// For a person.
    var table: String {
        let rows = [("stop", stop), ("kill", kill), ("transfer", transfer), ("stall", stall)]
        return rows.compactMap { name, figures in
            figures.map {
                "  " + name.rightPadded(to: 10)
                    + (Format.fixed($0.medianMilliseconds, 1) + " ms").leftPadded(to: 12) + " median"
                    + (Format.fixed($0.worstMilliseconds, 1) + " ms").leftPadded(to: 12) + " worst of "
                    + "\($0.gapsMilliseconds.count)"
            }
        }.joined(separator: "\n")
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

extension Duration {
    /// Milliseconds as text.
    fileprivate var milliseconds: String { Format.fixed(self / .milliseconds(1), 1) }
}
