internal import Bank
internal import Paxos

/// Holds every total that a read saw between what must have been paid in by then and what can have been: a
/// look at real time that needs no slot numbers, and so does not trust those the nodes give; and one that no
/// history is too long for.
public struct BankTotals: Sendable {
    /// What is wrong.
    public private(set) var violations: [Violation] = []
    /// Reads of the total that were held against it.
    public private(set) var checked = 0

    private enum Event: Int {
        // At the same nanosecond nothing is before: beginnings first.
        case invoked = 0
        case completed = 1
    }

    /// Sums of money, as of some moment.
    fileprivate struct Sums {
        var certainlyIn: Int64 = 0
        var possiblyIn: Int64 = 0
        var certainlyOut: Int64 = 0
        var possiblyOut: Int64 = 0
    }

    /// Checks a bank's history.
    public init(_ history: [Operation], wording: Wording = .bank) {
        var events: [(time: UInt64, event: Event, index: Int)] = []
        for (index, operation) in history.enumerated() where !operation.isFailed {
            events.append((operation.invoked, .invoked, index))
            if let completed = operation.completed { events.append((completed, .completed, index)) }
        }
        events.sort { ($0.time, $0.event.rawValue, $0.index) < ($1.time, $1.event.rawValue, $1.index) }
        var sums = Sums()
        var before: [Int: Sums] = [:]
        for (_, event, index) in events {
            let operation = history[index]
            switch event {
            case .invoked:
                sums.invoked(operation)
                before[index] = sums
            case .completed:
                if let first = before.removeValue(forKey: index) {
                    check(operation, from: first, to: sums, wording)
                }
                sums.completed(operation)
            }
        }
    }

    private mutating func check(
        _ operation: Operation, from first: Sums, to last: Sums, _ wording: Wording
    ) {
        guard case .query(let bytes, .linearizable) = operation.request,
            case .total? = try? BankQuery(bytes: bytes[...]), let reply = operation.reply,
            case .balance(let total)? = BankResult(reply)
        else { return }
        checked += 1
        let least = first.certainlyIn - last.possiblyOut
        let most = last.possiblyIn - first.certainlyOut
        if total < least || total > most {
            violations.append(
                Violation(
                    .stale,
                    "\(wording.text(operation)): the total was then at least \(least) and at most \(most)"))
        }
    }
}

extension BankTotals.Sums {
    /// What somebody asked for may be done from then on, unless the bank refused.
    fileprivate mutating func invoked(_ operation: Operation) {
        for command in operation.commandsNotRefused {
            possiblyIn += command.paidIn
            possiblyOut += command.paidOut
        }
    }

    /// What was acknowledged is done.
    fileprivate mutating func completed(_ operation: Operation) {
        guard case .ok = operation.outcome else { return }
        for command in operation.commandsNotRefused {
            certainlyIn += command.paidIn
            certainlyOut += command.paidOut
        }
    }
}

extension Operation {
    /// What it asks the bank to do, a batch for many things, without what the bank is known to have refused.
    fileprivate var commandsNotRefused: [BankCommand] {
        var commands: [ArraySlice<UInt8>] =
            switch request {
            case .command(let bytes): [bytes[...]]
            case .batch(let bytes): CommandBatch(bytes: bytes[...])?.commands ?? []
            case .query: []
            }
        switch outcome {
        case .rejected: return []
        case .ok(let reply, _):
            if case .batch = request, let replies = BatchReply.replies(in: reply) {
                commands = zip(commands, replies).filter { !$1.isRejected }.map(\.0)
            }
        case .failed, .unknown: break
        }
        return commands.compactMap { try? BankCommand(bytes: $0) }
    }
}

extension BankCommand {
    fileprivate var paidIn: Int64 {
        switch self {
        case .open(_, let amount), .deposit(_, let amount): amount
        case .withdraw, .transfer, .transfers: 0
        }
    }

    fileprivate var paidOut: Int64 {
        if case .withdraw(_, let amount) = self { amount } else { 0 }
    }
}
