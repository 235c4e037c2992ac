import DecreeStore
import Paxos

/// Watches all nodes at once, from outside, and keeps its own record of what became durable, what was voted
/// for by a quorum, and what was said: the global invariants, and the local ones a second time, by other code
/// than that which is to hold them. The numbers are those of `docs/invariants.md`.
struct Judge {
    /// What a node's store holds for certain.
    struct Durable {
        var promised = Ballot.zero
        var votes: [UInt64: (ballot: Ballot, proposal: Proposal)] = [:]
        var chosenThrough = Slot.zero
        var persistSequence: PersistSequence = 0
        /// The highest ballot it ever told anybody it promised.
        var toldPromise = Ballot.zero
        /// The ballot in which it last said that it leads.
        var leads = Ballot.zero
    }

    /// The votes that became durable in one slot and ballot.
    struct Tally {
        let ballot: Ballot
        let proposal: Proposal
        var voters: Set<Int> = []
    }

    let configuration: Configuration
    var nodes: [Durable]
    var tallies: [UInt64: [Tally]] = [:]
    var chosen: [UInt64: (ballot: Ballot, proposal: Proposal)] = [:]
    var proposed: [UInt64: [(ballot: Ballot, proposal: Proposal)]] = [:]
    /// Which life of which node prepared a ballot.
    var prepared: [Ballot: Int] = [:]
    /// Who told a ballot's owner of a promise.
    var promised: [Ballot: Set<Int>] = [:]
    var promiseReports = PromiseReports()
    var states: [UInt64: Digest] = [:]
    /// The chain over the log, from slot 0 on, as far as it is chosen without a gap.
    var chains = [Digest.zero]
    /// What was found since it was last asked. A box, so that saying what is wrong may look at the record.
    private let flaws = Flaws()
    /// Ballots in which somebody led: an accept was sent.
    var ledBallots: Set<Ballot> = []
    /// Nodes whose files rotted: what they recover may be less than what was durable.
    var rotten: Set<Int> = []
    /// Nodes that rotted, and came back with less than they had without noticing.
    private(set) var regressed: Set<Int> = []

    init(configuration: Configuration) {
        self.configuration = configuration
        nodes = configuration.voters.map { _ in Durable() }
    }

    /// Slots that a quorum chose, from the first on, without a gap.
    var chosenThrough: UInt64 { UInt64(chains.count - 1) }

    /// The chosen log, as the votes make it.
    var log: [ChosenSlot] {
        (0..<chosenThrough).compactMap { index in
            chosen[index + 1].map { ChosenSlot(Slot(index + 1), $0.proposal) }
        }
    }

    func takeFlaws() -> [String] {
        guard !flaws.found.isEmpty else { return [] }
        defer { flaws.found = [] }
        return flaws.found
    }

    fileprivate final class Flaws {
        var found: [String] = []
    }

    func hold(_ condition: Bool, _ name: String, _ detail: @autoclosure () -> String) {
        if !condition { flaws.found.append("\(name): \(detail())") }
    }

    /// What a quorum is, said a second time.
    func isMajority(_ voters: Set<Int>) -> Bool { 2 * voters.count > nodes.count }

    // MARK: Disks

    /// A node is about to write rows.
    func intends(_ node: Int, _ rows: [Write]) {
        for row in rows {
            guard case .chosen(_, let slot, _, let chain) = row else { continue }
            hold(
                slot.rawValue <= chosenThrough, "QuorumExact",
                "node \(node + 1) holds slot \(slot) to be chosen, without a quorum's durable votes")
            guard slot.rawValue <= chosenThrough else { continue }
            hold(
                chains[Int(slot.rawValue)] == chain, "ChosenUnique",
                "node \(node + 1) holds another log to be chosen through slot \(slot)")
        }
    }

    /// A node's rows are durable.
    mutating func committed(_ node: Int, _ rows: [Write], persistSequence: PersistSequence) {
        for row in rows { apply(row, of: node) }
        nodes[node].persistSequence = persistSequence
    }

    mutating func apply(_ row: Write, of node: Int) {
        switch row {
        case .promise(_, let ballot):
            hold(
                ballot > nodes[node].promised, "PromiseMonotone",
                "node \(node + 1) writes promise \(ballot) over \(nodes[node].promised)")
            nodes[node].promised = ballot
        case .accepted(_, let vote):
            let before = nodes[node].votes[vote.slot.rawValue]
            hold(
                vote.ballot <= nodes[node].promised, "AcceptGuard",
                "node \(node + 1) votes in \(vote.ballot), promised \(nodes[node].promised)")
            hold(
                vote.slot > nodes[node].chosenThrough, "AcceptGuard",
                "node \(node + 1) votes for slot \(vote.slot), which it knows to be chosen")
            hold(
                before.map { $0.ballot <= vote.ballot } ?? true, "AcceptGuard",
                "node \(node + 1) lowers its vote for slot \(vote.slot) to \(vote.ballot)")
            nodes[node].votes[vote.slot.rawValue] = (vote.ballot, vote.proposal)
            tally(vote, of: node)
        case .chosen(_, let slot, _, _):
            hold(
                slot == nodes[node].chosenThrough.next, "ApplyPrefix",
                "node \(node + 1) closes slot \(slot) after \(nodes[node].chosenThrough)")
            nodes[node].chosenThrough = slot
            let vote = nodes[node].votes[slot.rawValue]
            hold(
                vote?.proposal == chosen[slot.rawValue]?.proposal, "ChosenUnique",
                "node \(node + 1) closes slot \(slot) over another value than was chosen")
        }
    }

