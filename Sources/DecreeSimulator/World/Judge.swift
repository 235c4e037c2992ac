import DecreeStore
import Paxos

/// Watches all nodes at once, from outside, and keeps its own record of what became durable, what was voted
/// for by a quorum, and what was said: the global invariants, and the local ones a second time, by other code
/// than that which is to hold them. The numbers are those of `docs/invariants.md`.
///
/// Machines are named by their place, from 0; who they are in the log is `ids`.
struct Judge {
    /// What a node's store holds for certain.
    struct Durable {
        var promised = Ballot.zero
        var votes: [UInt64: (ballot: Ballot, proposal: Proposal)] = [:]
        var chosenThrough = Slot.zero
        var persistSequence: PersistSequence = 0
        /// Slots through this one may be deleted.
        var floor = Slot.zero
        /// Chunks of snapshots that are not complete yet.
        var chunks: [SnapshotHeader: Set<UInt32>] = [:]
        /// The complete snapshots, ascending.
        var snapshots: [SnapshotHeader] = []
        /// What it holds of other nodes' stores.
        var witnesses: [NodeID: NodeWitness] = [:]
        /// Where it reached other nodes last.
        var places: [NodeID: NodePlace] = [:]
        /// Slots through this one it must learn before it votes, for it found rows damaged.
        var abstainThrough = Slot.zero
        /// The highest ballot it ever told anybody it promised.
        var toldPromise = Ballot.zero
        /// The ballot in which it last said that it leads.
        var leads = Ballot.zero
    }

    /// Why a machine's store counts for nothing.
    enum Void: String {
        case wiped, restored, unlinked
    }

    /// The votes that became durable in one slot and ballot.
    struct Tally {
        let ballot: Ballot
        let proposal: Proposal
        var voters: Set<UInt16> = []
    }

    /// Machines that run, or ran, two processes of one node; and those of them that have said what binds since.
    var copies: Set<Int> = []
    var hasVotedAsCopy: Set<Int> = []
    /// Who the machines are, as far as they were ever admitted.
    private(set) var ids: [NodeID?]
    var nodes: [Durable]
    /// Who belongs to the group, from the first slot on.
    var members: ReckonedMembers
    let alpha: UInt64
    var tallies: [UInt64: [Tally]] = [:]
    var chosen: [UInt64: (ballot: Ballot, proposal: Proposal)] = [:]
    var proposed: [UInt64: [(ballot: Ballot, proposal: Proposal)]] = [:]
    /// Which life of which node prepared a ballot.
    var prepared: [Ballot: Int] = [:]
    /// Who told a ballot's owner of a promise.
    var promised: [Ballot: Set<UInt16>] = [:]
    var promiseReports = PromiseReports()
    var states: [UInt64: Digest] = [:]
    /// What of a slot was not executed, as the first node wrote that wrote it down.
    var unexecuted: [UInt64: [UInt32]] = [:]
    /// The snapshots that were begun, by their slot.
    var snapshots: [UInt64: SnapshotHeader] = [:]
    /// The chain over the log, from slot 0 on, as far as it is chosen without a gap.
    var chains = [Digest.zero]
    /// What was found since it was last asked. A box, so that saying what is wrong may look at the record.
    private let flaws = Flaws()
    /// Ballots in which somebody led: an accept was sent.
    var ledBallots: Set<Ballot> = []
    /// The highest ballot in which somebody said that it leads.
    var highestLed = Ballot.zero
    /// Machines whose files rotted, and were not read in full since: what they recover may be less than what was durable.
    var rotten: Set<Int> = []
    /// Machines that rotted, and came back with less than they had without noticing.
    var regressed: Set<Int> = []
    /// Machines whose disks were emptied or put back: they must say nothing that binds.
    var void: [Int: Void] = [:]

    init(configuration: Configuration, machines: Int) {
        members = ReckonedMembers(genesis: configuration)
        alpha = UInt64(configuration.alpha)
        ids = (0..<machines).map { $0 < configuration.voters.count ? configuration.voters[$0] : nil }
        nodes = ids.map { _ in Durable() }
    }

