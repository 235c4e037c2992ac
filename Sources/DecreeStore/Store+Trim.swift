package import Paxos

extension Store {
    /// Bytes of values and chunks a trim deletes at most, beside a single larger one: SQLite walks a long value's pages
    /// to free them.
    package static let trimBytes = 4 << 20

    /// Deletes at most `rows` rows of what is not needed, in one transaction: slots at or below their group's floor;
    /// snapshots a later complete one stands for; beginnings of snapshots that are at or below the latest complete one,
    /// or were begun before another. What is named in `keeping` is left.
    ///
    /// It tells nobody anything, so it counts as no step: the persist sequence stays. It may be called while a step
    /// waits for space on the disk, and makes some. On a disk so full that not even this can be written, it changes
    /// nothing.
    ///
    /// - Returns: whether there is more. Asking when there is nothing costs nothing.
    package func trim(keeping: [SnapshotHeader], rows limit: Int) throws(StoreError) -> Bool {
        try checkUsable()
        precondition(limit > 0, "no row is no progress")
        var next = lifecycle
        let unneeded = next.unneeded(keeping: keeping)
        for snapshot in unneeded { next.forget(snapshot.id) }
        guard !next.forgotten.isEmpty || !next.untrimmed.isEmpty else { return false }
        if connection.walPages >= checkpointPages { _ = try checkpoint() }
        var bite = TrimBite(rows: limit, bytes: Self.trimBytes)
        let pagesBefore = connection.walPages
        let isDurable = try transact { () throws(SQLiteError) in
            // First all rows that make bytes a snapshot: half of one must never pass for one.
            for id in next.forgotten {
                try connection.execute("DELETE FROM snapshot WHERE snapshot_id = \(id.rawValue)")
            }
            for id in next.forgotten where !bite.isFull {
                if try bite.deleteChunks(of: id, connection) { next.noteDeleted(id) }
            }
            for group in next.untrimmed.sorted() where !bite.isFull {
                let hasDeletedAll = try bite.deleteSlots(of: group, through: next.floor(group), connection)
                if hasDeletedAll { next.noteTrimmed(group) }
            }
        }
        guard isDurable else { return true }
        lifecycle = next
        counters.rowsTrimmed += UInt64(bite.deleted)
        counters.pagesLogged += UInt64(max(0, connection.walPages - pagesBefore))
        return !lifecycle.forgotten.isEmpty || !lifecycle.untrimmed.isEmpty
    }
}

/// What one trim may still delete.
private struct TrimBite {
    private var rows: Int
    private var bytes: Int
    private(set) var deleted = 0

    init(rows: Int, bytes: Int) {
        self.rows = rows
        self.bytes = bytes
    }

    var isFull: Bool { rows <= 0 || bytes <= 0 }

    /// Returns whether none are left.
    mutating func deleteChunks(of id: SnapshotID, _ connection: Connection) throws(SQLiteError) -> Bool {
        try delete(
            "snapshot_chunk", "length(bytes)", ChunkKey(id, 0).stored,
            ChunkKey(id, Int(UInt32.max)).stored, connection)
    }

    /// Returns whether none are left. A fact goes before its value.
    mutating func deleteSlots(
        of group: GroupID, through floor: Slot, _ connection: Connection
    ) throws(SQLiteError) -> Bool {
        let (first, last) = (RowKey(group, .zero).stored, RowKey(group, floor).stored)
        let isFree = try delete("chosen", "0", first, last, connection, share: 2)
        return try delete("accepted", "length(value)", first, last, connection) && isFree
    }

    /// Deletes the first rows between two keys, as many as fit in a share of the bite. Returns whether none are left.
    private mutating func delete(
        _ table: String, _ length: String, _ first: Int64, _ last: Int64, _ connection: Connection,
        share: Int = 1
    ) throws(SQLiteError) -> Bool {
        let limit = (rows + share - 1) / share
        guard limit > 0 else { return false }
        var end: Int64?
        var count = 0
        var found = 0
        try connection.query(
            """
            SELECT key, \(length) FROM \(table) WHERE key BETWEEN \(first) AND \(last) ORDER BY key \
            LIMIT \(limit + 1)
            """
        ) { row in
            found += 1
            guard count < limit, bytes > 0 || count == 0 else { return }
            end = row.integer(0)
            bytes -= Int(row.integer(1))
            count += 1
        }
        guard let end else { return true }
        try connection.execute("DELETE FROM \(table) WHERE key BETWEEN \(first) AND \(end)")
        rows -= count
        deleted += count
        return found == count
    }
}