    mutating func tally(_ vote: AcceptedProposal, of node: Int) {
        let slot = vote.slot.rawValue
        var tallies = tallies[slot] ?? []
        let place = tallies.firstIndex { $0.ballot == vote.ballot }
        if let place {
            hold(
                tallies[place].proposal == vote.proposal, "OneValuePerBallotSlot",
                "two values in ballot \(vote.ballot), slot \(slot)")
            tallies[place].voters.insert(node)
        } else {
            tallies.append(Tally(ballot: vote.ballot, proposal: vote.proposal, voters: [node]))
        }
        self.tallies[slot] = tallies
        for tally in tallies where isMajority(tally.voters) {
            if let known = chosen[slot] {
                hold(
                    known.proposal == tally.proposal, "ChosenUnique",
                    "slot \(slot) is chosen in \(known.ballot), and as something else in \(tally.ballot)")
                if tally.ballot < known.ballot { chosen[slot] = (tally.ballot, known.proposal) }
            } else {
                chosen[slot] = (tally.ballot, tally.proposal)
            }
        }
        checkStable(slot)
        while let next = chosen[chosenThrough + 1] {
            chains.append(
                (chains.last ?? .zero).chained(Slot(chosenThrough + 1), next.proposal.digest))
        }
    }

    /// Once chosen, every higher ballot votes for the same, and proposes the same.
    func checkStable(_ slot: UInt64) {
        guard let known = chosen[slot] else { return }
        let voted = (tallies[slot] ?? []).map { ($0.ballot, $0.proposal) }
        for (ballot, proposal) in voted + (proposed[slot] ?? []).map({ ($0.ballot, $0.proposal) })
        where ballot > known.ballot && proposal != known.proposal {
            hold(
                false, "ChosenStable",
                "slot \(slot) was chosen in \(known.ballot), and ballot \(ballot) has another value")
        }
    }

    /// A node has come back. What was durable must be there; what was being written may be.
    mutating func recovered(
        _ node: Int, votes: RecoveredVotes, chosenThrough: Slot, persistSequence: PersistSequence,
        unfinished: [Write]
    ) {
        let before = nodes[node]
        var lost: [String] = []
        if votes.promised < before.promised {
            lost.append("promise \(before.promised), found \(votes.promised)")
        }
        if chosenThrough < before.chosenThrough {
            lost.append("chosen through \(before.chosenThrough), found \(chosenThrough)")
        }
        if persistSequence < before.persistSequence {
            lost.append("\(before.persistSequence) transactions, found \(persistSequence)")
        }
        let found = Dictionary(uniqueKeysWithValues: votes.accepted.map { ($0.slot.rawValue, $0) })
        for (slot, vote) in before.votes.sorted(by: { $0.key < $1.key })
        where slot > chosenThrough.rawValue {
            guard let now = found[slot], now.ballot >= vote.ballot,
                now.ballot > vote.ballot || now.proposal == vote.proposal
            else {
                lost.append("the vote for slot \(slot) in \(vote.ballot)")
                continue
            }
        }
        if !lost.isEmpty {
            if rotten.contains(node) {
                regressed.insert(node)
                // Rot in the last transaction looks like one that was torn: that much may go unnoticed.
                hold(
                    persistSequence < before.persistSequence
                        && persistSequence + 1 >= before.persistSequence,
                    "CorruptIsNotAbsent",
                    "node \(node + 1) did not notice what its rotten disk lost: "
                        + lost.joined(separator: "; "))
            } else {
                hold(
                    false, "PersistBeforeSend",
                    "node \(node + 1) forgot what was durable: \(lost.joined(separator: "; "))")
            }
        }
        // What was being written is written whole or not at all.
        let isWritten = persistSequence > before.persistSequence
        if isWritten {
            for row in unfinished { apply(row, of: node) }
            nodes[node].persistSequence = persistSequence
        }
        for vote in votes.accepted where vote.slot > chosenThrough && !rotten.contains(node) {
            hold(
                vote.proposal == voted(node, vote.slot.rawValue, vote.ballot), "PersistBeforeSend",
                "node \(node + 1) comes back with a vote for slot \(vote.slot) in \(vote.ballot) that it never "
                    + "wrote whole")
        }
        hold(
            rotten.contains(node)
                || votes.promised == nodes[node].promised && chosenThrough == nodes[node].chosenThrough,
            "PersistBeforeSend",
            "node \(node + 1) comes back with promise \(votes.promised), chosen through \(chosenThrough); "
                + "durable were \(nodes[node].promised), \(nodes[node].chosenThrough)")
    }

    // MARK: States

    /// A node has executed the log through a slot: its chain, and its state, are everybody's there.
    mutating func executed(_ node: Int, through slot: Slot, chain: Digest, state: Digest) {
        guard slot.rawValue <= chosenThrough else {
            hold(false, "QuorumExact", "node \(node + 1) executes slot \(slot), which no quorum has chosen")
            return
        }
        hold(
            chains[Int(slot.rawValue)] == chain, "ChainMatch",
            "node \(node + 1) has executed another log through slot \(slot)")
        hold(
            states[slot.rawValue].map { $0 == state } ?? true, "ChainMatch",
            "node \(node + 1) is in another state after slot \(slot) than others were")
        states[slot.rawValue] = state
    }
}
