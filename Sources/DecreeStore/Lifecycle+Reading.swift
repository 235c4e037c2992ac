import Paxos

extension Lifecycle {
    /// Reads what the tables have; a floor that no snapshot stands for is a snapshot lost.
    init(
        reading connection: Connection, _ rows: SnapshotRows, _ groups: [GroupID], file: String
    ) throws(StoreError) {
        var floors: [GroupID: Slot] = [:]
        for group in groups {
            floors[group] = try StoreError.naming(file) { () throws(SQLiteError) in
                try FloorRows.read(connection, group)
            }.get()
        }
        var kept: [KeptSnapshot] = []
        for row in try StoreError.naming(file, { () throws(SQLiteError) in try rows.snapshots() }) {
            kept.append(try row.get())
        }
        var chunks: [ChunkKey] = []
        try StoreError.naming(file) { () throws(SQLiteError) in
            try rows.eachChunkKey { chunks.append($0) }
        }
        self.init(groups: groups, floors: floors, kept, chunks: chunks)
        for group in groups {
            let through = latest(group)?.header.slot ?? .zero
            guard floor(group) <= through else {
                throw .corrupt(
                    place: "floor", group: group, slot: floor(group),
                    detail:
                        "no snapshot stands for the slots through it, the latest for those through \(through)"
                )
            }
        }
    }
}
