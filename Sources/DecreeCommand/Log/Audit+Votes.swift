import DecreeStore
import Paxos

/// What the votes of all stores say together.
extension Audit {
    // MARK: What contradicts a chosen value

    /// A value that is chosen, because a store knows it, or because a quorum's votes are there.
    private struct ChosenValue {
        let ballot: Ballot
        let digest: Digest
        /// Who says so.
        let witness: String
    }

    /// Once a value is chosen, every vote in its ballot or a higher one is for that value (invariants ChosenStable and
    /// OneValuePerBallotSlot). A vote that is not tells of a fork, though no store knows the other value to be chosen: a
    /// store was copied, or went back in time, and voted again. The first such slot is enough.
    mutating func compareVotes(_ logs: [AuditedLog]) {
        let forks = findings.compactMap(\.slot).min()
        for slot in Set(logs.flatMap(\.rows.keys)).sorted() {
            guard forks.map({ slot < $0 }) ?? true, let chosen = chosenValue(of: slot, logs) else { continue }
            let against = logs.filter { log in
                log.rows[slot].map { $0.digest != chosen.digest && $0.acceptedBallot >= chosen.ballot }
                    ?? false
            }
            for log in against {
                guard let row = log.rows[slot] else { continue }
                let place = row.acceptedBallot == chosen.ballot ? "the same ballot" : "a higher ballot"
                findings.append(
                    Finding(
                        slot: slot,
                        detail: "the logs fork here: \(log.name) voted for digest \(row.digest) in ballot "
                            + "\(row.acceptedBallot), and digest \(chosen.digest) is chosen in ballot \(chosen.ballot) "
                            + "(\(chosen.witness)): a vote in \(place) for another value than the chosen one")
                )
            }
            guard against.isEmpty else { return }
        }
    }

    /// The value chosen in the lowest ballot that is known.
    private func chosenValue(of slot: Slot, _ logs: [AuditedLog]) -> ChosenValue? {
        var values: [ChosenValue] = []
        for log in logs {
            guard let row = log.rows[slot], let fact = row.chosen else { continue }
            values.append(
                ChosenValue(
                    ballot: fact.ballot, digest: row.digest, witness: "\(log.name) knows it to be chosen"))
        }
        if let configuration = voters(of: slot) {
            var votes: [Vote: Set<NodeID>] = [:]
            for log in logs where configuration.voters.contains(log.node) {
                guard let row = log.rows[slot], row.acceptedBallot <= log.promise else { continue }
                votes[Vote(ballot: row.acceptedBallot, digest: row.digest), default: []].insert(log.node)
            }
            for (vote, nodes) in votes where nodes.count >= configuration.quorumSize {
                let names = nodes.sorted().map { "\($0)" }.joined(separator: ", ")
                values.append(
                    ChosenValue(
                        ballot: vote.ballot, digest: vote.digest, witness: "with the votes of nodes \(names)")
                )
            }
        }
        return values.min { $0.ballot < $1.ballot }
    }

    private struct Vote: Hashable {
        let ballot: Ballot
        let digest: Digest
    }

    // MARK: What a chosen value stands on

    /// Every chosen slot must stand on votes of a quorum of its configuration.
    mutating func countVotes(_ logs: [AuditedLog]) {
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
                note(unproven: slot)
            } else {
                let names = supporters.map { "\($0.node)" }.joined(separator: ", ")
                findings.append(
                    Finding(
                        slot: slot,
                        detail:
                            "chosen in ballot \(ballot), with votes of \(names.isEmpty ? "no node" : "node \(names)")"
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
