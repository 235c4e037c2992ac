import Bank
import DecreeClient
import NIOCore
import Paxos
import ValueLog

/// What became of one operation, as a line of JSON.
struct RunResult: Sendable {
    /// What was asked, as far as the answer's form depends on it.
    enum Operation: Sendable {
        case command
        case value
        case balance
        case total
    }

    enum Kind: Sendable {
        /// It was handed to the client.
        case outcome(Operation, Outcome, invoked: NIODeadline, completed: NIODeadline)
        /// A value that was handed to the client, and the line that it was.
        case value(Outcome, line: Int)
        /// It names an account that cannot exist: rejected as the bank would, without being sent.
        case impossible(BankRejection)
        /// The line is no operation.
        case badLine(number: Int, reason: String)
    }

    /// The caller's name for it; nil where it could not be read, or there is none.
    let id: String?
    let kind: Kind

    /// Writes the members, in the order a reader wants them.
    func write(to line: inout JSONWriter) {
        if let id { line.add("id", id) }
        switch kind {
        case .outcome(let operation, let outcome, let invoked, let completed):
            write(outcome, of: operation, to: &line)
            line.add("invokedNanoseconds", invoked.uptimeNanoseconds)
            line.add("completedNanoseconds", completed.uptimeNanoseconds)
        case .value(let outcome, let number):
            line.add("line", number)
            write(outcome, of: .value, to: &line)
        case .impossible(let rejection):
            line.add("outcome", "rejected")
            line.add("reason", rejection.rawValue)
        case .badLine(let number, let reason):
            if id == nil { line.add("id", json: "null") }
            line.add("outcome", "failed")
            line.add("reason", reason)
            line.add("line", number)
        }
    }

    private func write(_ outcome: Outcome, of operation: Operation, to line: inout JSONWriter) {
        switch outcome {
        case .ok(let reply, let receipt):
            line.add("outcome", "ok")
            receipt.write(to: &line)
            line.add("result", object: { Self.write(reply, of: operation, to: &$0) })
        case .rejected(let reason, let receipt):
            line.add("outcome", "rejected")
            line.add("reason", reason)
            receipt.write(to: &line)
        case .failed(let reason):
            line.add("outcome", "failed")
            line.add("reason", reason.description)
        case .unknown(let reason, let receipt):
            line.add("outcome", "unknown")
            line.add("reason", reason.description)
            receipt.write(to: &line)
        }
    }

    private static func write(_ reply: [UInt8], of operation: Operation, to line: inout JSONWriter) {
        if case .value = operation, let number = ValueLog.number(in: reply) {
            return line.add("number", number)
        }
        switch (BankResult(.ok(reply)), operation) {
        case (.balance(let total), .total): line.add("total", total)
        case (.balance(let balance), _): line.add("balance", balance)
        case (.transferred(let from, let to), _):
            line.add("from", from)
            line.add("to", to)
        case (.number, _), (.rejected, _), (nil, _): line.add("bytes", reply.hexadecimal)
        }
    }
}

extension Receipt {
    fileprivate func write(to line: inout JSONWriter) {
        if let session { line.add("client", session.description) }
        if let sequence { line.add("sequence", sequence) }
        if let position {
            line.add("slot", position.slot.rawValue)
            line.add("index", position.index)
        }
        if let log { line.add("log", log.description) }
        if let executedThrough { line.add("executedThrough", executedThrough.rawValue) }
        if consistency == .stale { line.add("stale", true) }
    }
}