    /// A machine's disk was cloned: what was durable on it is durable on the other, which is the same node.
    mutating func copied(_ machine: Int, to clone: Int) {
        ids[clone] = ids[machine]
        nodes[clone] = nodes[machine]
        copies = [machine, clone]
    }

    /// A machine was admitted under an id.
    mutating func admitted(_ machine: Int, as id: NodeID) {
        hold(
            !ids.contains(id) && ids[machine] == nil, "IdentityFresh",
            "machine \(machine + 1) is given the id \(id), which was used before")
        ids[machine] = id
    }

    /// Whether what a machine's disk holds is known for certain.
    func isSound(_ machine: Int) -> Bool { void[machine] == nil && !rotten.contains(machine) }

    /// The id of a machine that runs.
    func id(_ machine: Int) -> UInt16 { ids[machine]?.rawValue ?? 0 }

    /// How a machine's node is called in what is found wrong.
    func name(_ machine: Int) -> String { ids[machine].map { "node \($0)" } ?? "machine \(machine + 1)" }

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

    // MARK: Disks

    /// A node is about to write rows.
    mutating func intends(_ node: Int, _ rows: [Write]) {
        for row in rows {
            guard case .chosen(_, let slot, _, let chain, let unexecuted) = row else { continue }
            hold(
                slot.rawValue <= chosenThrough, "QuorumExact",
                "\(name(node)) holds slot \(slot) to be chosen, without a quorum's durable votes")
            guard slot.rawValue <= chosenThrough else { continue }
            hold(
                chains[Int(slot.rawValue)] == chain, "ChosenUnique",
                "\(name(node)) holds another log to be chosen through slot \(slot)")
            let known = self.unexecuted[slot.rawValue] ?? unexecuted
            hold(
                unexecuted != nil && unexecuted == known, "SessionOnce",
                "\(name(node)) keeps of slot \(slot) that another part of it was executed than elsewhere")
            self.unexecuted[slot.rawValue] = known
        }
    }

    /// A node's rows are durable.
    mutating func committed(_ node: Int, _ rows: [Write], persistSequence: PersistSequence) {
        guard void[node] == nil else { return }
        for row in rows { apply(row, of: node) }
        nodes[node].persistSequence = persistSequence
    }

    mutating func apply(_ row: Write, of node: Int) {
        switch row {
        case .promise(_, let ballot):
            hold(
                ballot > nodes[node].promised, "PromiseMonotone",
                "\(name(node)) writes promise \(ballot) over \(nodes[node].promised)")
            nodes[node].promised = ballot
        case .accepted(_, let vote): apply(vote, of: node)
        case .chosen(_, let slot, _, _, _):
            // A snapshot may have become durable while the slots it stands for were still being learnt.
            guard slot > nodes[node].floor else { return }
            hold(
                slot == nodes[node].chosenThrough.next, "ApplyPrefix",
                "\(name(node)) closes slot \(slot) after \(nodes[node].chosenThrough)")
            nodes[node].chosenThrough = slot
            let vote = nodes[node].votes[slot.rawValue]
            hold(
                vote?.proposal == chosen[slot.rawValue]?.proposal, "ChosenUnique",
                "\(name(node)) closes slot \(slot) over another value than was chosen")
        case .configuration(_, let slot, let configuration): judge(configuration, from: slot, of: node)
        case .snapshotChunk(_, let header, let index, _): judge(header, chunk: index, of: node)
        case .snapshotComplete(_, let header, let isInstalled):
            complete(header, isInstalled: isInstalled, of: node)
        case .floor(_, let slot): raise(floor: slot, of: node)
        case .witness(let witness):
            let before = nodes[node].witnesses[witness.node]
            hold(
                before.map {
                    $0.store == witness.store
                        && ($0.persistSequence <= witness.persistSequence
                            || $0.seen?.start != witness.seen?.start)
                } ?? true,
                "NoRegression", "\(name(node)) takes back what it saw of node \(witness.node)'s store")
            nodes[node].witnesses[witness.node] = witness
        case .place(let place): nodes[node].places[place.node] = place
        }
    }

