import Bank
import Paxos

/// One operation as its client lived it: what it asked, when, and what it was told.
struct RecordedOperation: Sendable {
    /// Who asked; each asks one thing after the other.
    let client: Int
    /// The client's count of its operations.
    let number: Int
    let request: BankOperation.Request
    /// Monotonic nanoseconds, taken before the request was handed over.
    let invoked: UInt64
    /// Monotonic nanoseconds, taken when the outcome was known.
    let completed: UInt64
    let outcome: Outcome

    /// The command, if it is one.
    var command: BankCommand? {
        if case .command(let command) = request { command } else { nil }
    }

    /// The query, if it is one.
    var query: BankQuery? {
        if case .query(let query) = request { query } else { nil }
    }

    /// What the bank answered; nil if it did not, or no bank would answer so.
    var result: BankResult? {
        switch outcome {
        case .ok(let bytes, _): BankResult(.ok(bytes))
        case .rejected(let reason, _): BankResult(.rejected(reason))
        case .failed, .unknown: nil
        }
    }
}

extension RecordedOperation: CustomStringConvertible {
    var description: String {
        let asked =
            switch request {
            case .command(let command): command.json
            case .query(.balance(let account)): #"{"op":"balance","account":\#(account.text.json)}"#
            case .query(.total): #"{"op":"total"}"#
            }
        return "operation \(number) of client \(client), \(asked), \(answer)"
    }

    private var answer: String {
        switch outcome {
        case .ok, .rejected:
            "answered \(result.map(\.summary) ?? "without sense") \(outcome.receipt?.summary ?? "")"
        case .failed(let reason): "failed (\(reason))"
        case .unknown(let reason, let receipt): "unknown (\(reason)) \(receipt.summary)"
        }
    }
}

extension Receipt {
    /// Where it was done, in a few words.
    var summary: String {
        var words: [String] = []
        if let position { words.append("at \(position)") }
        if let executedThrough { words.append("after slot \(executedThrough)") }
        if let session, let sequence { words.append("as sequence \(sequence) of session \(session)") }
        return words.joined(separator: " ")
    }
}

extension BankResult {
    /// The answer in a few words.
    var summary: String {
        switch self {
        case .balance(let balance): "\(balance)"
        case .transferred(let from, let to): "\(from) and \(to)"
        case .rejected(let rejection): "\"\(rejection.rawValue)\""
        }
    }
}
