import ArgumentParser
import Foundation

/// `decree catchup`: how a node that lacks everything comes to vote, and how one that has it starts.
struct CatchUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catchup",
        abstract: "Measure how a fresh node joins under load, resumes, and how long a node takes to start.",
        discussion: """
            Starts three nodes on this machine, opens accounts, and lets clients move money between them until the \
            log has seen so many commands. The load goes on while

              join      a fourth node comes in with an empty directory, and votes
              receiver  node 4 is lost; another joins in its place, is killed (kill -9)
                        when it has half of the snapshot, and started again
              sender    that one is lost too, and another joins; whoever sends it the
                        snapshot is killed when it has half of it, and started again

            Of each it tells the seconds until the node votes, the bytes that were sent to it, how many of them were \
            sent more than once, the most memory a process had, and the clients' p99 beside what it was \
            before. Then the load is held, and a follower is killed and started with so many commands behind its \
            last snapshot: the time until it has executed what the others have.

            In the end all nodes must hold the same.

            EXAMPLES
              decree catchup
              decree catchup --accounts 10000 --commands 100000 --starts 50000
              decree catchup --json | jq .joins

            EXIT CODES
              0  all came in, and all hold the same
              1  a node did not stop as it should, or the nodes differ
              2  wrong usage
              3  the cluster did not work, or a node did not come in
            """)

    @Option(help: ArgumentHelp("Accounts.", valueName: "n"))
    var accounts = 1_000_000

    @Option(help: ArgumentHelp("Commands in the log before the first joins.", valueName: "n"))
    var commands = 5_000_000

    @Option(help: ArgumentHelp("Clients, each with one command in flight.", valueName: "n"))
    var clients = 128

    @Option(
        help: ArgumentHelp(
            "Commands behind the last snapshot with which a node is started, ascending.", valueName: "n,…"))
    var starts = "250000,500000,1000000"

    @Option(help: ArgumentHelp("Commands between two snapshots.", valueName: "n"))
    var snapshotCommands = 2_000_000

    @Option(help: ArgumentHelp("Seconds a node may take to come in.", valueName: "seconds"))
    var patience = 300

    @Flag(help: "Print one line of JSON on standard output, and progress on standard error.")
    var json = false

    private var startSizes: [Int]? {
        let sizes = starts.split(separator: ",").map { Int($0) }
        guard sizes.allSatisfy({ $0.map { $0 > 0 && $0 < snapshotCommands } ?? false }) else { return nil }
        return sizes.compactMap { $0 }.sorted()
    }

    func validate() throws {
        func require(_ condition: Bool, _ message: String) throws {
            guard condition else { throw ValidationError(message) }
        }
        try require((2...10_000_000).contains(accounts), "--accounts takes 2 to 10000000.")
        try require((0...1_000_000_000).contains(commands), "--commands takes 0 to 1000000000.")
        try require((1...4_096).contains(clients), "--clients takes 1 to 4096.")
        try require((1...3_600).contains(patience), "--patience takes 1 to 3600.")
        try require(
            (1_000...1_000_000_000).contains(snapshotCommands),
            "--snapshot-commands takes 1000 to 1000000000.")
        try require(
            startSizes != nil,
            "--starts takes numbers below --snapshot-commands, as in 250000,500000: behind more there is a snapshot."
        )
    }

    func run() async throws {
        let directory = try RunDirectory(nil)
        let announcer = Announcer(.everything, onStandardError: json)
        let settings = CatchUpRun.Settings(
            accounts: accounts, commands: commands, clients: clients, starts: startSizes ?? [],
            snapshotCommands: snapshotCommands, patience: .seconds(patience))
        let (report, complaints) = try await Interruption.watched { interruption in
            try await directory.guarded(announcer) {
                let run = try CatchUpRun(
                    settings, directory: directory.path, announcer: announcer, interruption: interruption)
                return (try await run.run(), run.complaints)
            }
        }
        announcer.finish()
        if json { print(try report.json) } else { announcer.line(report.table) }
        guard complaints.isEmpty else {
            throw ToolError(
                .checkFailed,
                complaints.joined(separator: "\n")
                    + "\nThe nodes' files and logs are kept in \(directory.path)")
        }
        directory.discard()
    }
}
