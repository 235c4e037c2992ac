import Paxos

/// The rows of `floor`: one a group, from the day the table came to be, so that one that is missing is one lost.
enum FloorRows {
    /// Writes a floor of 0 for every group there is.
    static func create(_ connection: Connection) throws(SQLiteError) {
        var groups: [GroupID] = []
        try connection.query("SELECT group_id FROM groups") { row in
            if let group = GroupID(stored: row.integer(0)) { groups.append(group) }
        }
        let floor = try connection.prepare("INSERT INTO floor VALUES (?1, 0, ?2)")
        for group in groups {
            try floor.bind(1, Int64(group.rawValue))
            try floor.bind(2, RowChecksum.floor(group, .zero))
            try floor.run()
        }
    }

    /// A group's floor, or what is wrong with its row.
    static func read(
        _ connection: Connection, _ group: GroupID
    ) throws(SQLiteError) -> Result<Slot, StoreError> {
        var found: [(slot: UInt64, checksum: Int64)] = []
        try connection.query("SELECT slot, checksum FROM floor WHERE group_id = \(group.rawValue)") { row in
            found.append((row.word(0), row.integer(1)))
        }
        func flaw(_ detail: String) -> Result<Slot, StoreError> {
            .failure(.corrupt(place: "floor", group: group, slot: nil, detail: detail))
        }
        guard let row = found.first else { return flaw("the row is missing") }
        guard let slot = Slot(rawValue: row.slot), RowChecksum.floor(group, slot) == row.checksum else {
            return flaw("the row differs from its checksum")
        }
        return .success(slot)
    }
}
