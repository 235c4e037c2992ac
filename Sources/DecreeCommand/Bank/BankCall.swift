import ArgumentParser
import Bank
import DecreeClient
import Foundation
import NIOCore
import Paxos

/// What all the bank's operations take; makes the call and tells what became of it.
struct BankCall: ParsableArguments {
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var deadline: DeadlineOption

    @Flag(help: "Print one line of JSON instead of a sentence.")
    var json = false

    /// The name of an account. What can be none is rejected as the bank would, without being sent.
    func name(_ text: String) throws -> AccountName {
        do throws(BankRejection) {
            return try AccountName(text)
        } catch {
            try tell(RunResult(id: nil, kind: .impossible(error)), { _ in "" })
            throw ExitCode(ExitStatus.checkFailed.rawValue)
        }
    }

    func submit(_ command: BankCommand, _ sentence: (BankResult) -> String) async throws {
        try await perform(.command, sentence) { await $0.submit(command.bytes) }
    }

    func ask(
        _ query: BankQuery, _ consistency: ReadConsistency, _ sentence: (BankResult) -> String
    ) async throws {
        let operation: RunResult.Operation = if case .total = query { .total } else { .balance }
        try await perform(operation, sentence) { await $0.query(query.bytes, consistency: consistency) }
    }

    private func perform(
        _ operation: RunResult.Operation, _ sentence: (BankResult) -> String,
        _ request: (Session) async -> Outcome
    ) async throws {
        let client = cluster.client(deadline: deadline.duration)
        try await client.connectedOrUnreachable(within: deadline.duration)
        let session = client.session()
        let invoked = NIODeadline.now()
        let outcome = await request(session)
        let result = RunResult(
            id: nil,
            kind: .outcome(operation, outcome, invoked: invoked, completed: .now()))
        await client.close()
        try tell(result, sentence)
    }

    private func tell(_ result: RunResult, _ sentence: (BankResult) -> String) throws {
        if json {
            var output = GatheredOutput()
            try output.object { result.write(to: &$0) }
            try output.flush()
        }
        switch result.kind {
        case .outcome(_, .ok(let reply, let receipt), _, _):
            guard !json else { return }
            let text = BankResult(.ok(reply)).map(sentence) ?? "done; the reply is not the bank's"
            print(text + receipt.staleness)
        case .outcome(_, .rejected(let reason, _), _, _):
            let text = BankRejection(rawValue: reason).map(\.description) ?? reason
            try fail(.checkFailed, "rejected: \(text)")
        case .outcome(_, .failed(let reason), _, _):
            try fail(.unreachable, "nothing was done: \(reason)")
        case .outcome(_, .unknown(let reason, let receipt), _, _):
            try fail(.unreachable, "unknown: \(reason)\(receipt.name)")
        case .value: try fail(.usage, "the bank appends no values")
        case .impossible(let rejection): try fail(.checkFailed, "rejected: \(rejection)")
        case .badLine(_, let reason): try fail(.usage, reason)
        }
    }

    /// With JSON the line has said it all.
    private func fail(_ status: ExitStatus, _ text: String) throws {
        if json { throw ExitCode(status.rawValue) }
        throw ToolError(status, text)
    }
}

/// How long an operation is tried.
struct DeadlineOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long an operation is tried, always as the same one, before its outcome is told.",
            valueName: "seconds"))
    var deadline = Seconds(10)

    var duration: Duration { deadline.duration }
}

/// What a read is to be worth.
struct ReadOptions: ParsableArguments {
    @Flag(
        help: """
            Read whatever the node asked has executed, instead of every write acknowledged before. Cheaper, \
            answered without a leader, and labelled in the answer.
            """)
    var stale = false

    var consistency: ReadConsistency { stale ? .stale : .linearizable }
}

extension Receipt {
    fileprivate var staleness: String {
        guard consistency == .stale else { return "" }
        return " (stale: as of slot \(executedThrough?.rawValue ?? 0) on the node asked)"
    }

    /// By which an operation is found in the log.
    fileprivate var name: String {
        guard let session, let sequence else { return "" }
        return " (client \(session), sequence \(sequence)\(log.map { ", log \($0)" } ?? ""))"
    }
}
