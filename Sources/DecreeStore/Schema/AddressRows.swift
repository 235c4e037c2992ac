import Paxos

/// The rows of `address`.
enum AddressRows {
    /// The first format that has them.
    static let format = 6

    /// Each row, ascending by node, or what is wrong with it.
    static func read(_ connection: Connection) throws(SQLiteError) -> [Result<
        (node: NodeID, address: String), StoreError
    >] {
        var found: [Result<(node: NodeID, address: String), StoreError>] = []
        try connection.query("SELECT node_id, address, checksum FROM address ORDER BY node_id") { row in
            let address = row.text(1)
            guard let node = UInt16(exactly: row.integer(0)).flatMap(NodeID.init(rawValue:)),
                RowChecksum.address(node, address) == row.integer(2)
            else {
                let detail = "where node \(row.integer(0)) was reached differs from its checksum"
                found.append(.failure(.corrupt(place: "address", group: nil, slot: nil, detail: detail)))
                return
            }
            found.append(.success((node, address)))
        }
        return found
    }
}
