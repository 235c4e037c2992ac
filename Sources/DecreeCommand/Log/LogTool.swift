import ArgumentParser
import DecreeStore

/// `decree log`: what stopped nodes have in their stores.
struct LogTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Read and check the logs of stopped nodes.",
        discussion: """
            These commands read the data directory of a node that does not run, and change no file in it: not \
            even the write-ahead log that a crash left behind, which SQLite's own tools would fold into the \
            database. A node cannot start on the directory meanwhile.
            """,
        subcommands: [LogInspect.self, LogVerify.self, LogAudit.self])
}
