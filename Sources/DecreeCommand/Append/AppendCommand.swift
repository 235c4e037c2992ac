import ArgumentParser
import DecreeClient
import Foundation
import Paxos

/// `decree append`: values from standard input, many in flight.
struct AppendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append",
        abstract: "Append values from standard input to the log, one a line.",
        discussion: """
            The nodes run with `decree node --machine append`. Each line is a value, without its line break and as it \
            stands: an empty line is an empty value. With `--base64` each line is a value's base64, which may then be of \
            any bytes. A value has at most a mebibyte.

            RESULTS, one JSON object a line, in the order of their completion:
              {"line":4,"outcome":"ok","client":"9.0","sequence":4,"slot":12,
               "index":3,"log":"1a2b3c4d","result":{"number":4}}

              line      the number of the line, from 1
              outcome   ok; failed (definitely not appended); unknown (it may or may
                        not have been appended; read the log to know)
              reason    why, unless ok
              client, sequence
                        the session, and the value's number in it
              slot, index, log
                        where it stands, once, in which log: `decree tail` gives it
                        there
              result    how many values the log has with it, {"number":4}

            Lines are read as fast as results are taken and no faster. Values in flight at the same time are appended in \
            any order; `--concurrency 1` keeps the order of the lines. Appending the same input again appends it again: what \
            became of results that are `unknown` is known by reading the log.

            EXAMPLE
              seq 99 | decree append --nodes 127.0.0.1:7001,127.0.0.1:7002

            At the end one line on standard error counts the outcomes.

            \(RunOptions.exitCodes)
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var deadline: DeadlineOption
    @OptionGroup var options: RunOptions

    @Flag(help: "Each line is the base64 of a value.")
    var base64 = false

    @Option(help: ArgumentHelp("How many values are under way at once.", valueName: "n"))
    var concurrency = 64

    /// A session's window: more in flight need more sessions.
    private static let valuesPerSession = 512

    func validate() throws {
        guard (1...65_536).contains(concurrency) else {
            throw ValidationError("--concurrency must be 1 through 65536, not \(concurrency)")
        }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var settings = ClientSettings()
        settings.queueLimit = max(settings.queueLimit, concurrency)
        let client = cluster.client(deadline: deadline.duration, session: settings)
        try await client.connectedOrUnreachable(within: deadline.duration)
        let sessions = (concurrency + Self.valuesPerSession - 1) / Self.valuesPerSession
        let values = ValueLines(sessions: (0..<sessions).map { _ in client.session() }, isBase64: base64)
        let pipeline = RunPipeline(lines: values.form, concurrency: concurrency, perform: values.perform)
        try await options.run(pipeline) { await client.close() }
    }
}

/// Appends what lines say.
struct ValueLines: Sendable {
    let sessions: [Session]
    let isBase64: Bool

    /// Bytes of the largest value.
    static let valueBytes = Limits().valueBytes

    /// Lines that hold the largest value, and a carriage return.
    var form: LineReader.Form {
        let bytes = isBase64 ? (Self.valueBytes + 2) / 3 * 4 + 1 : Self.valueBytes
        return LineReader.Form(limitBytes: bytes, skipsBlank: false)
    }

    @Sendable func perform(
        _ line: LineReader.Line, number: Int, tell: @escaping @Sendable (RunResult) -> Void
    ) {
        guard case .whole(let bytes) = line else {
            return refuse(number, "has more than \(form.limitBytes) bytes; it was skipped", tell)
        }
        guard let value = value(bytes) else { return refuse(number, "is not base64", tell) }
        guard value.count <= Self.valueBytes else {
            return refuse(number, "has more than \(Self.valueBytes) bytes", tell)
        }
        sessions[number % sessions.count].submit(value) { outcome in
            tell(RunResult(id: nil, kind: .value(outcome, line: number)))
        }
    }

    private func value(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard isBase64 else { return bytes }
        let text = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
        return Data(base64Encoded: Data(text)).map { ArraySlice($0) }
    }

    private func refuse(_ number: Int, _ reason: String, _ tell: (RunResult) -> Void) {
        tell(RunResult(id: nil, kind: .badLine(number: number, reason: "line \(number) \(reason)")))
    }
}
