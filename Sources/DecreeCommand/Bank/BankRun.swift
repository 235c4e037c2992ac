import ArgumentParser
import DecreeClient
import Foundation
import Paxos

/// `decree bank run`: a stream of operations, many in flight.
struct BankRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Do operations from standard input, many in flight; one line of JSON each way.",
        discussion: """
            OPERATIONS, one JSON object a line, keys in any order:
              {"id":"1","op":"open","account":"a","balance":100}
              {"id":"2","op":"deposit","account":"a","amount":20}
              {"id":"3","op":"withdraw","account":"a","amount":20}
              {"id":"4","op":"transfer","from":"a","to":"b","amount":5}
              {"id":"5","op":"balance","account":"a"}
              {"id":"6","op":"total"}

            The id is any text; its result carries it. Blank lines are skipped. Lines are read as fast as \
            results are taken and no faster, and results are printed as they come, in the order of their \
            completion: lines that depend on one another need `--concurrency 1`, or a writer that waits for \
            the one result before it writes the next line.

            RESULTS, one JSON object a line:
              {"id":"4","outcome":"ok","client":"9.0","sequence":4,"slot":12,
               "index":3,"log":"1a2b3c4d","result":{"from":95,"to":5},
               "invokedNanoseconds":71000,"completedNanoseconds":93000}

              outcome   ok; rejected (the bank's answer: nothing changed);
                        failed (definitely not done); unknown (it may or may not
                        have been done)
              reason    why, unless ok
              client, sequence
                        the session, and the command's number in it; reads have none
              slot, index
                        where the command stands in the log; client and sequence
                        are the same there, see `decree log inspect --json`. What
                        cannot be the name of an account is rejected without being
                        sent, and stands nowhere
              log       which log that is, or was read: the first digits of the
                        cluster's genesis. A restored cluster has another
              result    what the account holds now, {"balance":95}; after a
                        transfer both, {"from":95,"to":5}; all accounts together,
                        {"total":100}
              executedThrough
                        of a read: the last slot it saw; with "stale":true where
                        that was asked for
              invokedNanoseconds, completedNanoseconds
                        when it was handed over and when its outcome was known, by
                        the machine's monotonic clock, which its processes share
              line      the number of a line that is no operation; it failed

            EXAMPLE
              seq 99 | sed 's/.*/{"id":"&","op":"deposit","account":"a","amount":1}/' |
                decree bank run --nodes 127.0.0.1:7001,127.0.0.1:7002 > results

            At the end one line on standard error counts the outcomes. Whoever closes the results early ends \
            the run; what is in flight is waited for.

            \(RunOptions.exitCodes)
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var deadline: DeadlineOption
    @OptionGroup var read: ReadOptions
    @OptionGroup var options: RunOptions

    @Option(help: ArgumentHelp("How many operations are under way at once.", valueName: "n"))
    var concurrency = 64

    @Option(help: ArgumentHelp("Connections to each node.", valueName: "n"))
    var connections = 1

    /// A session's window: more in flight need more sessions.
    private static let commandsPerSession = 512

    func validate() throws {
        guard (1...65_536).contains(concurrency) else {
            throw ValidationError("--concurrency must be 1 through 65536, not \(concurrency)")
        }
        guard (1...256).contains(connections) else {
            throw ValidationError("--connections must be 1 through 256, not \(connections)")
        }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var settings = ClientSettings()
        settings.queueLimit = max(settings.queueLimit, concurrency)
        let client = cluster.client(
            connections: connections, deadline: deadline.duration, session: settings)
        try await client.connectedOrUnreachable(within: deadline.duration)
        let count = max(
            min(connections, concurrency),
            (concurrency + Self.commandsPerSession - 1) / Self.commandsPerSession)
        let operations = BankLines(
            sessions: (0..<count).map { _ in client.session() }, consistency: read.consistency)
        let pipeline = RunPipeline(concurrency: concurrency, perform: operations.perform)
        try await options.run(pipeline) { await client.close() }
    }
}

/// How many operations came to what.
struct RunSummary: Sendable, CustomStringConvertible {
    private(set) var ok = 0
    private(set) var rejected = 0
    private(set) var failed = 0
    private(set) var unknown = 0
    private(set) var badLines = 0
    /// Results that could not be written, and why.
    var unwritten = 0
    var outputFailure: OutputFile.Failure?
    /// Why the input could not be read to its end.
    var inputFailure: String?
    /// The signal that asked for the end.
    var signal: Int32?
    var ignoresOutcomes = false

    mutating func count(_ result: RunResult) {
        switch result.kind {
        case .outcome(_, .ok, _, _), .value(.ok, _): ok += 1
        case .outcome(_, .rejected, _, _), .value(.rejected, _), .impossible: rejected += 1
        case .outcome(_, .failed, _, _), .value(.failed, _): failed += 1
        case .outcome(_, .unknown, _, _), .value(.unknown, _): unknown += 1
        case .badLine: badLines += 1
        }
    }

    var description: String {
        var text = "\(ok) ok, \(rejected) rejected, \(failed) failed, \(unknown) unknown"
        if badLines > 0 { text += ", \(badLines) lines that were no operations" }
        if let signal {
            let name = signal == SIGINT ? "SIGINT" : "SIGTERM"
            text += "; stopped by \(name), the rest of the input was not done"
        }
        if outputFailure == .closed {
            text += "; the results' reader went away: \(unwritten) were not written"
        }
        return text
    }

    /// Throws what the exit code is to say. A reader of the results that goes away has had enough of them.
    func judge() throws {
        if case .failed(let reason) = outputFailure {
            throw ToolError(
                .checkFailed, "cannot write results: \(reason); \(unwritten) of them are not written")
        }
        if let inputFailure { throw ToolError(.usage, "cannot read standard input: \(inputFailure)") }
        if let signal { throw ExitCode(128 + signal) }
        if failed + unknown > 0, !ignoresOutcomes { throw ExitCode(ExitStatus.checkFailed.rawValue) }
        if badLines > 0 { throw ExitCode(ExitStatus.usage.rawValue) }
    }
}
