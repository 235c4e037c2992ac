import Paxos

/// What was asked after something was acknowledged comes after it: in the log, or in what it has seen.
struct RealTimeOrder {
    private(set) var violations: [Violation] = []
    /// Operations that were held against those acknowledged before them.
    private(set) var checked = 0
    private let wording: Wording

    private enum Event: Int {
        // At the same nanosecond nothing is before: beginnings first.
        case invoked = 0
        case completed = 1
    }

    /// - Parameter positions: where operations were done whose clients do not know it, by index.
    init(_ history: [Operation], done positions: [Int: LogPosition] = [:], _ wording: Wording) {
        self.wording = wording
        var events: [(time: UInt64, event: Event, index: Int)] = []
        for (index, operation) in history.enumerated() {
            guard operation.outcome.isAnswered || positions[index] != nil else { continue }
            events.append((operation.invoked, .invoked, index))
            if let completed = operation.completed, operation.outcome.isAnswered {
                events.append((completed, .completed, index))
            }
        }
        events.sort { ($0.time, $0.event.rawValue, $0.index) < ($1.time, $1.event.rawValue, $1.index) }
        var acknowledged = LogPosition(slot: .zero, index: 0)
        for (_, event, index) in events {
            let operation = history[index]
            switch event {
            case .invoked: check(operation, positions[index], after: acknowledged)
            case .completed: acknowledged = max(acknowledged, Self.seen(by: operation) ?? acknowledged)
            }
        }
    }

    /// What an answer shows to have been executed. A stale read shows it too, and is bound by nothing.
    private static func seen(by operation: Operation) -> LogPosition? {
        guard let receipt = operation.outcome.receipt else { return nil }
        return receipt.position ?? receipt.executedThrough.map { LogPosition(slot: $0, index: .max) }
    }

    private mutating func check(
        _ operation: Operation, _ done: LogPosition?, after acknowledged: LogPosition
    ) {
        guard !operation.isStaleRead else { return }
        checked += 1
        let receipt = operation.outcome.receipt
        let isBehind: Bool
        if operation.command != nil {
            isBehind = (done ?? receipt?.position).map { $0 <= acknowledged } ?? false
        } else {
            isBehind = receipt?.executedThrough.map { $0 < acknowledged.slot } ?? false
        }
        guard isBehind else { return }
        let place = done.map { ", done at \($0)" } ?? ""
        violations.append(
            Violation(
                .stale,
                "\(wording.text(operation))\(place): asked when \(acknowledged) was already known to be done")
        )
    }
}
