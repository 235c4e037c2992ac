import ArgumentParser

/// The `decree` tool: arguments and wiring, nothing else.
@main
struct DecreeTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decree",
        abstract: "A persistent replicated log, with a bank on it.",
        discussion: """
            Nodes agree on one order of commands by Multi-Paxos, keep every promise and vote in SQLite, and \
            fsync before they answer: kill -9 any of them, and nothing acknowledged is lost.

            Start with `decree demo`. Exit codes: 0 fine; 1 a check failed; 2 wrong usage or configuration; \
            3 the cluster cannot be reached; 4 a store was refused or failed.
            """,
        version: "0.1.0",
        subcommands: [
            DemoCommand.self, NodeCommand.self, BankTool.self, AppendCommand.self, TailCommand.self,
            StatusTool.self, MemberTool.self,
            LeaderTool.self, SnapshotTool.self, LogTool.self, BackupCommand.self, RestoreCommand.self,
            RecoverCommand.self, CrashtestCommand.self, FailoverCommand.self, CatchUpCommand.self,
            BenchCommand.self, FloorCommand.self, SimulateCommand.self,
            SimulateWorker.self,
        ])

    static func main() async {
        do {
            try RawArguments.requireUTF8()
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error, code: exitStatus(of: error))
        }
    }
}
