package import Paxos

extension Store {
    /// Reads a group back: gives `restore` the latest complete snapshot, if there is one, and `replay` every chosen
    /// slot above it, with the chain through it; then returns the promise, the votes above, the floor, and what there
    /// is of a later snapshot.
    ///
    /// Every row is held against its checksum and the chosen ones against their chain. What is missing, out of order,
    /// or cannot be had from another node is an error that names it. A slot's row whose key is sound and whose value is
    /// not can be had from others: replaying ends before that slot, what is intact above counts as votes, and
    /// `damagedThrough` says through which slot this node does not know what it voted for (invariant
    /// CorruptIsNotAbsent).
    ///
    /// - Throws: `StoreError`, after which the store is given up, or what `restore` or `replay` throws.
    package func recover(
        _ group: GroupID, restore: (Snapshot) throws -> Void,
        replay: (AcceptedProposal, Digest) throws -> Void
    ) throws -> RecoveredVotes {
        try checkUsable()
        do {
            let header = try restoreSnapshot(group, restore)
            let above = header?.slot ?? .zero
            if let flaw = try rows.strayFlaw(of: group, from: above.next, among: groups) { throw flaw.error }
            let promised = try rows.promise(of: group).get()
            var recovery = Recovery(group: group, above: header, promised: promised)
            try rows.eachChosen(of: group, from: above.next) { slot, row in
                if let decision = try recovery.take(slot, row) { try replay(decision.0, decision.1) }
                return true
            }
            try rows.eachVote(of: group, from: recovery.through.next) { slot, row in
                try recovery.take(slot, vote: row)
                return true
            }
            for flaw in recovery.flaws { note(flaw) }
            return RecoveredVotes(
                promised: promised, accepted: recovery.votes, floor: lifecycle.floor(group),
                snapshot: header, partial: try intactPartial(group),
                damagedThrough: recovery.damagedThrough, damage: recovery.damage)
        } catch let error as SQLiteError {
            throw giveUp(error)
        } catch let error as StoreError {
            throw giveUp(error)
        }
    }

    private func restoreSnapshot(
        _ group: GroupID, _ restore: (Snapshot) throws -> Void
    ) throws -> SnapshotHeader? {
        guard let latest = lifecycle.latest(group) else { return nil }
        switch try snapshotRows.load(latest) {
        case .success(let snapshot): try restore(snapshot)
        case .failure(let flaw):
            throw StoreError.corrupt(
                place: "snapshot", group: group, slot: latest.header.slot, detail: flaw.detail)
        }
        return latest.header
    }

    /// The beginning of a snapshot: chunks from the first on without a gap, each as it was written.
    private func intactPartial(_ group: GroupID) throws(SQLiteError) -> PartialSnapshot? {
        guard let partial = lifecycle.partial(group) else { return nil }
        var intact = 0
        while intact < partial.chunks, case .intact = try snapshotRows.chunk(intact, of: partial) {
            intact += 1
        }
        lifecycle.noteIntact(chunks: intact, of: partial.id)
        return PartialSnapshot(header: partial.header, chunks: intact)
    }

    // MARK: Other tables

    /// What was seen of other nodes' stores, ascending by node.
    package func witnesses() throws(StoreError) -> [NodeWitness] {
        try checkUsable()
        var witnesses: [NodeWitness] = []
        for row in try naming({ () throws(SQLiteError) in try WitnessRows.read(connection) }) {
            do { witnesses.append(try row.get()) } catch { throw giveUp(error) }
        }
        return witnesses
    }

    /// Where other nodes were reached last, ascending by node. Of a row that rotted nothing is said: it can do without.
    package func places() throws(StoreError) -> [NodePlace] {
        try checkUsable()
        let rows = try naming({ () throws(SQLiteError) in try PlaceRows.read(connection) })
        return rows.compactMap { try? $0.get() }
    }

    /// A group's configurations, ascending; the genesis first.
    package func configurations(_ group: GroupID) throws(StoreError) -> [ConfigurationLog.Entry] {
        try checkUsable()
        var entries: [ConfigurationLog.Entry] = []
        for row in try naming({ () throws(SQLiteError) in try ConfigurationRows.read(connection, group) }) {
            do { entries.append(try row.get()) } catch { throw giveUp(error) }
        }
        return entries
    }

    /// The configuration a group was created with, as this store has it.
    package func configurationGenesis(_ group: GroupID) throws(StoreError) -> Configuration {
        guard let genesis = try configurations(group).first, genesis.from == .zero else {
            throw giveUp(
                .corrupt(
                    place: "configuration", group: group, slot: .zero, detail: "the row is missing"))
        }
        return genesis.configuration
    }

    private func naming<Result>(_ body: () throws(SQLiteError) -> Result) throws(StoreError) -> Result {
        do { return try body() } catch { throw giveUp(error) }
    }
}
