import Bank
import Paxos

/// What was asked after something was acknowledged comes after it: in the log, or in what it has seen.
///
/// And the total that a read saw lies between what must have been paid in by then and what can have been,
/// which needs no slot numbers, and so does not trust those the nodes give.
struct RealTimeOrder {
    private(set) var violations: [Violation] = []
    /// Operations that were held against those acknowledged before them.
    private(set) var checked = 0

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

    init(_ history: [RecordedOperation]) {
        let relevant = history.indices.filter { !Self.changedNothing(history[$0]) }
        var events = relevant.flatMap { index in
            [
                (time: history[index].invoked, event: Event.invoked, index: index),
                (time: history[index].completed, event: Event.completed, index: index),
            ]
        }
        events.sort { ($0.time, $0.event.rawValue) < ($1.time, $1.event.rawValue) }
        var sums = Sums()
        var before: [Int: (acknowledged: LogPosition, sums: Sums)] = [:]
        var acknowledged = LogPosition(slot: .zero, index: 0)
        for (_, event, index) in events {
            let operation = history[index]
            switch event {
            case .invoked:
                sums.invoked(operation)
                before[index] = (acknowledged, sums)
            case .completed:
                if let moment = before.removeValue(forKey: index) {
                    check(operation, after: moment.acknowledged)
                    checkTotal(operation, from: moment.sums, to: sums)
                }
                sums.completed(operation)
                acknowledged = max(acknowledged, Self.seen(by: operation) ?? acknowledged)
            }
        }
    }

    private static func changedNothing(_ operation: RecordedOperation) -> Bool {
        if case .failed = operation.outcome { true } else { false }
    }

    /// What an answer shows to have been executed. A stale read shows it too, and is bound by nothing.
    private static func seen(by operation: RecordedOperation) -> LogPosition? {
        guard operation.outcome.isAnswered, let receipt = operation.outcome.receipt else { return nil }
        return receipt.position ?? receipt.executedThrough.map { LogPosition(slot: $0, index: .max) }
    }

    private mutating func check(_ operation: RecordedOperation, after acknowledged: LogPosition) {
        guard operation.outcome.isAnswered, let receipt = operation.outcome.receipt,
            receipt.consistency != .stale
        else { return }
        checked += 1
        if let position = receipt.position, position <= acknowledged {
            note(.stale, "\(operation): asked when \(acknowledged) was already known to be done")
        }
        if let slot = receipt.executedThrough, slot < acknowledged.slot {
            note(.stale, "\(operation): asked when \(acknowledged) was already known to be done")
        }
    }

    private mutating func checkTotal(_ operation: RecordedOperation, from first: Sums, to last: Sums) {
        guard case .query(.total) = operation.request,
            operation.outcome.receipt?.consistency == .linearizable,
            case .balance(let total) = operation.result
        else { return }
        let least = first.certainlyIn - last.possiblyOut
        let most = last.possiblyIn - first.certainlyOut
        if total < least || total > most {
            note(.stale, "\(operation): the total was then at least \(least) and at most \(most)")
        }
    }

    private mutating func note(_ kind: Violation.Kind, _ detail: String) {
        violations.append(Violation(kind, detail))
    }
}

extension RealTimeOrder.Sums {
    /// What somebody asked for may be done from then on, unless the bank refused.
    mutating func invoked(_ operation: RecordedOperation) {
        if case .rejected = operation.outcome { return }
        possiblyIn += operation.command?.paidIn ?? 0
        possiblyOut += operation.command?.paidOut ?? 0
    }

    /// What was acknowledged is done.
    mutating func completed(_ operation: RecordedOperation) {
        guard case .ok = operation.outcome else { return }
        certainlyIn += operation.command?.paidIn ?? 0
        certainlyOut += operation.command?.paidOut ?? 0
    }
}

extension BankCommand {
    fileprivate var paidIn: Int64 {
        switch self {
        case .open(_, let amount), .deposit(_, let amount): amount
        case .withdraw, .transfer: 0
        }
    }

    fileprivate var paidOut: Int64 {
        if case .withdraw(_, let amount) = self { amount } else { 0 }
    }
}
