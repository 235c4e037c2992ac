import Paxos

/// A row of `chosen` with the value that stands in `accepted`, and what vouches for both.
struct ChosenRow {
    /// The value, with a ballot it is known to be chosen in.
    let decision: AcceptedProposal
    /// The ballot of the accepted row: the same, or a higher one.
    let acceptedBallot: Ballot
    /// The chain through this slot, as it was written.
    let chain: Digest
}

/// Reads rows of slots back, and believes none that its checksum does not vouch for.
///
/// A row that is not what was written comes back as the `StoreError.corrupt` that names it: whether to
/// stop there (a node) or to note it and go on (a verifier) is the reader's business.
struct SlotRows {
    private let chosen: Statement
    private let allChosen: Statement
    private let allVotes: Statement
    private let promise: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        // A chosen slot without its value gives nulls rather than no row.
        let joined = """
            SELECT chosen.key, chosen.ballot, chosen.chain, chosen.checksum, \
            accepted.ballot, accepted.checksum, accepted.value \
            FROM chosen LEFT JOIN accepted ON accepted.key = chosen.key
            """
        chosen = try connection.prepare(
            joined + " WHERE chosen.key BETWEEN ?1 AND ?2 ORDER BY chosen.key")
        // Without bounds: a key that rotted might lie beyond any, and end the reading before the rows behind it.
        allChosen = try connection.prepare(joined + " ORDER BY chosen.key")
        allVotes = try connection.prepare(
            "SELECT key, ballot, checksum, value FROM accepted ORDER BY key")
        promise = try connection.prepare("SELECT ballot, checksum FROM promise WHERE group_id = ?1")
    }

    /// Gives the chosen slots of a range, ascending, until `body` returns false: for those who asked for them.
    func eachChosen(
        of group: GroupID, from first: Slot, through last: Slot,
        _ body: (Slot, Result<ChosenRow, StoreError>) throws -> Bool
    ) throws {
        try chosen.bind(1, RowKey(group, first).stored)
        try chosen.bind(2, RowKey(group, last).stored)
        try each(chosen) { row in
            let slot = RowKey.slot(in: row.integer(0))
            return try body(slot, chosenRow(row, group, slot))
        }
    }

    /// Gives every chosen slot of a group, ascending. The whole table is read: a row of another group that is not
    /// sound may be one of this group's whose key rotted.
    func eachChosen(
        of group: GroupID, _ body: (Slot, Result<ChosenRow, StoreError>) throws -> Void
    ) throws {
        try each(allChosen) { row in
            let slot = RowKey.slot(in: row.integer(0))
            let owner = RowKey.group(in: row.integer(0)) ?? group
            let row = try chosenRow(row, owner, slot)
            if owner != group, case .success = row { return true }
            try body(slot, row)
            return true
        }
    }

    /// Gives every accepted row of a group above a slot, ascending, as `eachChosen` gives the chosen ones. The
    /// rows up to that slot are those of chosen slots, and were read with them.
    func eachVote(
        of group: GroupID, above through: Slot,
        _ body: (Slot, Result<AcceptedProposal, StoreError>) throws -> Void
    ) throws {
        var before: Int64 = 0
        try each(allVotes) { row in
            let key = row.integer(0)
            let slot = RowKey.slot(in: key)
            let owner = RowKey.group(in: key) ?? group
            guard key > before else {
                try body(slot, .failure(flaw("accepted", owner, slot, "the rows are out of order here")))
                return true
            }
            before = key
            if owner == group, slot <= through { return true }
            let row = try vote(row, owner, slot, ballot: 1, checksum: 2, value: 3)
            if owner != group, case .success = row { return true }
            try body(slot, row)
            return true
        }
    }

    /// The group's promise; there is a row from the first day, so none is a row lost.
    func promise(of group: GroupID) throws(SQLiteError) -> Result<Ballot, StoreError> {
        try promise.bind(1, Int64(group.rawValue))
        guard try promise.next() else {
            try promise.reset()
            return .failure(flaw("promise", group, nil, "the row is missing"))
        }
        let ballot = Ballot(rawValue: promise.word(0))
        let checksum = promise.integer(1)
        try promise.reset()
        guard let ballot, RowChecksum.promise(group, ballot) == checksum else {
            return .failure(flaw("promise", group, nil, "the row differs from its checksum"))
        }
        return .success(ballot)
    }

    private func each(_ statement: Statement, _ body: (Statement) throws -> Bool) throws {
        do {
            while try statement.next(), try body(statement) {}
        } catch let error as SQLiteError {
            // Not reset: on a failed connection nothing more is called.
            throw error
        } catch {
            try statement.reset()
            throw error
        }
        try statement.reset()
    }

    private func chosenRow(
        _ row: Statement, _ group: GroupID, _ slot: Slot
    ) throws(SQLiteError) -> Result<ChosenRow, StoreError> {
        let chain = Digest(rawValue: row.word(2))
        guard let ballot = Ballot(rawValue: row.word(1)), ballot != .zero,
            RowChecksum.chosen(group, slot, ballot, chain: chain) == row.integer(3)
        else { return .failure(flaw("chosen", group, slot, "the row differs from its checksum")) }
        guard !row.isNull(6) else {
            return .failure(flaw("accepted", group, slot, "the row of a chosen slot is missing"))
        }
        let accepted: AcceptedProposal
        switch try vote(row, group, slot, ballot: 4, checksum: 5, value: 6) {
        case .success(let vote): accepted = vote
        case .failure(let error): return .failure(error)
        }
        guard ballot <= accepted.ballot else {
            return .failure(
                flaw(
                    "chosen", group, slot,
                    "chosen in ballot \(ballot), above \(accepted.ballot), where it was accepted"))
        }
        return .success(
            ChosenRow(
                decision: AcceptedProposal(slot: slot, ballot: ballot, proposal: accepted.proposal),
                acceptedBallot: accepted.ballot, chain: chain))
    }

    private func vote(
        _ row: Statement, _ group: GroupID, _ slot: Slot, ballot: Int32, checksum: Int32, value: Int32
    ) throws(SQLiteError) -> Result<AcceptedProposal, StoreError> {
        let proposal = Proposal(bytes: try row.blob(value))
        guard !proposal.bytes.isEmpty, let ballot = Ballot(rawValue: row.word(ballot)), ballot != .zero,
            RowChecksum.accepted(group, slot, ballot, proposal.digest) == row.integer(checksum)
        else { return .failure(flaw("accepted", group, slot, "the row differs from its checksum")) }
        return .success(AcceptedProposal(slot: slot, ballot: ballot, proposal: proposal))
    }

    private func flaw(_ table: String, _ group: GroupID, _ slot: Slot?, _ detail: String) -> StoreError {
        .corrupt(place: table, group: group, slot: slot, detail: detail)
    }
}
