import Paxos

/// The one row of `node`: whose store it is, and how far it has come.
struct NodeRow {
    let cluster: String
    let node: UInt16
    let storeID: StoreID
    let format: Int
    let genesis: Digest
    let persistSequence: PersistSequence

    /// What of the row never changes, for its checksum.
    var identity: Digest { Self.identity(cluster: cluster, node: node, genesis: genesis) }

    static func identity(cluster: String, node: UInt16, genesis: Digest) -> Digest {
        var bytes = Array(cluster.utf8)
        bytes.appendInteger(node)
        bytes.appendInteger(genesis.rawValue)
        return Digest(of: bytes)
    }

    /// The digest of what a cluster is created with: its name and its groups.
    static func genesis(cluster: String, groups: [StoreGroup]) -> Digest {
        var bytes = Array(cluster.utf8)
        bytes.append(0)
        for group in groups.sorted(by: { $0.id < $1.id }) {
            bytes.appendInteger(group.id.rawValue)
            bytes.append(contentsOf: group.kind.utf8)
            bytes.append(0)
            bytes.append(contentsOf: group.configuration.bytes)
        }
        return Digest(of: bytes)
    }

    /// Reads the row, or says what is wrong with it.
    static func read(_ connection: Connection, file: String) throws(StoreError) -> NodeRow {
        var rows: [(row: NodeRow, checksum: Int64, isInRange: Bool)] = []
        try StoreError.naming(file) { () throws(SQLiteError) in
            try connection.query(
                "SELECT cluster, node_id, store_id, format, genesis, persist_sequence, checksum FROM node"
            ) { row in
                let node = NodeRow(
                    cluster: row.text(0), node: UInt16(truncatingIfNeeded: row.integer(1)),
                    storeID: StoreID(rawValue: row.word(2)), format: Int(row.integer(3)),
                    genesis: Digest(rawValue: row.word(4)), persistSequence: row.word(5))
                rows.append((node, row.integer(6), row.integer(1) == Int64(node.node) && row.integer(2) >= 0))
            }
        }
        guard rows.count == 1, let found = rows.first else {
            throw .corrupt(place: "node", group: nil, slot: nil, detail: "\(rows.count) rows, not 1")
        }
        let row = found.row
        guard found.isInRange,
            RowChecksum.node(row.identity, row.storeID, row.persistSequence) == found.checksum
        else {
            throw .corrupt(
                place: "node", group: nil, slot: nil, detail: "the row differs from its checksum")
        }
        return row
    }

    /// Writes what makes empty tables the store of `identity`.
    static func create(
        _ connection: Connection, identity: StoreIdentity, groups: [StoreGroup], storeID: StoreID
    ) throws(SQLiteError) {
        let genesis = genesis(cluster: identity.cluster, groups: groups)
        let whose = Self.identity(cluster: identity.cluster, node: identity.node.rawValue, genesis: genesis)
        let node = try connection.prepare("INSERT INTO node VALUES (?1, ?2, ?3, 0, ?4, 0, ?5)")
        try node.bind(1, identity.cluster)
        try node.bind(2, Int64(identity.node.rawValue))
        try node.bind(3, Int64(storeID.rawValue))
        try node.bind(4, Int64(bitPattern: genesis.rawValue))
        try node.bind(5, RowChecksum.node(whose, storeID, 0))
        try node.run()

        let groupRow = try connection.prepare("INSERT INTO groups VALUES (?1, ?2)")
        let promise = try connection.prepare("INSERT INTO promise VALUES (?1, 0, ?2)")
        let configuration = try connection.prepare("INSERT INTO configuration VALUES (?1, 0, ?2, ?3)")
        for group in groups {
            let id = Int64(group.id.rawValue)
            try groupRow.bind(1, id)
            try groupRow.bind(2, group.kind)
            try groupRow.run()
            try promise.bind(1, id)
            try promise.bind(2, RowChecksum.promise(group.id, .zero))
            try promise.run()
            let bytes = group.configuration.bytes
            try configuration.bind(1, id)
            try configuration.bind(2, copying: bytes)
            try configuration.bind(3, RowChecksum.configuration(group.id, .zero, bytes))
            try configuration.run()
        }
    }
}
