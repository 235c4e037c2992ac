import Paxos

/// Holds every read against the model's state after the slot it was answered from.
struct ReadCheck {
    private(set) var checked = 0
    private(set) var violations: [Violation] = []
    private var waiting: [Slot: [Operation]] = [:]
    private let wording: Wording

    init(_ history: [Operation], _ wording: Wording) {
        self.wording = wording
        for operation in history {
            guard case .query(_, let consistency) = operation.request, operation.outcome.isAnswered else {
                continue
            }
            guard let receipt = operation.outcome.receipt, let slot = receipt.executedThrough else {
                note(.wrongAnswer, operation, "it does not say which slots it had seen")
                continue
            }
            if consistency == .linearizable && receipt.consistency != .linearizable {
                note(.wrongAnswer, operation, "a stale answer to a linearizable question")
            }
            waiting[slot, default: []].append(operation)
        }
    }

    /// The replay has executed `slot`.
    mutating func executed(_ slot: Slot, _ model: any StateMachine) {
        guard let reads = waiting.removeValue(forKey: slot) else { return }
        for read in reads {
            guard case .query(let bytes, _) = read.request else { continue }
            checked += 1
            let expected = model.query(bytes[...])
            if !read.isAnswered(expected) {
                note(.wrongAnswer, read, "by the log the answer is \(wording.reply(expected))")
            }
        }
    }

    /// The log has ended: what is left was answered from slots that nobody holds.
    mutating func finish() {
        for (_, reads) in waiting.sorted(by: { $0.key < $1.key }) {
            for read in reads { note(.lost, read, "the log ends before that slot") }
        }
    }

    private mutating func note(_ kind: Violation.Kind, _ read: Operation, _ detail: String) {
        violations.append(Violation(kind, "\(wording.text(read)): \(detail)"))
    }
}
