import ArgumentParser
import DecreeClient
import Foundation

/// `decree demo`: the main job in one command.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Three nodes, kill -9 in mid-traffic, and the proof that nothing was lost.",
        discussion: """
            Starts three real nodes in a fresh directory, lets clients move money between accounts, kills \
            the leader and followers with kill -9 and starts them again, and then accounts for every \
            acknowledgement in the nodes' files: none lost, none done twice, total conserved, logs and \
            states equal. At last the same nodes are started again and their throughput is measured.

            It takes about a minute. Killing a node by hand meanwhile does no harm: try it, each node is \
            a process called `decree node`. Ctrl-C stops everything.

            EXAMPLES
              decree demo
              decree demo --kills 20 --seed 42
              decree demo --data /tmp/bank     keep the nodes' files, to look at with decree log inspect

            EXIT CODES
              0  everything that is promised was kept
              1  a check failed; what and where is said, with the seed
              2  wrong usage, or the data directory is not empty
              3  the cluster did not begin to work
            """)

    @Option(help: "Nodes to kill, all in all.")
    var kills = 10

    @Option(help: "Decides what is asked and what is killed.")
    var seed: UInt64 = 4

    @Option(help: ArgumentHelp("Where the nodes keep their files: empty or absent.", valueName: "directory"))
    var data: String?

    @Option(help: "Seconds to measure throughput for, with each number of clients; 0 for not at all.")
    var seconds = 4

    func validate() throws {
        guard (5...1_000).contains(kills) else { throw ValidationError("--kills takes 5 to 1000.") }
        guard (0...600).contains(seconds) else { throw ValidationError("--seconds takes 0 to 600.") }
    }

    func run() async throws {
        let directory = try RunDirectory(data)
        let announcer = Announcer(.everything)
        let report = try await Interruption.watched { interruption in
            try await directory.guarded(announcer) { try await show(directory, announcer, interruption) }
        }
        announcer.finish()
        guard report.isFine else {
            throw ToolError(.checkFailed, report.complaint(directory: directory.path))
        }
        directory.discard()
    }

    private func show(
        _ directory: RunDirectory, _ announcer: Announcer, _ interruption: Interruption
    ) async throws -> CrashReport {
        let run = try CrashRun(
            settings: CrashSettings(nodes: 3, budget: FaultBudget(kills: kills), seed: seed, clients: 12),
            directory: directory.path, announcer: announcer, interruption: interruption)
        let report = try await run.run()
        announcer.finish()
        announcer.line("\nWhat was proved\n\n\(report.table)\n")
        if report.isFine && seconds > 0 {
            announcer.line("Throughput of the same three nodes, every command fsynced by a majority\n")
            try await Throughput(run: run, seconds: seconds, announcer: announcer, interruption: interruption)
                .measure()
            announcer.line("")
        }
        await run.client.close()
        announcer.line(
            report.isFine
                ? "Nothing acknowledged was lost, and nothing was done twice."
                : "A promise was broken: see below.")
        return report
    }
}