    private mutating func apply(_ vote: AcceptedProposal, of node: Int) {
        let before = nodes[node].votes[vote.slot.rawValue]
        guard vote.slot > nodes[node].floor else {
            tally(vote, of: node)
            return
        }
        hold(
            vote.ballot <= nodes[node].promised, "AcceptGuard",
            "\(name(node)) votes in \(vote.ballot), promised \(nodes[node].promised)")
        hold(
            vote.slot > nodes[node].chosenThrough, "AcceptGuard",
            "\(name(node)) votes for slot \(vote.slot), which it knows to be chosen")
        // Until it has learnt what rotted it votes for nothing: what it writes there was chosen, and in that ballot or a
        // lower one. Whatever it tells of it later, every ballot from that one on has the same value.
        let known = chosen[vote.slot.rawValue]
        hold(
            vote.slot > nodes[node].abstainThrough
                || known.map { $0.proposal == vote.proposal && $0.ballot <= vote.ballot } ?? false,
            "CorruptIsNotAbsent",
            "\(name(node)), which lost what it had voted, takes slot \(vote.slot) in \(vote.ballot), "
                + "and \(known.map { "it was chosen in \($0.ballot)" } ?? "no quorum chose it")")
        hold(
            before.map { $0.ballot <= vote.ballot } ?? true, "AcceptGuard",
            "\(name(node)) lowers its vote for slot \(vote.slot) to \(vote.ballot)")
        nodes[node].votes[vote.slot.rawValue] = (vote.ballot, vote.proposal)
        tally(vote, of: node)
    }

    mutating func tally(_ vote: AcceptedProposal, of node: Int) {
        let slot = vote.slot.rawValue
        var tallies = tallies[slot] ?? []
        let place = tallies.firstIndex { $0.ballot == vote.ballot }
        if let place {
            hold(
                tallies[place].proposal == vote.proposal, "OneValuePerBallotSlot",
                "two values in ballot \(vote.ballot), slot \(slot)")
            tallies[place].voters.insert(id(node))
        } else {
            tallies.append(Tally(ballot: vote.ballot, proposal: vote.proposal, voters: [id(node)]))
        }
        self.tallies[slot] = tallies
        count(slot)
        advance()
    }

    /// Looks whether a quorum of those who govern a slot has voted for something.
    private mutating func count(_ slot: UInt64) {
        // Who governs it is fixed by the slots that stand alpha before it.
        guard slot <= chosenThrough + alpha else { return }
        let rule = members[slot]
        for tally in tallies[slot] ?? [] where rule.isQuorum(tally.voters) {
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
    }

    private mutating func advance() {
        while let next = chosen[chosenThrough + 1] {
            chains.append(
                (chains.last ?? .zero).chained(Slot(chosenThrough + 1), next.proposal.digest))
            members.chosen(next.proposal, in: chosenThrough)
            // Votes may have come before it was known whose they must be.
            if tallies[chosenThrough + alpha] != nil { count(chosenThrough + alpha) }
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

    // MARK: States

    /// A node has executed the log through a slot: its chain, and its state, are everybody's there.
    mutating func executed(_ node: Int, through slot: Slot, chain: Digest, state: Digest) {
        guard slot.rawValue <= chosenThrough else {
            hold(false, "QuorumExact", "\(name(node)) executes slot \(slot), which no quorum has chosen")
            return
        }
        hold(
            chains[Int(slot.rawValue)] == chain, "ChainMatch",
            "\(name(node)) has executed another log through slot \(slot)")
        hold(
            states[slot.rawValue].map { $0 == state } ?? true, "ChainMatch",
            "\(name(node)) is in another state after slot \(slot) than others were")
        states[slot.rawValue] = state
    }
}
