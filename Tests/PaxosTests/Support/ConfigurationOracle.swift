@testable import Paxos

/// Which configuration governs which slot, worked out from the chosen log alone, whatever the nodes believe.
struct ConfigurationOracle {
    /// Every configuration there ever was, and the first slot it governs.
    private(set) var history: [(from: Slot, configuration: Configuration)]

    init(genesis: Configuration) { history = [(.zero, genesis)] }

    /// What governs a slot: the last whose first slot is no higher.
    subscript(slot: Slot) -> Configuration {
        history.last { $0.from <= slot }?.configuration ?? history[0].configuration
    }

    /// The last one, in force or not.
    var latest: Configuration { history[history.count - 1].configuration }
    /// The first slot it governs.
    var latestFrom: Slot { history[history.count - 1].from }

    /// The next slot is chosen.
    mutating func learn(_ proposal: Proposal, in slot: Slot) {
        for case .change(let change) in proposal.entries {
            // One at a time: the last must be in force.
            guard latestFrom <= slot, let changed = try? latest.applying(change).configuration,
                changed != latest
            else { continue }
            history.append((slot.advanced(by: Int(latest.alpha)), changed))
        }
    }
}
