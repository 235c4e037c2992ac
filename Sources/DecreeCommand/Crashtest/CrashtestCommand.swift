import ArgumentParser
import DecreeClient
import Foundation

/// `decree crashtest`: kill -9, restart, and account for every acknowledgement.
struct CrashtestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crashtest",
        abstract: "Kill and pause nodes under load, and account for every acknowledgement.",
        discussion: """
            Starts real node processes on this machine and clients that move money between accounts, and \
            strikes nodes at random moments, each time of a cluster that works:

              kills       kill -9 of the leader, of followers, of several at the same
                          moment, now and then of a majority or of all, stopped for a
                          moment before (SIGSTOP) so that what was sent to them is
                          lost. Those that are killed come back within 2 s
              pauses      SIGSTOP of the leader, for longer than three election
                          timeouts and until another has taken over, with reads and
                          writes waiting at it; of followers; of several; then
                          SIGCONT, or kill -9 while they stand still; and some killed
                          while others are paused
              boundaries  a node that was killed is started under strace, which kills
                          it just before its n-th pwrite64, fdatasync, write, ftruncate,
                          fsync or writev, time and again: while it prepares its
                          write-ahead log, while it commits, copies pages into the
                          database, or sends; n goes 1, 2, 3 and so on, with one far on
                          in between, and no boundary is visited twice
              joins       a fresh node comes in with `decree node --join`, and votes
                          when it has caught up; where five vote already, one is
                          removed first, as `decree member remove` does it. Every
                          other one is killed on its way in
              replacements
                          kill -9, and the node's disk is wiped: its old command must
                          be refused (exit code 4), and a fresh node takes its place
                          with `decree node --join --replace`

            Nodes take snapshots often, and delete what these stand for. The log is therefore read from them \
            while they run, all of it from slot 1, and judged: clients wait if that falls behind.

            Afterwards all nodes are stopped, and their files are read. Proved is: every acknowledged write \
            stands in the log at the place it was acknowledged with, and was answered as an independent model \
            of sessions and bank answers it; none had its effect twice; what failed had none; what is unknown \
            had one at most; every read saw what was acknowledged before it was asked; the total is \
            conserved; all logs and states are equal; all stores are sound.

            The seed decides what is asked, and who is struck how and for how long. Which node leads, and what \
            is under way at that moment, the real world decides.

            EXAMPLES
              decree crashtest --nodes 3 --kills 100 --seed 7
              decree crashtest --kills 200 --pauses 50 --seed 9
              decree crashtest --boundary-kills 60 --seed 3
              decree crashtest --kills 100 --joins 5 --replacements 5 --seed 11
              decree crashtest --nodes 5 --kills 60 --seed 8 --data /tmp/crash
              decree crashtest --kills 20 --json | jq .resumeWorstMilliseconds

            Boundary kills alone: add --kills 0 --pauses 0.

            The nodes' files are in the directory of --data, or in a temporary one, which is removed when \
            all is well, and kept, with the nodes' logs, when something is not. `decree log verify` and \
            `decree log inspect` read them.

            HISTORY, one JSON object a line, in the order of completion:
              {"client":3,"number":17,"request":{"op":"balance","account":"account-5"},
               "consistency":"linearizable","invokedNanoseconds":71000,
               "completedNanoseconds":93000,"outcome":"ok",
               "result":{"balance":10000421},"receipt":{"executedThrough":812}}

              client    who asked; it asks one thing after the other, and counts them
                        in number
              request   op is open, deposit, withdraw, transfer, balance or total
              invokedNanoseconds, completedNanoseconds
                        by a clock that never goes back, taken before it was handed
                        over and when its outcome was known
              outcome   ok; rejected, by the bank; failed (definitely not done);
                        unknown; with a reason, unless ok
              receipt   where it was done: session, sequence, slot and index of a
                        write, executedThrough of a read

            EXIT CODES
              0  nothing was lost, nothing was done twice
              1  a check failed; what and where is said, with the seed
              2  wrong usage, the data directory is not empty, or strace is wanted and
                 missing
              3  the cluster did not begin to work
            """)

    @Option(help: "Nodes, 3 to 9.")
    var nodes = 3

    @Option(help: ArgumentHelp("Nodes to kill, all in all.", valueName: "n"))
    var kills = 20

    @Option(
        help: ArgumentHelp(
            "Nodes to pause, all in all. (default: a quarter of the kills)", valueName: "n"))
    var pauses: Int?

    @Option(
        help: ArgumentHelp(
            "Nodes to kill at a boundary, all in all; needs strace, and so Linux.", valueName: "n"))
    var boundaryKills = 0

    @Option(help: ArgumentHelp("Fresh nodes that join, all in all.", valueName: "n"))
    var joins = 0

    @Option(
        help: ArgumentHelp("Nodes that lose their disks, and are replaced by fresh ones.", valueName: "n"))
    var replacements = 0

    @Option(help: ArgumentHelp("Commands between two snapshots of a node.", valueName: "n"))
    var snapshotCommands = 2_000

    @Option(help: "Decides what is asked and who is struck how.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Where the nodes keep their files: empty or absent.", valueName: "directory"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Where to write what every client asked and was told, a line of JSON an operation.",
            valueName: "file"))
    var history: String?

    @Option(help: "Sessions. Every fourth has 4 operations in flight, the others one.")
    var clients = 12

    @Flag(help: "Print one line of JSON on standard output, and progress on standard error.")
    var json = false

    func validate() throws {
        guard (3...9).contains(nodes) else {
            throw ValidationError("--nodes takes 3 to 9: with fewer, no majority survives a kill.")
        }
        for (name, count) in [
            ("--kills", kills), ("--pauses", budget.pauses), ("--boundary-kills", boundaryKills),
            ("--joins", joins), ("--replacements", replacements),
        ] {
            guard (0...100_000).contains(count) else {
                throw ValidationError("\(name) takes 0 to 100000.")
            }
        }
        guard !budget.isUsedUp || joins + replacements > 0 else {
            throw ValidationError(
                "nothing to do: give --kills, --pauses, --boundary-kills, --joins or --replacements a number."
            )
        }
        guard nodes <= MemberPlan.mostVoters || joins + replacements == 0 else {
            throw ValidationError(
                "--joins and --replacements go with \(MemberPlan.mostVoters) nodes or fewer.")
        }
        guard (1_000...1_000_000_000).contains(snapshotCommands) else {
            throw ValidationError("--snapshot-commands takes 1000 to 1000000000.")
        }
        guard (1...256).contains(clients) else { throw ValidationError("--clients takes 1 to 256.") }
    }

    private var budget: FaultBudget {
        FaultBudget(kills: kills, pauses: pauses ?? kills / 4, boundaryKills: boundaryKills)
    }

    private var summary: String {
        var words = [budget.summary]
        if joins > 0 { words.append("\(joins) joins") }
        if replacements > 0 { words.append("\(replacements) replacements") }
        return words.joined(separator: ", ")
    }

    func run() async throws {
        let historyFile = try history.map { try HistoryFile($0) }
        let directory = try RunDirectory(data)
        let announcer = Announcer(.surprises, onStandardError: json)
        let settings = CrashSettings(
            nodes: nodes, budget: budget, seed: seed, clients: clients, joins: joins,
            replacements: replacements,
            snapshotCommands: snapshotCommands)
        let report = try await Interruption.watched { interruption in
            try await directory.guarded(announcer) {
                let run = try CrashRun(
                    settings: settings, directory: directory.path, announcer: announcer,
                    interruption: interruption)
                let report = try await run.run()
                await run.client.close()
                try historyFile?.write(run.history.operations)
                return report
            }
        }
        announcer.finish()
        try conclude(report, directory, announcer)
    }

    private func conclude(_ report: CrashReport, _ directory: RunDirectory, _ announcer: Announcer) throws {
        let isKept = !report.isFine || !directory.isTemporary
        if json {
            print(try report.json(directory: isKept ? directory.path : nil))
        } else {
            announcer.line("\(summary), \(nodes) nodes, seed \(seed)\n\(report.table)")
        }
        guard report.isFine else {
            throw ToolError(.checkFailed, report.complaint(directory: directory.path))
        }
        directory.discard()
    }
}

extension FaultBudget {
    fileprivate var summary: String {
        var words = ["\(kills) kills", "\(pauses) pauses"]
        if boundaryKills > 0 { words.append("\(boundaryKills) kills at boundaries") }
        return words.joined(separator: ", ")
    }
}

extension CrashReport {
    /// What is wrong, and where to look.
    func complaint(directory: String) -> String {
        """
        \(violations.count.grouped) violations with seed \(settings.seed)
        \(violationText)
        The nodes' files and logs are kept in \(directory): see `decree log verify` and `decree log inspect`.
        """
    }
}

extension RunDirectory {
    /// Runs `body`; when it is interrupted, removes what it left, and exits as shells expect.
    func guarded<Result>(_ announcer: Announcer, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch is Interruption.Interrupted {
            announcer.finish()
            announcer.line("interrupted; the nodes are stopped")
            discard()
            throw ExitCode(130)
        }
    }
}
