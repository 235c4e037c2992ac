import Paxos

/// The rows of `place`.
enum PlaceRows {
    /// The first format that has them.
    static let format = 6

    /// Each row, ascending by node, or what is wrong with it.
    static func read(_ connection: Connection) throws(SQLiteError) -> [Result<NodePlace, StoreError>] {
        var found: [Result<NodePlace, StoreError>] = []
        try connection.query("SELECT node_id, address, configured, checksum FROM place ORDER BY node_id") {
            row in
            let node = UInt16(exactly: row.integer(0)).flatMap(NodeID.init(rawValue:))
            let place = node.map { NodePlace(node: $0, address: row.text(1), configured: row.text(2)) }
            guard let place, RowChecksum.place(place) == row.integer(3) else {
                let detail = "where node \(row.integer(0)) was reached differs from its checksum"
                found.append(.failure(.corrupt(place: "place", group: nil, slot: nil, detail: detail)))
                return
            }
            found.append(.success(place))
        }
        return found
    }
}
