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
    private(set) var votes = 0
    /// Chosen slots with a quorum of votes.
    private(set) var supported = 0
    /// Chosen slots of whose quorum a part is vouched for by snapshots alone.
    private(set) var vouched = 0
    /// Chosen slots for which the votes of missing stores would be needed, as ranges.
    private(set) var unproven: [ClosedRange<Slot>] = []
    /// Voters of some slot whose store is not among those.
    private(set) var missing: Set<NodeID> = []
    /// Chosen slots that no store has kept.
    private(set) var forgotten = 0
    /// Configurations that were compared.
    private(set) var configurations = 0
    private(set) var findings: [Finding] = []

    init(_ group: GroupID, _ logs: [AuditedLog]) {
        self.group = group
        stores = logs.count
        chosenThrough = logs.map(\.chosenThrough).max() ?? .zero
        compareConfigurations(logs)
        for log in logs { compareBallots(log) }
        compareLogs(logs)
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

    private var entries: [ConfigurationLog.Entry] = []

    private func voters(of slot: Slot) -> Configuration? {
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

    // MARK: Votes

    /// Every chosen slot must stand on votes of a quorum of its configuration.
    private mutating func countVotes(_ logs: [AuditedLog]) {
        let byNode = Dictionary(logs.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
        guard chosenThrough > .zero else { return }
        for raw in 1...chosenThrough.rawValue {
            let slot = Slot(raw)
            let facts = logs.compactMap { log in
                log.rows[slot].flatMap { row in row.chosen.map { ($0.ballot, row.digest) } }
            }
            guard let (ballot, digest) = facts.min(by: { $0.0 < $1.0 }) else {
                forgotten += 1
                continue
            }
            guard let configuration = voters(of: slot) else { continue }
            let absent = configuration.voters.filter { byNode[$0] == nil }
            let present = configuration.voters.compactMap { byNode[$0] }
            let supporters = present.filter { $0.supports(slot, digest, in: ballot) }
            if supporters.count >= configuration.quorumSize {
                supported += 1
                if supporters.count(where: { !$0.isVouchedFor(slot) }) < configuration.quorumSize {
                    vouched += 1
                }
            } else if supporters.count + absent.count >= configuration.quorumSize {
                missing.formUnion(absent)
                note(unproven: slot)
            } else {
                let names = supporters.map { "\($0.node)" }.joined(separator: ", ")
                findings.append(
                    Finding(
                        slot: slot,
                        detail:
                            "chosen in ballot \(ballot), with votes of \(names.isEmpty ? "nobody" : "node \(names)")"
                            + " alone; \(configuration.quorumSize) of "
                            + "\(configuration.voters.map { "\($0)" }.joined(separator: ", ")) are needed: "
                            + "votes are missing"))
            }
        }
    }

    private mutating func note(unproven slot: Slot) {
        if let last = unproven.last, last.upperBound.next == slot {
            unproven[unproven.count - 1] = last.lowerBound...slot
        } else {
            unproven.append(slot...slot)
        }
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
