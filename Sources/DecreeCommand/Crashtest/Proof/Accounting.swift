import Bank
import Paxos

/// Accounts for every write: what was acknowledged stands in the log as it was acknowledged and had its
/// effect once; what failed had none; what is unknown had one at most; and nothing else happened.
struct Accounting {
    /// Writes by what their clients were told.
    struct Counts: Equatable, Sendable {
        var acknowledged = 0
        var rejected = 0
        var failed = 0
        var unknownDone = 0
        var unknownNotDone = 0
    }

    private(set) var counts = Counts()
    private(set) var violations: [Violation] = []
    private let replay: Replay
    private var submitted: Set<BankCommand> = []
    private var acknowledged: Set<Replay.CommandID> = []

    init(_ history: [RecordedOperation], _ replay: Replay) {
        self.replay = replay
        for operation in history {
            guard let command = operation.command else { continue }
            submitted.insert(command)
            switch operation.outcome {
            case .ok(_, let receipt):
                counts.acknowledged += 1
                check(operation, receipt)
            case .rejected(_, let receipt):
                counts.rejected += 1
                check(operation, receipt)
            case .failed:
                counts.failed += 1
                if let position = replay.positions[command]?.first {
                    note(.ghost, "\(operation), yet it was done at \(position)")
                }
            case .unknown:
                if replay.positions[command] == nil {
                    counts.unknownNotDone += 1
                } else {
                    counts.unknownDone += 1
                }
            }
        }
        checkEffects()
    }

    /// An acknowledged write against its receipt.
    private mutating func check(_ operation: RecordedOperation, _ receipt: Receipt) {
        guard let session = receipt.session, let sequence = receipt.sequence, let position = receipt.position
        else {
            note(.lost, "\(operation): the receipt does not say where it stands")
            return
        }
        let id = Replay.CommandID(session: session, sequence: sequence)
        guard acknowledged.insert(id).inserted else {
            note(.doubled, "\(operation): another was acknowledged under the same sequence")
            return
        }
        guard let entry = replay.entries[position] else {
            note(.lost, "\(operation): the log holds no command there")
            return
        }
        guard entry.id == id, entry.payload == operation.command?.bytes[...] else {
            note(.lost, "\(operation): the log holds another command there, \(describe(entry))")
            return
        }
        guard let effect = replay.effects[id] else {
            note(.lost, "\(operation): it stands in the log, where it has no effect")
            return
        }
        guard effect.position == position else {
            // Only an execution answers with its own place: this was the second.
            note(.doubled, "\(operation): it had been done at \(effect.position)")
            return
        }
        if operation.result != effect.result {
            note(.wrongAnswer, "\(operation): by the log the answer is \(effect.result.summary)")
        }
    }

    /// Every effect was submitted by somebody, and had once.
    private mutating func checkEffects() {
        for effect in replay.effects.values.sorted(by: { $0.position < $1.position }) {
            if !submitted.contains(effect.command) {
                note(.ghost, "nobody submitted \(effect.command.json) at \(effect.position)")
            }
            if let positions = replay.positions[effect.command], positions.count > 1,
                positions.first == effect.position
            {
                let places = positions.map(\.description).joined(separator: " and ")
                note(.doubled, "\(effect.command.json) was done at \(places)")
            }
        }
    }

    private func describe(_ entry: Replay.Entry) -> String {
        let command = try? BankCommand(bytes: entry.payload)
        return "\(command?.json ?? "which is no command"), sequence \(entry.id.sequence) of session "
            + entry.id.session.description
    }

    private mutating func note(_ kind: Violation.Kind, _ detail: String) {
        violations.append(Violation(kind, detail))
    }
}
