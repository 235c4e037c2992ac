@testable import Paxos

/// Watches all nodes at once for what none of them can see alone: one value for each slot, votes that are
/// durable before they are sent, and decisions that the durable votes of a quorum of the slot's own configuration
/// carry.
struct Judge {
    /// The votes that became durable in one slot and ballot.
    private struct Ledger {
        let ballot: Ballot
        let proposal: Proposal
        var voters: Set<NodeID> = []
    }

    /// Who governs what, as the chosen log says.
    private(set) var configurations: ConfigurationOracle
    private var ledgers: [Slot: [Ledger]] = [:]
    /// The chain over the chosen log, from slot 1 on, as the first node found it.
    private(set) var chains: [Digest] = []
    /// The snapshots that were taken or installed, by slot.
    private(set) var snapshots: [Slot: SnapshotHeader] = [:]
    /// What was found wrong.
    private(set) var violations: [String] = []

    init(configuration: Configuration) { configurations = ConfigurationOracle(genesis: configuration) }

    /// Slots known to be chosen by some node.
    var chosenThrough: Slot { Slot(UInt64(chains.count)) }

    /// Who belongs to the group: in force, or soon.
    var members: [Member] { configurations.latest.members }

    mutating func object(_ violation: String?) {
        if let violation { violations.append(violation) }
    }

    /// A node means to write a row: what it holds to be chosen must be what everybody does, and must have
    /// been voted for by a quorum.
    mutating func see(_ row: Write, of node: NodeID) {
        switch row {
        case .chosen(_, let slot, _, let chain, _): seeChosen(slot, chain, of: node)
        case .snapshotComplete(_, let header, _): see(header, of: node)
        default: break
        }
    }

    private mutating func seeChosen(_ slot: Slot, _ chain: Digest, of node: NodeID) {
        let index = Int(slot.rawValue) - 1
        if index < chains.count {
            if chains[index] != chain { object("ChosenUnique: node \(node) differs in slot \(slot)") }
            return
        }
        if index > chains.count { object("ApplyPrefix: slot \(slot) is chosen before its predecessor") }
        guard let decided = decided(slot) else {
            chains.append(chain)
            return object(
                "QuorumExact: slot \(slot) is chosen on node \(node) without a quorum's durable votes")
        }
        if (chains.last ?? .zero).chained(slot, decided.digest) != chain {
            object("ChosenUnique: node \(node) holds another value than was chosen in slot \(slot)")
        }
        chains.append(chain)
        configurations.learn(decided, in: slot)
    }

    /// Equal logs make equal snapshots, whoever takes them.
    private mutating func see(_ header: SnapshotHeader, of node: NodeID) {
        let index = Int(header.slot.rawValue) - 1
        if !chains.indices.contains(index) || chains[index] != header.chain {
            object("FloorSafe: the snapshot of node \(node) at slot \(header.slot) is of another log")
        }
        if let known = snapshots.updateValue(header, forKey: header.slot), known != header {
            object("ChainMatch: node \(node) has another snapshot at slot \(header.slot)")
        }
    }

    /// A row has become durable: once a quorum has voted, every higher ballot proposes the same.
    mutating func commit(_ row: Write, of node: NodeID) {
        if case .configuration(_, let from, let configuration) = row,
            !configurations.history.contains(where: { $0 == (from, configuration) })
        {
            object("ConfigAtSlot: node \(node) takes up another configuration from slot \(from)")
        }
        guard case .accepted(_, let vote) = row else { return }
        var slot = ledgers[vote.slot] ?? []
        if let index = slot.firstIndex(where: { $0.ballot == vote.ballot }) {
            if slot[index].proposal != vote.proposal {
                object("OneValuePerBallotSlot: two values in \(vote.ballot), slot \(vote.slot)")
            }
            slot[index].voters.insert(node)
        } else {
            slot.append(Ledger(ballot: vote.ballot, proposal: vote.proposal, voters: [node]))
        }
        ledgers[vote.slot] = slot
        for chosen in slot where isReached(chosen, in: vote.slot) {
            for later in slot where later.ballot >= chosen.ballot && later.proposal != chosen.proposal {
                object(
                    "ChosenStable: slot \(vote.slot) chosen in \(chosen.ballot), another in \(later.ballot)")
            }
        }
    }

    private func isReached(_ ledger: Ledger, in slot: Slot) -> Bool {
        let configuration = configurations[slot]
        return configuration.voters.count { ledger.voters.contains($0) } >= configuration.quorumSize
    }

    /// What a quorum's durable votes have decided in `slot`.
    private func decided(_ slot: Slot) -> Proposal? {
        (ledgers[slot] ?? []).first { isReached($0, in: slot) }?.proposal
    }

    /// Whether a quorum's durable votes have decided `slot`.
    func isDecided(_ slot: Slot) -> Bool { decided(slot) != nil }

    /// A message leaves: what it says must stand in its sender's rows.
    mutating func see(_ message: Message, from node: NodeID, rows: DurableRows) {
        switch message {
        case .prepare(let prepare):
            if rows.promised < prepare.ballot { early("prepare \(prepare.ballot)", node) }
        case .promise(let promise):
            if rows.promised < promise.ballot { early("promise \(promise.ballot)", node) }
            if rows.damagedThrough ?? .zero > rows.chosenThrough,
                promise.chosenThrough < rows.damagedThrough ?? .zero
            {
                object("CorruptIsNotAbsent: node \(node) promises though its votes are damaged")
            }
            for vote in promise.accepted where !holds(vote.ballot, in: vote.slot, rows) {
                early("promise \(promise.ballot) with slot \(vote.slot)", node)
            }
        case .accept(let accept):
            if rows.promised < accept.ballot { early("accept \(accept.ballot)", node) }
        case .accepted(let vote):
            guard vote.from <= vote.through else { return object("an empty range of votes from \(node)") }
            for slot in vote.from...vote.through where !holds(vote.ballot, in: slot, rows) {
                early("vote \(vote.ballot) in slot \(slot)", node)
            }
        default: break
        }
    }

    /// A snapshot that was installed meanwhile stands for the slots below its floor.
    private func holds(_ ballot: Ballot, in slot: Slot, _ rows: DurableRows) -> Bool {
        slot <= rows.floor || rows.accepted[slot].map { $0.ballot >= ballot } ?? false
    }

    private mutating func early(_ what: String, _ node: NodeID) {
        object("PersistBeforeSend: node \(node) sends \(what) before it is durable")
    }
}
