import Paxos

/// A row of `chosen` with the value that stands in `accepted`, and what vouches for both.
struct ChosenRow {
    /// The value, with a ballot it is known to be chosen in.
    let decision: AcceptedProposal
    /// The ballot of the accepted row: the same, or a higher one.
    let acceptedBallot: Ballot
    /// The chain through this slot, as it was written.
    let chain: Digest
    /// The indexes of its commands that were not executed, ascending; nil if that was not kept.
    let unexecuted: [UInt32]?
}

/// Reads rows of slots back, and believes none that its checksum does not vouch for.
///
/// A row that is not what was written comes back as the flaw that names it: whether to stop there, to do without it,
/// or to note it and go on is the reader's business.
struct SlotRows {
    private let connection: Connection
    private let chosen: Statement
    private let votes: Statement
    private let firstVote: Statement
    private let lastVote: Statement
    private let promise: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        let unexecuted = try Unexecuted.isKept(in: connection) ? "chosen.unexecuted" : "NULL"
        // A chosen slot without its value gives nulls rather than no row.
        chosen = try connection.prepare(
            """
            SELECT chosen.key, chosen.ballot, chosen.chain, chosen.checksum, \
            accepted.ballot, accepted.checksum, accepted.value, \(unexecuted) \
            FROM chosen LEFT JOIN accepted ON accepted.key = chosen.key \
            WHERE chosen.key BETWEEN ?1 AND ?2 ORDER BY chosen.key
            """)
        let vote =
            "SELECT key, ballot, checksum, value FROM accepted WHERE key BETWEEN ?1 AND ?2 ORDER BY key"
        votes = try connection.prepare(vote)
        firstVote = try connection.prepare(vote + " LIMIT 1")
        lastVote = try connection.prepare(vote + " DESC LIMIT 1")
        promise = try connection.prepare("SELECT ballot, checksum FROM promise WHERE group_id = ?1")
    }

    /// Gives the chosen slots of a range, ascending, until `body` returns false.
    func eachChosen(
        of group: GroupID, from first: Slot, through last: Slot = .maximum,
        _ body: (Slot, Result<ChosenRow, RowFlaw>) throws -> Bool
    ) throws {
        try chosen.bind(1, RowKey(group, first).stored)
        try chosen.bind(2, RowKey(group, last).stored)
        try each(chosen) { row in
            let slot = RowKey.slot(in: row.integer(0))
            return try body(slot, chosenRow(row, group, slot))
        }
    }

    /// Gives the accepted rows of a range, ascending, until `body` returns false.
    func eachVote(
        of group: GroupID, from first: Slot, through last: Slot = .maximum,
        _ body: (Slot, Result<AcceptedProposal, RowFlaw>) throws -> Bool
    ) throws {
        try votes.bind(1, RowKey(group, first).stored)
        try votes.bind(2, RowKey(group, last).stored)
        var before: Slot?
        try each(votes) { row in
            let slot = RowKey.slot(in: row.integer(0))
            guard before.map({ $0 < slot }) ?? true else {
                return try body(
                    slot, .failure(flaw("accepted", group, slot, "the rows are out of order here")))
            }
            before = slot
            return try body(slot, vote(row, group, slot, ballot: 1, checksum: 2, value: 3))
        }
    }

    /// What is wrong with rows that no reading of a group's slots from `first` on meets, and that may be such slots'
    /// all the same: a bit flipped in their keys. Pages keep their rows in the order of their keys, and quick_check
    /// finds what breaks it, so there are few places: the outermost rows below `first`, and beyond all groups.
    func strayFlaw(of group: GroupID, from first: Slot, among groups: [GroupID]) throws -> RowFlaw? {
        for table in ["chosen", "accepted"] {
            if let key = try strayKey(in: table, groups) {
                return flaw(
                    table, group, RowKey.slot(in: key), "the key \(key) is that of no group's slot")
            }
        }
        var found: RowFlaw?
        for outermost in [firstVote, lastVote] {
            try outermost.bind(1, RowKey(group, .zero).stored)
            try outermost.bind(2, RowKey(group, first).stored - 1)
            try each(outermost) { row in
                let slot = RowKey.slot(in: row.integer(0))
                if case .failure(let flaw) = try vote(row, group, slot, ballot: 1, checksum: 2, value: 3),
                    !flaw.isRepairable
                {
                    found = flaw
                }
                return false
            }
        }
        return found
    }

    private func strayKey(in table: String, _ groups: [GroupID]) throws(SQLiteError) -> Int64? {
        var from = Int64.min
        for group in groups.sorted() {
            // Slot 0 is none.
            let through = RowKey(group, .zero).stored
            if let key = try connection.integer(Self.anyKey(in: table, from, through)) { return key }
            from = RowKey(group, .maximum).stored + 1
        }
        return try connection.integer(Self.anyKey(in: table, from, .max))
    }

    private static func anyKey(in table: String, _ from: Int64, _ through: Int64) -> String {
        "SELECT key FROM \(table) WHERE key BETWEEN \(from) AND \(through) ORDER BY key LIMIT 1"
    }

    /// The group's promise; there is a row from the first day, so none is a row lost.
    func promise(of group: GroupID) throws(SQLiteError) -> Result<Ballot, StoreError> {
        func flaw(_ detail: String) -> Result<Ballot, StoreError> {
            .failure(.corrupt(place: "promise", group: group, slot: nil, detail: detail))
        }
        try promise.bind(1, Int64(group.rawValue))
        guard try promise.next() else {
            try promise.reset()
            return flaw("the row is missing")
        }
        let ballot = Ballot(rawValue: promise.word(0))
        let checksum = promise.integer(1)
        try promise.reset()
        guard let ballot, RowChecksum.promise(group, ballot) == checksum else {
            return flaw(RowFlaw.differs)
        }
        return .success(ballot)
    }

    /// The first slot of a range of which it was kept what of it was executed; nil if there is none. Those of which it
    /// was not were chosen under an older format, before all others: the range is halved.
    func firstLookedAt(of group: GroupID, from first: Slot, through last: Slot) throws(SQLiteError) -> Slot? {
        var (low, high) = (first.rawValue, last.rawValue + 1)
        while low < high {
            let middle = low + (high - low) / 2
            let key = RowKey(group, Slot(middle)).stored
            let isKept = "SELECT unexecuted IS NOT NULL FROM chosen WHERE key = \(key)"
            if try connection.integer(isKept) == 1 { high = middle } else { low = middle + 1 }
        }
        return low <= last.rawValue ? Slot(low) : nil
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
    ) throws(SQLiteError) -> Result<ChosenRow, RowFlaw> {
        let chain = Digest(rawValue: row.word(2))
        let ballot = Ballot(rawValue: row.word(1))
        let unexecuted = row.isNull(7) ? nil : try row.blob(7)
        guard let ballot, ballot != .zero,
            RowChecksum.chosen(group, slot, ballot, chain: chain, unexecuted: unexecuted) == row.integer(3)
        else {
            let checksum = row.integer(3)
            let isMoved = RowKey(group, slot).hasNeighbour { key in
                ballot.map {
                    RowChecksum.chosen(key.group, key.slot, $0, chain: chain, unexecuted: unexecuted)
                        == checksum
                } ?? false
            }
            return .failure(differing("chosen", group, slot, isMoved: isMoved))
        }
        guard !row.isNull(6) else {
            return .failure(flaw("accepted", group, slot, "the row of a chosen slot is missing"))
        }
        let accepted: AcceptedProposal
        switch try vote(row, group, slot, ballot: 4, checksum: 5, value: 6) {
        case .success(let vote): accepted = vote
        case .failure(var flaw):
            flaw.chain = chain
            return .failure(flaw)
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
                acceptedBallot: accepted.ballot, chain: chain,
                unexecuted: unexecuted.map(Unexecuted.indexes(in:))))
    }

    private func vote(
        _ row: Statement, _ group: GroupID, _ slot: Slot, ballot: Int32, checksum: Int32, value: Int32
    ) throws(SQLiteError) -> Result<AcceptedProposal, RowFlaw> {
        let proposal = Proposal(bytes: try row.blob(value))
        let ballot = Ballot(rawValue: row.word(ballot))
        let checksum = row.integer(checksum)
        guard !proposal.bytes.isEmpty, let ballot, ballot != .zero,
            RowChecksum.accepted(group, slot, ballot, proposal.digest) == checksum
        else {
            let isMoved = RowKey(group, slot).hasNeighbour { key in
                ballot.map {
                    RowChecksum.accepted(key.group, key.slot, $0, proposal.digest) == checksum
                } ?? false
            }
            return .failure(differing("accepted", group, slot, isMoved: isMoved))
        }
        return .success(AcceptedProposal(slot: slot, ballot: ballot, proposal: proposal))
    }

    /// A row that is not what was written. If it is that of another slot, it is lost there.
    private func differing(_ table: String, _ group: GroupID, _ slot: Slot, isMoved: Bool) -> RowFlaw {
        RowFlaw(place: table, group: group, slot: slot, detail: RowFlaw.differs, isRepairable: !isMoved)
    }

    private func flaw(_ table: String, _ group: GroupID, _ slot: Slot, _ detail: String) -> RowFlaw {
        RowFlaw(place: table, group: group, slot: slot, detail: detail)
    }
}
