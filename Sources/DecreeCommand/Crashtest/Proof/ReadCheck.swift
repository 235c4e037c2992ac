import Bank
import Paxos

/// Holds every read against the model's state after the slot it was answered from.
struct ReadCheck {
    private(set) var checked = 0
    private(set) var violations: [Violation] = []
    private var waiting: [Slot: [RecordedOperation]] = [:]

    init(_ history: [RecordedOperation]) {
        for operation in history where operation.query != nil && operation.outcome.isAnswered {
            guard let slot = operation.outcome.receipt?.executedThrough else {
                violations.append(
                    Violation(.wrongAnswer, "\(operation): it does not say which slots it had seen"))
                continue
            }
            waiting[slot, default: []].append(operation)
        }
    }

    /// The replay has executed `slot`.
    mutating func executed(_ slot: Slot, _ bank: ModelBank) {
        guard let reads = waiting.removeValue(forKey: slot) else { return }
        for read in reads {
            guard let query = read.query else { continue }
            checked += 1
            let expected = bank.answer(query)
            if read.result != expected {
                violations.append(
                    Violation(.wrongAnswer, "\(read): by the log the answer is \(expected.summary)"))
            }
        }
    }

    /// The log has ended: what is left was answered from slots that nobody holds.
    mutating func finish() {
        for read in waiting.values.joined() {
            violations.append(Violation(.lost, "\(read): the log ends before that slot"))
        }
    }
}
