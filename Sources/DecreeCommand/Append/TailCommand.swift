import ArgumentParser
import Bank
import DecreeClient
import Foundation
import Paxos

/// `decree tail`: the log, command by command.
struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Print the commands of the log as they were executed, in order, each once.",
        discussion: """
            It prints what was acknowledged before it began, and ends; with `--follow` it waits for what comes. Any node \
            that is named may be read from, and another when that one does not answer: nothing is left out and nothing \
            comes twice.

            ENTRIES, one JSON object a line:
              {"slot":12,"index":3,"log":"1a2b3c4d","client":"9.0","sequence":4,
               "value":"four"}

              slot, index
                        where it stands in the log, as `decree append` and
                        `decree bank run` say of what they did
              log       which log that is: the first digits of the cluster's
                        genesis (`decree status --json`)
              client, sequence
                        the session, and the command's number in it
              value     the command as text; what is no UTF-8 has "base64" instead,
                        and everything with --base64
              values    instead, of commands that were submitted as one batch: an
                        array; if one of them is no UTF-8, "base64" is the array of all

            To go on later where it ended, give the last line's place with one added to the index, and its log: after the \
            line above, `--from 12.4@1a2b3c4d`. If the nodes keep another log by then, for the cluster was restored or \
            recovered, that is an error (exit code 1). Without `@` and the log, the place is taken in whatever log there \
            is: say so only if you know which. A place beyond the end of the log is an error either way; the place right \
            at the end is none, and with `--follow` it waits.

            EXAMPLE
              decree tail --nodes 127.0.0.1:7001,127.0.0.1:7002 --follow

            EXIT CODES
              0  everything wanted was printed, or whoever read it went away
              1  the log begins later than --from by now (the message says where), it
                 is another log than --from names, or it ends before --from; or the
                 entries could not be written
              2  wrong usage
              3  the cluster cannot be reached, or was not for --deadline seconds
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(
        help: ArgumentHelp(
            "Where to begin, first slot 1, first index 0, and in which log.", valueName: "slot[.index][@log]"),
        transform: Beginning.init(argument:))
    var from = Beginning.position(.first(of: Slot(1)))

    @Flag(help: "Wait for what is chosen later, until interrupted.")
    var follow = false

    @Option(help: ArgumentHelp("End after this many entries.", valueName: "n"))
    var count: Int?

    @Flag(help: "Print every value as base64.")
    var base64 = false

    @Option(help: ArgumentHelp("How long no node may answer before it ends.", valueName: "seconds"))
    var deadline = Seconds(10)

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be 1 or more, not \(count)") }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let client = cluster.client(deadline: deadline.duration)
        do {
            try await print(client)
        } catch {
            await client.close()
            throw (error as? TailError)?.toolError ?? error
        }
        await client.close()
    }

    /// Writing blocks, which nothing else in this process minds: whoever reads slowly is asked for nothing more.
    private func print(_ client: DecreeClient) async throws {
        let through = follow ? nil : try await end(client)
        var tail = from.tail(of: client, through: through).makeAsyncIterator()
        var lines = JSONWriter()
        var left = count ?? .max
        while left > 0, try await tail.fetch() {
            while left > 0, let entry = tail.nextAtHand() {
                lines.line { write(entry, to: &$0) }
                left -= 1
                if lines.bytes.count >= 1 << 16, try !flush(&lines) { return }
            }
            guard try flush(&lines) else { return }
        }
    }

    /// Returns whether anybody reads on.
    private func flush(_ lines: inout JSONWriter) throws -> Bool {
        defer { lines.removeAll() }
        do throws(OutputFile.Failure) {
            try OutputFile.standardOutput.write(lines.bytes)
            return true
        } catch {
            guard case .failed(let reason) = error else { return false }
            throw ToolError(.checkFailed, "cannot write to standard output: \(reason)")
        }
    }

    /// Through where everything was executed that was acknowledged by now.
    private func end(_ client: DecreeClient) async throws -> Slot {
        try await client.connectedOrUnreachable(within: deadline.duration)
        let outcome = await client.session().query([])
        guard let end = outcome.receipt?.executedThrough else {
            let reason =
                switch outcome {
                case .failed(let reason): "\(reason)"
                case .unknown(let reason, _): "\(reason)"
                case .ok, .rejected: "the node tells no slot"
                }
            throw ToolError(.unreachable, "where the log ends is not known: \(reason)")
        }
        return end
    }

    private func write(_ entry: LogEntry, to line: inout JSONWriter) {
        line.add("slot", entry.position.slot.rawValue)
        line.add("index", entry.position.index)
        line.add("log", entry.log.description)
        line.add("client", entry.session.description)
        line.add("sequence", entry.sequence)
        let values = entry.commands
        let texts = base64 ? [] : values.compactMap { String(validating: $0, as: UTF8.self) }
        let isText = texts.count == values.count
        let shown = isText ? texts : values.map { Data($0).base64EncodedString() }
        if entry.isBatch {
            line.add(isText ? "values" : "base64", json: "[" + shown.map(\.json).joined(separator: ",") + "]")
        } else {
            line.add(isText ? "value" : "base64", shown[0])
        }
    }
}

/// Where a tail begins, as an argument.
enum Beginning {
    /// In this log and no other.
    case bookmark(LogBookmark)
    /// In whatever log there is.
    case position(LogPosition)

    init(argument: String) throws {
        if let bookmark = LogBookmark(argument) {
            self = .bookmark(bookmark)
        } else if let position = LogPosition(argument) {
            self = .position(position)
        } else {
            throw ValidationError(
                "--from wants a slot from 1, a slot and an index, or these and a log, as in 12, 12.3 or 12.3@1a2b3c4d; "
                    + "not \"\(argument)\"")
        }
    }

    func tail(of client: DecreeClient, through: Slot?) -> Tail {
        switch self {
        case .bookmark(let bookmark): client.tail(from: bookmark, through: through)
        case .position(let position): client.tail(from: position, through: through)
        }
    }
}

extension TailError {
    fileprivate var toolError: ToolError {
        switch self {
        case .logBegins, .otherLog, .beyondEnd: ToolError(.checkFailed, description)
        case .unanswered(let error): ToolError(error.toolError.status, description)
        }
    }
}
