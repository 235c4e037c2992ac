import Paxos

/// The rows of `configuration`: a group's genesis at slot 0, and what later slots are governed by.
enum ConfigurationRows {
    /// Each row of a group, ascending by slot, or what is wrong with it.
    static func read(
        _ connection: Connection, _ group: GroupID
    ) throws(SQLiteError) -> [Result<ConfigurationLog.Entry, StoreError>] {
        var found: [Result<ConfigurationLog.Entry, StoreError>] = []
        try connection.query(
            "SELECT slot, bytes, checksum FROM configuration WHERE group_id = \(group.rawValue) ORDER BY slot"
        ) { (row) throws(SQLiteError) in
            let bytes = try row.blob(1)
            let slot = Slot(rawValue: row.word(0))
            guard let slot, let configuration = Configuration(bytes: bytes),
                RowChecksum.configuration(group, slot, bytes) == row.integer(2)
            else {
                found.append(
                    .failure(
                        .corrupt(
                            place: "configuration", group: group, slot: slot,
                            detail: "the row differs from its checksum")))
                return
            }
            found.append(.success(ConfigurationLog.Entry(from: slot, configuration: configuration)))
        }
        return found
    }

    /// The groups as the cluster was created with them, told by the rows of slot 0.
    static func genesis(_ connection: Connection) throws(SQLiteError) -> Result<[StoreGroup], StoreError> {
        var groups: [(id: GroupID, kind: String)] = []
        try connection.query("SELECT group_id, kind FROM groups ORDER BY group_id") { row in
            guard let id = GroupID(stored: row.integer(0)) else { return }
            groups.append((id, row.text(1)))
        }
        var genesis: [StoreGroup] = []
        for group in groups {
            switch try read(connection, group.id).first {
            case .success(let entry)? where entry.from == .zero:
                genesis.append(
                    StoreGroup(id: group.id, kind: group.kind, configuration: entry.configuration))
            case .failure(let error)?: return .failure(error)
            case .success?, nil:
                return .failure(
                    .corrupt(
                        place: "configuration", group: group.id, slot: .zero, detail: "the row is missing"))
            }
        }
        return .success(genesis)
    }
}
