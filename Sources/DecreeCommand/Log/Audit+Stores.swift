import DecreeStore
import Paxos

/// Which stores there are, and which there should be.
extension Audit {
    /// Of each node there is one store, and it is as far as others have seen it: of two stores of one node, and of one that
    /// went back in time, each may have voted where the other had voted otherwise.
    mutating func compareStores(_ logs: [AuditedLog]) {
        for (node, copies) in Dictionary(grouping: logs, by: \.node).sorted(by: { $0.key < $1.key })
        where copies.count > 1 {
            let isOne = Set(copies.map(\.store)).count == 1
            findings.append(
                Finding(
                    slot: nil,
                    detail:
                        "node \(node) is given \(copies.count) times: \(copies.map(\.directory).joined(separator: ", ")) "
                        + (isOne
                            ? "are copies of one store, \(copies[0].store)"
                            : "are stores \(copies.map { "\($0.store)" }.joined(separator: ", "))")
                        + "; a node has one, and votes of two prove nothing"))
        }
        for log in logs {
            if let reason = log.fence {
                findings.append(
                    Finding(
                        slot: nil,
                        detail: "\(log.name) is fenced, and its votes are not the node's: \(reason)"))
            }
            for witness in log.witnesses {
                for other in logs where other.node == witness.node && other.node != log.node {
                    guard let detail = other.contradiction(of: witness) else { continue }
                    findings.append(Finding(slot: nil, detail: "\(log.name) saw \(detail)"))
                }
            }
        }
    }

    /// Voters of kept slots, and of the latest configuration, of which no store was given: what they chose without the
    /// others is not known here.
    func absent(from logs: [AuditedLog]) -> Set<NodeID> {
        let first = logs.flatMap(\.rows.keys).min() ?? chosenThrough
        let governing = entries.indices.filter { $0 + 1 == entries.count || entries[$0 + 1].from > first }
        let voters = Set(governing.flatMap { entries[$0].configuration.voters })
        return voters.subtracting(logs.map(\.node))
    }
}

extension AuditedLog {
    /// The node and the directory.
    var name: String { "node \(node) (\(directory))" }

    /// What is wrong if another node saw this.
    fileprivate func contradiction(of witness: NodeWitness) -> String? {
        if witness.store != store {
            return
                "node \(node) with store \(witness.store), and \(directory) is store \(store): it is not the one that "
                + "voted"
        }
        guard witness.persistSequence > persistSequence else { return nil }
        return
            "node \(node) at transaction \(witness.persistSequence), and \(directory) is at \(persistSequence): an older copy, "
            + "which lacks votes"
    }
}
