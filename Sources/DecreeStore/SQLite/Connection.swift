import CSQLite

/// The one connection to a store's database: opening, preparing, checkpointing, every return code looked
/// at. It has no `deinit`: after an I/O error nothing of SQLite may be called on it again, so closing is
/// always somebody's decision.
final class Connection {
    private let handle: OpaquePointer
    /// Between a connection that writes and its VFS. Freed when the connection has been closed: of one that is given
    /// up, it stays.
    private let gathering: GatheringVFS?
    private var statements: [OpaquePointer] = []
    /// Pages in the write-ahead log after the last commit, checkpointed ones included.
    fileprivate(set) var walPages = 0
    /// What these take in the log's file: its header, and a frame a page.
    var walBytes: Int { walPages == 0 ? 0 : 32 + walPages * (24 + 4_096) }

    /// How to open.
    enum Mode {
        /// For the node: created if it is not there.
        case readWrite
        /// For tools; nothing is written.
        case readOnly
        /// For tools, where there is no write-ahead log to be read: SQLite then takes no lock and makes
        /// no file.
        case immutable
    }

    /// Opens `path`, a plain file name, with the VFS of that name or the default one.
    init(path: String, vfs: String?, mode: Mode) throws(SQLiteError) {
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        var name = path
        switch mode {
        case .readWrite: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        case .readOnly: flags |= SQLITE_OPEN_READONLY
        case .immutable:
            flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            name = "file:\(Self.escaped(path))?immutable=1"
        }
        gathering = mode == .readWrite ? GatheringVFS(over: vfs) : nil
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(name, &opened, flags, gathering?.name ?? vfs)
        guard code == SQLITE_OK, let opened else {
            // Nothing was read or written yet, so this close does nothing but free memory.
            sqlite3_close_v2(opened)
            gathering?.free()
            throw SQLiteError(code: code, operation: "opening \(path)")
        }
        handle = opened
    }

    /// Keeps `close` from checkpointing what may not be durable. Returns whether it is in force.
    func forbidCheckpointOnClose() -> Bool {
        var isOn: Int32 = 0
        return decree_sqlite3_no_checkpoint_on_close(handle, 1, &isOn) == SQLITE_OK && isOn == 1
    }

    /// Counts the pages of the write-ahead log from here on. It takes the place of the hook behind
    /// `wal_autocheckpoint`, which is off.
    func watchWAL() {
        _ = sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().walPages = Int(pages)
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Prepares a statement that is kept until the connection is closed.
    func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw SQLiteError(code: code, operation: sql) }
        statements.append(prepared)
        return Statement(prepared, operation: sql)
    }

    /// Runs statements that give no rows anybody wants.
    func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else {
            throw SQLiteError(code: code, operation: String(sql.prefix(120)))
        }
    }

    /// Gives each row of a query, once, to `row`.
    func query(_ sql: String, _ row: (Statement) throws(SQLiteError) -> Void) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, 0, &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw SQLiteError(code: code, operation: sql) }
        let statement = Statement(prepared, operation: sql)
        do {
            while try statement.next() { try row(statement) }
        } catch {
            // A statement that is left keeps its connection from being checkpointed. After an I/O error nothing is called
            // any more, not even this.
            if !error.isFatalToConnection { _ = sqlite3_finalize(prepared) }
            throw error
        }
        let finalized = sqlite3_finalize(prepared)
        guard finalized == SQLITE_OK else { throw SQLiteError(code: finalized, operation: sql) }
    }

    /// The first column of a query's last row as text; nil without a row.
    func text(_ sql: String) throws(SQLiteError) -> String? {
        var result: String?
        try query(sql) { (row) throws(SQLiteError) in result = row.text(0) }
        return result
    }

    /// The first column of a query's last row; nil without a row.
    func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        var result: Int64?
        try query(sql) { (row) throws(SQLiteError) in result = row.integer(0) }
        return result
    }

    /// Whether a transaction is open.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Ends a transaction that met a full disk. The codes of the resets are not looked at: a reset repeats
    /// the error of the step before it.
    func rollBack() throws(SQLiteError) {
        for statement in statements { _ = sqlite3_reset(statement) }
        if isInTransaction { try execute("ROLLBACK") }
        guard !isInTransaction else {
            throw SQLiteError(code: SQLITE_ERROR, operation: "a rollback left the transaction open")
        }
    }

    /// Copies the whole write-ahead log into the database, so that the next commit starts it anew with
    /// another salt. Returns the pages in the log.
    ///
    /// PASSIVE, for with one connection it does what RESTART does, as long as no statement reads: both are
    /// asserted, else the log would grow for ever.
    func checkpoint() throws(SQLiteError) -> Int {
        guard !hasBusyStatement else {
            throw SQLiteError(code: SQLITE_MISUSE, operation: "a checkpoint while a statement is open")
        }
        var logged: Int32 = -1
        var copied: Int32 = -1
        let code = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &logged, &copied)
        guard code == SQLITE_OK else { throw SQLiteError(code: code, operation: "checkpoint") }
        guard logged >= 0, logged == copied else {
            throw SQLiteError(
                code: SQLITE_ERROR, operation: "a checkpoint copied \(copied) of \(logged) pages")
        }
        walPages = 0
        return Int(logged)
    }

    private var hasBusyStatement: Bool {
        var statement = sqlite3_next_stmt(handle, nil)
        while let current = statement {
            if sqlite3_stmt_busy(current) != 0 { return true }
            statement = sqlite3_next_stmt(handle, current)
        }
        return false
    }

    /// Finalizes every statement and closes. Never called on a connection that failed.
    func close() throws(SQLiteError) {
        finalizeAll()
        let code = sqlite3_close(handle)
        guard code == SQLITE_OK else { throw SQLiteError(code: code, operation: "close") }
        gathering?.free()
    }

    /// Frees the memory of a connection that failed. Only for whoever can say that nothing of it reaches a disk
    /// any more.
    fileprivate func free() {
        finalizeAll()
        _ = sqlite3_close_v2(handle)
        gathering?.free()
    }

    /// Those too that an error left behind: with one that is not, SQLite keeps the file and its lock.
    private func finalizeAll() {
        while let statement = sqlite3_next_stmt(handle, nil) { _ = sqlite3_finalize(statement) }
        statements = []
    }

    /// A path inside a `file:` URI.
    private static func escaped(_ path: String) -> String {
        var escaped = ""
        for character in path {
            switch character {
            case "%": escaped += "%25"
            case "?": escaped += "%3f"
            case "#": escaped += "%23"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}

/// The connection of a store that met an I/O error. No function of SQLite is called on it: a server's process
/// ends soon after. A simulator, which outlives the process it simulates, frees it when the simulated machine has
/// been restarted and nothing of it reaches the disk.
package struct FailedConnection {
    let connection: Connection

    /// Frees its memory. Once.
    package func free() { connection.free() }
}
