package import Paxos

extension Store {
    /// Reads a group back: gives `replay` every chosen slot from the first on, with the chain through it,
    /// then returns the promise and the votes above.
    ///
    /// Every row is held against its checksum and the chosen ones against their chain; a row that is not
    /// what was written, or is missing, is an error that names it, never skipped: an acceptor that does
    /// not know what it voted for must not vote (invariant CorruptIsNotAbsent).
    ///
    /// - Throws: `StoreError`, after which the store is given up, or what `replay` throws.
    package func recover(
        _ group: GroupID, replay: (AcceptedProposal, Digest) throws -> Void
    ) throws -> RecoveredVotes {
        try checkUsable()
        do {
            let through = try replayChosen(group, replay)
            let promised = try rows.promise(of: group).get()
            return RecoveredVotes(
                promised: promised, accepted: try votes(of: group, above: through, promised))
        } catch let error as SQLiteError {
            throw giveUp(error)
        } catch let error as StoreError {
            throw giveUp(error)
        }
    }

    private func replayChosen(
        _ group: GroupID, _ replay: (AcceptedProposal, Digest) throws -> Void
    ) throws -> Slot {
        var log = ChainVerifier(group: group)
        try rows.eachChosen(of: group) { slot, row in
            let row = try row.get()
            if let flaw = log.flaw(in: row) { throw flaw }
            try replay(row.decision, row.chain)
        }
        return log.through
    }

    private func votes(
        of group: GroupID, above through: Slot, _ promised: Ballot
    ) throws -> [AcceptedProposal] {
        var votes: [AcceptedProposal] = []
        try rows.eachVote(of: group, above: through) { slot, row in
            let vote = try row.get()
            guard vote.ballot <= promised else {
                throw StoreError.corrupt(
                    place: "accepted", group: group, slot: slot,
                    detail: "accepted in ballot \(vote.ballot), above the promise \(promised)")
            }
            votes.append(vote)
        }
        return votes
    }
}

/// Holds chosen rows, as they come, against their order and their chain.
struct ChainVerifier {
    let group: GroupID
    /// The last slot seen.
    private(set) var through = Slot.zero
    private var chain = Digest.zero

    init(group: GroupID) { self.group = group }

    /// What is wrong with the next row, if anything. It goes on from what the row says, so that one flaw
    /// is told once.
    mutating func flaw(in row: ChosenRow) -> StoreError? {
        let slot = row.decision.slot
        let before = through
        let expected = chain.chained(slot, row.decision.proposal.digest)
        through = slot
        chain = row.chain
        guard slot == before.next else {
            return flaw(slot, "the chosen slot before it is \(before)")
        }
        return expected == row.chain ? nil : flaw(slot, "the chain of chosen slots breaks here")
    }

    private func flaw(_ slot: Slot, _ detail: String) -> StoreError {
        .corrupt(place: "chosen", group: group, slot: slot, detail: detail)
    }
}
