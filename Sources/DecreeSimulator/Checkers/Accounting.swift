import Paxos

/// Accounts for every write: what was acknowledged stands in the log as it was acknowledged and had its
/// effect once; what failed had none; what is unknown had one at most; and nothing else happened.
///
/// A command is known by the session and sequence of its receipt, and by its bytes where it has none.
struct Accounting {
    private(set) var counts = HistoryCheck.Counts()
    private(set) var violations: [Violation] = []
    /// Where those were done that were done and not acknowledged, by their index in the history.
    private(set) var positions: [Int: LogPosition] = [:]
    private let replay: Replay
    private let wording: Wording
    private let history: [Operation]
    /// The ids that clients were told, and what they mean by them.
    private var claimed: [Replay.CommandID: [UInt8]] = [:]
    /// Operations that have no id, by their bytes.
    private var anonymous: [[UInt8]: [Int]] = [:]
    /// Operations that had no effect under their id, by their bytes.
    private var strays: [[UInt8]: [Int]] = [:]
    private var failed: [[UInt8]: Int] = [:]
    private var submitted: Set<[UInt8]> = []

    init(_ history: [Operation], _ replay: Replay, _ wording: Wording) {
        self.history = history
        self.replay = replay
        self.wording = wording
        for (index, operation) in history.enumerated() {
            guard let command = operation.command else { continue }
            submitted.insert(command)
            switch operation.outcome {
            case .ok(_, let receipt):
                counts.acknowledged += 1
                checkAcknowledged(index, command, receipt)
            case .rejected(_, let receipt):
                counts.rejected += 1
                checkAcknowledged(index, command, receipt)
            case .failed:
                counts.failed += 1
                failed[command] = failed[command] ?? index
            case .unknown(_, let receipt):
                checkUnknown(index, command, receipt)
            }
        }
        checkEffects()
        counts.unknownNotDone -= counts.unknownDone
    }

    /// An acknowledged write against its receipt.
    private mutating func checkAcknowledged(_ index: Int, _ command: [UInt8], _ receipt: Receipt) {
        guard let id = Replay.CommandID(receipt), let position = receipt.position else {
            anonymous[command, default: []].append(index)
            note(.lost, index, "the receipt does not say where it stands")
            return
        }
        guard claim(id, command) else {
            note(.doubled, index, "another was given the same sequence")
            return
        }
        guard let entry = replay.entries[position] else {
            strays[command, default: []].append(index)
            note(.lost, index, "the log holds no command there")
            return
        }
        guard entry.id == id, entry.payload == command[...], entry.isBatch == history[index].isBatch else {
            strays[command, default: []].append(index)
            note(.lost, index, "the log holds another command there, \(text(entry))")
            return
        }
        guard let effect = replay.effects[id] else {
            note(.lost, index, "it stands in the log, where it has no effect")
            return
        }
        guard effect.position == position else {
            // Only an execution answers with its own place: this was the second.
            note(.doubled, index, "it had been done at \(effect.position)")
            return
        }
        if !history[index].isAnswered(effect.reply) {
            note(.wrongAnswer, index, "by the log the answer is \(wording.reply(effect.reply))")
        }
    }

    /// What nobody knows, looked up under its id if it has one.
    private mutating func checkUnknown(_ index: Int, _ command: [UInt8], _ receipt: Receipt) {
        counts.unknownNotDone += 1
        guard let id = Replay.CommandID(receipt) else {
            anonymous[command, default: []].append(index)
            return
        }
        guard claim(id, command) else {
            note(.doubled, index, "another was given the same sequence")
            return
        }
        guard let effect = replay.effects[id], effect.payload == command,
            effect.isBatch == history[index].isBatch
        else {
            strays[command, default: []].append(index)
            return
        }
        counts.unknownDone += 1
        positions[index] = effect.position
    }

    /// Every effect was submitted by somebody, who was not told that it was not done; and had once.
    private mutating func checkEffects() {
        let unclaimed = replay.effects.filter { claimed[$0.key] != $0.value.payload }
        var doubled: Set<[UInt8]> = []
        for (id, effect) in unclaimed.sorted(by: { $0.value.position < $1.value.position }) {
            let command = effect.payload
            if let index = take(command, from: &anonymous) {
                guard !history[index].outcome.isAnswered else { continue }
                counts.unknownDone += 1
                positions[index] = effect.position
            } else if let index = take(command, from: &strays) {
                // What was acknowledged and stands elsewhere is called lost already.
                guard !history[index].outcome.isAnswered else { continue }
                note(
                    .ghost, index,
                    "yet it was done at \(effect.position) as sequence \(id.sequence) of session \(id.session)"
                )
            } else if let index = failed[command] {
                note(.ghost, index, "yet it was done at \(effect.position)")
            } else if submitted.contains(command) {
                doubled.insert(command)
            } else {
                violations.append(
                    Violation(.ghost, "nobody submitted \(text(effect)) at \(effect.position)"))
            }
        }
        guard !doubled.isEmpty else { return }
        let effects = replay.effects.values.filter { doubled.contains($0.payload) }
        let places = Dictionary(grouping: effects, by: \.payload).values.map { alike in
            alike.sorted { $0.position < $1.position }
        }
        for alike in places.sorted(by: { $0[0].position < $1[0].position }) {
            let list = alike.map(\.position.description).joined(separator: " and ")
            violations.append(Violation(.doubled, "\(text(alike[0])) was done at \(list)"))
        }
    }

    private mutating func claim(_ id: Replay.CommandID, _ command: [UInt8]) -> Bool {
        guard claimed[id] == nil else { return false }
        claimed[id] = command
        return true
    }

    private func take(_ command: [UInt8], from operations: inout [[UInt8]: [Int]]) -> Int? {
        guard let index = operations[command]?.first else { return nil }
        operations[command]?.removeFirst()
        return index
    }

    private func text(_ effect: Replay.Effect) -> String {
        wording.request(effect.isBatch ? .batch(effect.payload) : .command(effect.payload))
    }

    private func text(_ entry: Replay.Entry) -> String {
        let payload = Array(entry.payload)
        return
            "\(wording.request(entry.isBatch ? .batch(payload) : .command(payload))), sequence \(entry.id.sequence) of session \(entry.id.session)"
    }

    private mutating func note(_ kind: Violation.Kind, _ index: Int, _ detail: String) {
        violations.append(Violation(kind, "\(wording.text(history[index])): \(detail)"))
    }
}
