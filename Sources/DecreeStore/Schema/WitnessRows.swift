import Paxos

/// The rows of `witness`.
enum WitnessRows {
    /// Each row, ascending by node, or what is wrong with it.
    static func read(
        _ connection: Connection, format: Int = Schema.format
    ) throws(SQLiteError) -> [Result<NodeWitness, StoreError>] {
        var found: [Result<NodeWitness, StoreError>] = []
        let ofStart =
            format >= StartRows.format
            ? "incarnation, process, began_at, is_voting" : "NULL, NULL, NULL, NULL"
        try connection.query(
            """
            SELECT node_id, store_id, persist_sequence, checksum, \(ofStart) FROM witness ORDER BY node_id
            """
        ) { row in
            let node = UInt16(exactly: row.integer(0)).flatMap(NodeID.init(rawValue:))
            guard let node, row.integer(1) >= 0 else {
                found.append(.failure(flaw(row.integer(0))))
                return
            }
            let seen =
                row.isNull(4)
                ? nil
                : SeenStart(
                    NodeStart(incarnation: row.word(4), process: row.word(5), beganAt: row.word(6)),
                    isVoting: row.integer(7) != 0)
            let witness = NodeWitness(
                node: node, store: StoreID(rawValue: row.word(1)), persistSequence: row.word(2), seen: seen)
            found.append(
                RowChecksum.witness(witness) == row.integer(3)
                    ? .success(witness) : .failure(flaw(row.integer(0))))
        }
        return found
    }

    private static func flaw(_ node: Int64) -> StoreError {
        .corrupt(
            place: "witness", group: nil, slot: nil,
            detail: "what was seen of node \(node) differs from its checksum")
    }
}
