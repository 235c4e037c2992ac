import Paxos

/// Reads rows of slots back, and believes none that its checksum does not vouch for.
enum SlotRow {
    /// Chosen slots with the values that stand in `accepted`, ascending; a value that is missing gives
    /// nulls rather than no row.
    static let chosenQuery = """
        SELECT chosen.key, chosen.ballot, chosen.chain, chosen.checksum, \
        accepted.ballot, accepted.checksum, accepted.value \
        FROM chosen LEFT JOIN accepted ON accepted.key = chosen.key \
        WHERE chosen.key BETWEEN ?1 AND ?2 ORDER BY chosen.key
        """

    /// Accepted rows, ascending.
    static let acceptedQuery = """
        SELECT key, ballot, checksum, value FROM accepted WHERE key BETWEEN ?1 AND ?2 ORDER BY key
        """

    /// A chosen slot: the value, the ballot it is known to be chosen in, the one it was accepted in, and
    /// the chain through it.
    struct Chosen {
        let decision: AcceptedProposal
        let acceptedBallot: Ballot
        let chain: Digest
    }

    /// What is wrong with a row.
    struct Flaw: Error {
        let table: String
        let slot: Slot
        let detail: String

        func error(_ group: GroupID) -> StoreError {
            .corrupt(place: table, group: group, slot: slot, detail: detail)
        }
    }

    /// Why a row could not be had.
    enum Failure: Error {
        case flaw(Flaw)
        case sqlite(SQLiteError)
    }

    /// The row `chosenQuery` stands at.
    static func chosen(_ row: Statement, of group: GroupID) throws(Failure) -> Chosen {
        let slot = RowKey.slot(in: row.integer(0))
        let chain = Digest(rawValue: row.word(2))
        guard let ballot = Ballot(rawValue: row.word(1)), ballot != .zero,
            RowChecksum.chosen(group, slot, ballot, chain: chain) == row.integer(3)
        else {
            throw .flaw(Flaw(table: "chosen", slot: slot, detail: "the row differs from its checksum"))
        }
        guard !row.isNull(6) else {
            throw .flaw(Flaw(table: "accepted", slot: slot, detail: "the row of a chosen slot is missing"))
        }
        let accepted = try vote(row, of: group, slot: slot, ballot: 4, checksum: 5, value: 6)
        guard ballot <= accepted.ballot else {
            throw .flaw(
                Flaw(
                    table: "chosen", slot: slot,
                    detail: "chosen in ballot \(ballot), above \(accepted.ballot), where it was accepted"))
        }
        return Chosen(
            decision: AcceptedProposal(slot: slot, ballot: ballot, proposal: accepted.proposal),
            acceptedBallot: accepted.ballot, chain: chain)
    }

    /// The row `acceptedQuery` stands at.
    static func accepted(_ row: Statement, of group: GroupID) throws(Failure) -> AcceptedProposal {
        try vote(row, of: group, slot: RowKey.slot(in: row.integer(0)), ballot: 1, checksum: 2, value: 3)
    }

    private static func vote(
        _ row: Statement, of group: GroupID, slot: Slot, ballot: Int32, checksum: Int32, value: Int32
    ) throws(Failure) -> AcceptedProposal {
        let bytes: [UInt8]
        do { bytes = try row.blob(value) } catch { throw .sqlite(error) }
        let proposal = Proposal(bytes: bytes)
        guard !bytes.isEmpty, let ballot = Ballot(rawValue: row.word(ballot)), ballot != .zero,
            RowChecksum.accepted(group, slot, ballot, proposal.digest) == row.integer(checksum)
        else {
            throw .flaw(Flaw(table: "accepted", slot: slot, detail: "the row differs from its checksum"))
        }
        return AcceptedProposal(slot: slot, ballot: ballot, proposal: proposal)
    }
}
