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
              {"slot":12,"index":3,"client":"9.0","sequence":4,"value":"four"}

              slot, index
                        where it stands in the log, as `decree append` and
                        `decree bank run` say of what they did
              client, sequence
                        the session, and the command's number in it
              value     the command as text; what is no UTF-8 has "base64" instead,
                        and everything with --base64
              values    instead, of commands that were submitted as one batch: an
                        array; if one of them is no UTF-8, "base64" is the array of all

            To go on later where it ended, give the last line's place with one added to the index: after the line above, \
            `--from 12.4`.

            EXAMPLE
              decree tail --nodes 127.0.0.1:7001,127.0.0.1:7002 --follow

            EXIT CODES
              0  everything wanted was printed, or whoever read it went away
              1  the log begins later than --from by now (the message says where), or
                 the entries could not be written
              2  wrong usage
              3  the cluster cannot be reached, or was not for --deadline seconds
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(
        help: ArgumentHelp("Where to begin, first slot 1, first index 0.", valueName: "slot[.index]"),
        transform: Self.position)
    var from = LogPosition.first(of: Slot(1))

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
        var tail = client.tail(from: from, through: through).makeAsyncIterator()
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

    private static func position(_ text: String) throws -> LogPosition {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let slot = UInt64(parts[0]).flatMap(Slot.init(rawValue:)), slot > .zero,
            let index = parts.count == 1 ? 0 : UInt32(parts[1])
        else {
            throw ValidationError(
                "--from wants a slot from 1, or a slot and an index, as in 12 or 12.3; not \"\(text)\"")
        }
        return LogPosition(slot: slot, index: index)
    }
}

extension TailError {
    fileprivate var toolError: ToolError {
        switch self {
        case .logBegins: ToolError(.checkFailed, description)
        case .unanswered(let error): ToolError(error.toolError.status, description)
        }
    }
}
