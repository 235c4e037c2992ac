import Paxos

/// Holds what nodes said of their states against the log, executed anew, and against one another.
struct StateCheck {
    private(set) var violations: [Violation] = []
    private var waiting: [Slot: [NodeState]]

    init(_ states: [NodeState]) { waiting = Dictionary(grouping: states, by: \.executedThrough) }

    /// The replay has executed a slot.
    mutating func executed(_ replay: Replay) {
        guard let states = waiting.removeValue(forKey: replay.through), let first = states.first else {
            return
        }
        let digest = replay.machine?.digest()
        for state in states {
            if state.chain != replay.chain {
                violations.append(
                    Violation(
                        .logs,
                        "node \(state.node) was at chain \(state.chain) at slot \(state.executedThrough), "
                            + "the log makes \(replay.chain)"))
            }
            if let digest, state.digest != digest {
                violations.append(
                    Violation(
                        .state,
                        "node \(state.node) is in state \(state.digest) at slot \(state.executedThrough), "
                            + "the log makes \(digest)"))
            } else if digest == nil, state.digest != first.digest {
                violations.append(
                    Violation(
                        .state,
                        "at slot \(state.executedThrough) node \(state.node) is in state \(state.digest), "
                            + "and node \(first.node) in \(first.digest)"))
            }
        }
    }

    /// The log has ended: nobody holds what the others have executed.
    mutating func finish(_ through: Slot) {
        for state in waiting.values.joined().sorted(by: { $0.node < $1.node }) {
            violations.append(
                Violation(
                    .logs,
                    "node \(state.node) had executed slot \(state.executedThrough), the log ends at \(through)"
                ))
        }
    }
}
