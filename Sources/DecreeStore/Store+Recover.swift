package import Paxos

extension Store {
    /// Reads a group back: gives `replay` every chosen slot from the first on, with the chain through it,
    /// then returns the promise and the votes above.
    ///
    /// Every row is held against its checksum and the chosen ones against their chain; a row that is not
    /// what was written, or is missing, is an error that names it, never skipped: an acceptor that does
    /// not know what it voted for must not vote (invariant CorruptIsNotAbsent).
    ///
    /// - Throws: `StoreError`, or what `replay` throws.
    package func recover(
        _ group: GroupID, replay: (AcceptedProposal, Digest) throws -> Void
    ) throws -> RecoveredVotes {
        try checkUsable()
        let through: Slot
        do {
            through = try replayChosen(group, replay)
        } catch {
            throw translated(error, group)
        }
        do {
            let promised = try promise(of: group)
            let votes = try votes(of: group, above: through, promised: promised)
            return RecoveredVotes(promised: promised, accepted: votes)
        } catch {
            throw translated(error, group)
        }
    }

    /// What an error met on the way means; one of `replay`'s own is left alone, and the store is good.
    private func translated(_ error: any Error, _ group: GroupID) -> any Error {
        switch error {
        case let error as SQLiteError: giveUp(error)
        case SlotRow.Failure.sqlite(let error): giveUp(error)
        case SlotRow.Failure.flaw(let flaw): giveUp(flaw.error(group))
        default: error
        }
    }

    private func replayChosen(
        _ group: GroupID, _ replay: (AcceptedProposal, Digest) throws -> Void
    ) throws -> Slot {
        let statement = statements.chosen
        try statement.bind(1, RowKey(group, .zero).stored)
        try statement.bind(2, RowKey(group, .maximum).stored)
        var through = Slot.zero
        var chain = Digest.zero
        while try statement.next() {
            let row = try SlotRow.chosen(statement, of: group)
            guard row.decision.slot == through.next else {
                throw SlotRow.Failure.flaw(
                    .init(
                        table: "chosen", slot: row.decision.slot,
                        detail: "the slot before it in the table is \(through)"))
            }
            through = row.decision.slot
            chain = chain.chained(through, row.decision.proposal.digest)
            guard chain == row.chain else {
                throw SlotRow.Failure.flaw(
                    .init(table: "chosen", slot: through, detail: "the chain of chosen slots is broken here"))
            }
            do {
                try replay(row.decision, chain)
            } catch {
                try statement.reset()
                throw error
            }
        }
        try statement.reset()
        return through
    }

    private func promise(of group: GroupID) throws -> Ballot {
        let statement = statements.promise
        try statement.bind(1, Int64(group.rawValue))
        guard try statement.next() else {
            throw giveUp(
                .corrupt(place: "promise", group: group, slot: nil, detail: "the row is missing"))
        }
        guard let ballot = Ballot(rawValue: statement.word(0)),
            RowChecksum.promise(group, ballot) == statement.integer(1)
        else {
            throw giveUp(
                .corrupt(
                    place: "promise", group: group, slot: nil, detail: "the row differs from its checksum"))
        }
        try statement.reset()
        return ballot
    }

    private func votes(
        of group: GroupID, above through: Slot, promised: Ballot
    ) throws -> [AcceptedProposal] {
        let statement = statements.accepted
        try statement.bind(1, RowKey(group, through).stored + 1)
        try statement.bind(2, RowKey(group, .maximum).stored)
        var votes: [AcceptedProposal] = []
        while try statement.next() {
            let vote = try SlotRow.accepted(statement, of: group)
            guard vote.ballot <= promised else {
                throw SlotRow.Failure.flaw(
                    .init(
                        table: "accepted", slot: vote.slot,
                        detail: "accepted in ballot \(vote.ballot), above the promise \(promised)"))
            }
            votes.append(vote)
        }
        try statement.reset()
        return votes
    }
}
