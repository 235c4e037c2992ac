import CSQLite
import Paxos

/// The rows of a group in a node's database, as they lie on a disk: looked at by other code than the store's, on a copy.
struct DiskRows {
    /// The chosen slots, ascending.
    private(set) var chosen: [UInt64] = []
    /// The slots that have a value, ascending.
    private(set) var accepted: [UInt64] = []
    /// The complete snapshots' slots, ascending.
    private(set) var complete: [UInt64] = []
    /// Snapshots that have a row.
    private(set) var snapshots = 0
    /// Chunks, whosever they are.
    private(set) var chunks = 0

    /// Reads a copy of the disk; nil if SQLite cannot.
    init?(_ image: DiskImage, file: String, group: GroupID) {
        let disk = SimulatedDisk(image: image, seed: 1)
        disk.kill()
        var connection: OpaquePointer?
        defer { sqlite3_close_v2(connection) }
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(file, &connection, flags, disk.vfsName) == SQLITE_OK,
            sqlite3_exec(connection, "PRAGMA locking_mode = EXCLUSIVE", nil, nil, nil) == SQLITE_OK,
            let chosen = Self.column(Self.slots(of: group, in: "chosen"), connection),
            let accepted = Self.column(Self.slots(of: group, in: "accepted"), connection),
            let complete = Self.column(
                "SELECT slot FROM snapshot WHERE \(Self.isOf(group)) AND is_complete = 1 ORDER BY slot",
                connection),
            let snapshots = Self.column(
                "SELECT count(*) FROM snapshot WHERE \(Self.isOf(group))", connection)?.first,
            let chunks = Self.column("SELECT count(*) FROM snapshot_chunk", connection)?.first
        else { return nil }
        self.chosen = chosen
        self.accepted = accepted
        self.complete = complete
        self.snapshots = Int(snapshots)
        self.chunks = Int(chunks)
    }

    /// A key is the group and the slot, in 44 bits.
    private static func slots(of group: GroupID, in table: String) -> String {
        "SELECT key & 17592186044415 FROM \(table) WHERE key >> 44 = \(group.rawValue) ORDER BY key"
    }

    private static func isOf(_ group: GroupID) -> String { "group_id = \(group.rawValue)" }

    private static func column(_ query: String, _ connection: OpaquePointer?) -> [UInt64]? {
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        guard sqlite3_prepare_v2(connection, query, -1, &statement, nil) == SQLITE_OK else { return nil }
        var values: [UInt64] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: values.append(UInt64(bitPattern: sqlite3_column_int64(statement, 0)))
            case SQLITE_DONE: return values
            default: return nil
            }
        }
    }
}
