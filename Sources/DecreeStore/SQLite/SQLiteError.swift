import CSQLite

/// A return code of SQLite that was not the one wanted, and what was being done.
struct SQLiteError: Error {
    /// The extended result code.
    let code: Int32
    /// What was being done, in words.
    let operation: String

    /// The code's class, without its extension.
    var primaryCode: Int32 { code & 0xff }

    /// ENOSPC on a write. An fsync that finds the disk full is an I/O error instead (SQLITE_IOERR_FSYNC).
    var isDiskFull: Bool { primaryCode == SQLITE_FULL }

    /// Whether SQLite must not be called any more on the connection it came from.
    var isFatalToConnection: Bool { StoreError(self, file: "").isFatalToConnection }

    /// The code's name where it has one a person meets, and SQLite's words. `sqlite3_errstr` looks at no
    /// connection, so it may be asked even after one is given up.
    var explanation: String {
        let words = sqlite3_errstr(code).map { String(cString: $0) } ?? "unknown"
        return "\(Self.names[code & 0xffff].map { "\($0), " } ?? "")code \(code): \(words)"
    }

    private static let names: [Int32: String] = [
        10: "SQLITE_IOERR", 266: "SQLITE_IOERR_READ", 522: "SQLITE_IOERR_SHORT_READ",
        778: "SQLITE_IOERR_WRITE", 1034: "SQLITE_IOERR_FSYNC", 1290: "SQLITE_IOERR_DIR_FSYNC",
        1546: "SQLITE_IOERR_TRUNCATE", 1802: "SQLITE_IOERR_FSTAT", 3850: "SQLITE_IOERR_LOCK",
        11: "SQLITE_CORRUPT", 13: "SQLITE_FULL", 14: "SQLITE_CANTOPEN", 26: "SQLITE_NOTADB",
    ]
}
