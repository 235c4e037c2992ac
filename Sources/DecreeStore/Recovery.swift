import Paxos

/// Sorts a group's rows, as they are read back, into what is replayed, what counts as votes, and what is damaged.
struct Recovery {
    /// Slots from the first damaged one within which votes are kept apart, and bytes of them: as many as an acceptor
    /// keeps. With more, all chosen slots are learnt anew.
    static let voteSlots = 1_024
    static let voteBytes = 64 << 20

    let group: GroupID
    let promised: Ballot
    /// The last slot that is replayed.
    private(set) var through: Slot
    /// Intact votes above it, ascending.
    private(set) var votes: [AcceptedProposal] = []
    /// What can be had from other nodes.
    private(set) var flaws: [RowFlaw] = []
    /// The last slot of which this node does not know what it voted for; nil if it knows them all.
    private(set) var damagedThrough: Slot?

    private var log: ChainVerifier
    private var lastChosen: Slot
    private var bytes = 0

    init(group: GroupID, above snapshot: SnapshotHeader?, promised: Ballot) {
        self.group = group
        self.promised = promised
        through = snapshot?.slot ?? .zero
        lastChosen = through
        log = ChainVerifier(group: group, after: through, chain: snapshot?.chain ?? .zero)
    }

    /// In words what is damaged; nil if nothing is.
    var damage: String? {
        guard let first = flaws.first, let damagedThrough else { return nil }
        let others = flaws.count - 1
        return "\(first.place) slot \(first.slot): \(first.detail)"
            + (others > 0 ? ", and \(others) more" : "")
            + "; to be learnt from others through slot \(damagedThrough)"
    }

    /// Takes the next chosen slot; returns what is to be replayed, until something is damaged.
    mutating func take(
        _ slot: Slot, _ row: Result<ChosenRow, RowFlaw>
    ) throws(StoreError) -> (AcceptedProposal, Digest)? {
        lastChosen = slot
        switch row {
        case .success(let row):
            if let flaw = log.flaw(in: row) { throw flaw.error }
            guard damagedThrough == nil else { return nil }
            through = slot
            return (row.decision, row.chain)
        case .failure(let flaw):
            guard flaw.isRepairable else { throw flaw.error }
            if let gap = log.skip(flaw) { throw gap.error }
            note(flaw)
            return nil
        }
    }

    /// Takes the next accepted row above what is replayed.
    mutating func take(_ slot: Slot, vote row: Result<AcceptedProposal, RowFlaw>) throws(StoreError) {
        let vote: AcceptedProposal
        switch row {
        case .success(let intact): vote = intact
        case .failure(let flaw):
            guard flaw.isRepairable else { throw flaw.error }
            return note(flaw)
        }
        if vote.ballot > promised {
            // Only of a chosen slot may a value have been learnt in a ballot that was never promised. It is no vote.
            guard slot <= lastChosen else {
                throw .corrupt(
                    place: "accepted", group: group, slot: slot,
                    detail: "accepted in ballot \(vote.ballot), above the promise \(promised)")
            }
            return raise(to: slot)
        }
        if damagedThrough != nil, slot <= lastChosen {
            bytes += vote.proposal.bytes.count
            guard through.distance(to: slot) <= Self.voteSlots, bytes <= Self.voteBytes else {
                votes.removeAll { $0.slot <= lastChosen }
                return raise(to: lastChosen)
            }
        }
        votes.append(vote)
    }

    private mutating func note(_ flaw: RowFlaw) {
        // A slot's value is read with the fact that it is chosen, and among the votes once more.
        if flaws.count < Store.damageLimit,
            !flaws.contains(where: { $0.slot == flaw.slot && $0.place == flaw.place })
        {
            flaws.append(flaw)
        }
        raise(to: flaw.slot)
    }

    private mutating func raise(to slot: Slot) { damagedThrough = max(damagedThrough ?? slot, slot) }
}

/// Holds chosen rows, as they come, against their order and their chain.
struct ChainVerifier {
    let group: GroupID
    /// The last slot seen.
    private(set) var through: Slot
    /// The chain through it; nil if it is not known.
    private(set) var chain: Digest?

    /// For a log whose slots through `after` are behind: the chain through them, or nil if it is not known.
    init(group: GroupID, after: Slot = .zero, chain: Digest? = .zero) {
        self.group = group
        self.chain = chain
        through = after
    }

    /// What is wrong with the next row, if anything. It goes on from what the row says, so that one flaw
    /// is told once.
    mutating func flaw(in row: ChosenRow) -> RowFlaw? {
        let slot = row.decision.slot
        let before = through
        let expected = chain?.chained(slot, row.decision.proposal.digest)
        through = slot
        chain = row.chain
        guard slot == before.next else { return gap(slot, after: before) }
        guard let expected, expected != row.chain else { return nil }
        return flaw(slot, "the chain of chosen slots breaks here")
    }

    /// Passes over a row that is not what was written. What is wrong with its place, if anything.
    mutating func skip(_ row: RowFlaw) -> RowFlaw? {
        let before = through
        through = row.slot
        chain = row.chain
        return row.slot == before.next ? nil : gap(row.slot, after: before)
    }

    private func gap(_ slot: Slot, after before: Slot) -> RowFlaw {
        flaw(slot, "the chosen slot before it is \(before)")
    }

    private func flaw(_ slot: Slot, _ detail: String) -> RowFlaw {
        RowFlaw(place: "chosen", group: group, slot: slot, detail: detail)
    }
}
