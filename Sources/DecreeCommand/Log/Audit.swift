import DecreeStore
import Paxos

/// What the stores of a cluster prove together, of one group.
struct Audit {
    /// Something that must not be.
    struct Finding {
        let slot: Slot?
        let detail: String
    }

    let group: GroupID
    let stores: Int
    /// Slots known to be chosen, through this one.
    private(set) var chosenThrough = Slot.zero
    /// Slots of which at least two stores were compared.
    private(set) var compared = 0
    /// Votes that were held against the promise.
    var votes = 0
    /// Chosen slots with a quorum of votes.
    var supported = 0
    /// Chosen slots of whose quorum a part is vouched for by snapshots alone.
    var vouched = 0
    /// Chosen slots for which the votes of missing stores would be needed, as ranges.
    var unproven: [ClosedRange<Slot>] = []
    /// Voters of some slot that is kept, or of the latest configuration, whose store is not among those.
    var missing: Set<NodeID> = []
    /// Chosen slots that no store has kept.
    var forgotten = 0
    /// Configurations that were compared.
    private(set) var configurations = 0
    var findings: [Finding] = []

    init(_ group: GroupID, _ logs: [AuditedLog]) {
        self.group = group
        stores = logs.count
        chosenThrough = logs.map(\.chosenThrough).max() ?? .zero
        compareStores(logs)
        compareConfigurations(logs)
        for log in logs { compareBallots(log) }
        compareLogs(logs)
        compareVotes(logs)
        missing = absent(from: logs)
        // With two logs there is no one value whose votes could be counted.
        if findings.isEmpty { countVotes(logs) }
    }

    // MARK: Configurations

    private mutating func compareConfigurations(_ logs: [AuditedLog]) {
        var known: [Slot: (configuration: Configuration, node: NodeID)] = [:]
        for log in logs {
            for entry in log.configurations {
                guard let other = known[entry.from] else {
                    known[entry.from] = (entry.configuration, log.node)
                    continue
                }
                guard other.configuration != entry.configuration else { continue }
                findings.append(
                    Finding(
                        slot: entry.from,
                        detail:
                            "nodes \(other.node) and \(log.node) have different configurations from this slot on"
                    ))
            }
        }
        configurations = known.count
        entries = known.map { ConfigurationLog.Entry(from: $0.key, configuration: $0.value.configuration) }
            .sorted { $0.from < $1.from }
    }

    private(set) var entries: [ConfigurationLog.Entry] = []

    /// Who votes on a slot.
    func voters(of slot: Slot) -> Configuration? {
        entries.last { $0.from <= slot }?.configuration
    }

    // MARK: Ballots

    /// No vote is above the promise; of chosen slots, one may have been learnt that is.
    private mutating func compareBallots(_ log: AuditedLog) {
        for (slot, row) in log.rows {
            votes += 1
            if let chosen = row.chosen, chosen.ballot > row.acceptedBallot {
                findings.append(
                    Finding(
                        slot: slot,
                        detail: "node \(log.node): chosen in ballot \(chosen.ballot), accepted in "
                            + "\(row.acceptedBallot): its ballot went back"))
            }
            guard row.chosen == nil, row.acceptedBallot > log.promise else { continue }
            findings.append(
                Finding(
                    slot: slot,
                    detail:
                        "node \(log.node): accepted in ballot \(row.acceptedBallot), promised \(log.promise): "
                        + "its promise went back"))
        }
    }

    // MARK: Logs

    /// Every two logs, wherever they overlap: the first slot that differs is found by halves, for once chains differ
    /// they differ ever after.
    private mutating func compareLogs(_ logs: [AuditedLog]) {
        var everCompared: Set<Slot> = []
        let chains = logs.map(\.chains)
        for (index, left) in logs.enumerated() {
            for (other, right) in logs[..<index].enumerated() {
                let (leftChains, rightChains) = (chains[index], chains[other])
                let both = leftChains.keys.filter { rightChains[$0] != nil }.sorted()
                everCompared.formUnion(both)
                guard let last = both.last, leftChains[last] != rightChains[last] else { continue }
                var (equal, different) = (-1, both.count - 1)
                while equal + 1 < different {
                    let middle = (equal + different) / 2
                    if leftChains[both[middle]] == rightChains[both[middle]] {
                        equal = middle
                    } else {
                        different = middle
                    }
                }
                findings.append(
                    fork(both[different], left, right, isFirst: equal >= 0 || both[different].rawValue == 1))
            }
        }
        compared = everCompared.count
    }

    private func fork(_ slot: Slot, _ left: AuditedLog, _ right: AuditedLog, isFirst: Bool) -> Finding {
        let sides = [right, left].map { log -> String in
            guard let row = log.rows[slot] else { return "node \(log.node) has a snapshot there" }
            let ballot = row.chosen?.ballot ?? row.acceptedBallot
            return "node \(log.node) (\(log.directory)) has digest \(row.digest) in ballot \(ballot)"
        }
        let place = isFirst ? "the logs fork here" : "the logs fork here, or before, where one is not kept"
        return Finding(slot: slot, detail: "\(place): \(sides.joined(separator: "; "))")
    }
}

extension AuditedLog {
    /// The chain through every slot it is known for here: made anew each time it is asked for.
    var chains: [Slot: Digest] {
        var chains = rows.compactMapValues { $0.chosen?.chain }
        for snapshot in snapshots where chains[snapshot.slot] == nil {
            chains[snapshot.slot] = snapshot.chain
        }
        return chains
    }
}
