import Paxos

/// Watches all nodes at once for what none of them can see alone: one value for each slot, votes that are
/// durable before they are sent, and decisions that a quorum's durable votes carry.
struct Judge {
    /// The votes that became durable in one slot and ballot.
    private struct Ledger {
        let ballot: Ballot
        let proposal: Proposal
        var voters = Quorum()
    }

    private let configuration: Configuration
    private var ledgers: [Slot: [Ledger]] = [:]
    /// The chain over the chosen log, from slot 1 on, as the first node found it.
    private(set) var chains: [Digest] = []
    /// What was found wrong.
    private(set) var violations: [String] = []

    init(configuration: Configuration) { self.configuration = configuration }

    mutating func object(_ violation: String?) {
        if let violation { violations.append(violation) }
    }

    /// A node means to write a row: what it holds to be chosen must be what everybody does, and must have
    /// been voted for by a quorum.
    mutating func see(_ row: Write, of node: NodeID) {
        guard case .chosen(_, let slot, _, let chain) = row else { return }
        let index = Int(slot.rawValue) - 1
        if index < chains.count {
            if chains[index] != chain { object("ChosenUnique: node \(node) differs in slot \(slot)") }
        } else {
            if index > chains.count { object("ApplyPrefix: slot \(slot) is chosen before its predecessor") }
            chains.append(chain)
            if !(ledgers[slot] ?? []).contains(where: { $0.voters.isReached(in: configuration) }) {
                object("QuorumExact: slot \(slot) is chosen on node \(node) without a quorum's durable votes")
            }
        }
    }

    /// A row has become durable: once a quorum has voted, every higher ballot proposes the same.
    mutating func commit(_ row: Write, of node: NodeID) {
        guard case .accepted(_, let vote) = row else { return }
        var slot = ledgers[vote.slot] ?? []
        if let index = slot.firstIndex(where: { $0.ballot == vote.ballot }) {
            if slot[index].proposal != vote.proposal {
                object("OneValuePerBallotSlot: two values in \(vote.ballot), slot \(vote.slot)")
            }
            slot[index].voters.add(node, of: configuration)
        } else {
            var ledger = Ledger(ballot: vote.ballot, proposal: vote.proposal)
            ledger.voters.add(node, of: configuration)
            slot.append(ledger)
        }
        ledgers[vote.slot] = slot
        for chosen in slot where chosen.voters.isReached(in: configuration) {
            for later in slot where later.ballot >= chosen.ballot && later.proposal != chosen.proposal {
                object(
                    "ChosenStable: slot \(vote.slot) chosen in \(chosen.ballot), another in \(later.ballot)")
            }
        }
    }

    /// Whether a quorum's durable votes have decided `slot`.
    func isDecided(_ slot: Slot) -> Bool {
        (ledgers[slot] ?? []).contains { $0.voters.isReached(in: configuration) }
    }

    /// A message leaves: what it says must stand in its sender's rows.
    mutating func see(_ message: Message, from node: NodeID, rows: DurableRows) {
        switch message {
        case .prepare(let prepare):
            if rows.promised < prepare.ballot { early("prepare \(prepare.ballot)", node) }
        case .promise(let promise):
            if rows.promised < promise.ballot { early("promise \(promise.ballot)", node) }
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

    private func holds(_ ballot: Ballot, in slot: Slot, _ rows: DurableRows) -> Bool {
        rows.accepted[slot].map { $0.ballot >= ballot } ?? false
    }

    private mutating func early(_ what: String, _ node: NodeID) {
        object("PersistBeforeSend: node \(node) sends \(what) before it is durable")
    }
}
