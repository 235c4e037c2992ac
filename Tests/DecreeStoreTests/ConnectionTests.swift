import CSQLite
import Testing

@testable import DecreeStore

/// A query that fails in the middle leaves nothing behind that keeps a file open, or its log from being copied.
@Suite struct ConnectionTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A connection that has failed in a query with `code`, and its statement in the middle.
    private func connection(failing code: Int32) throws -> Connection {
        let connection = try Connection(path: directory.database, vfs: nil, mode: .readWrite)
        try connection.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
        #expect(throws: SQLiteError.self) {
            try connection.query("SELECT a FROM t") { (_) throws(SQLiteError) in
                throw SQLiteError(code: code, operation: "a row")
            }
        }
        return connection
    }

    @Test func aQueryThatFailedKeepsTheLogFromNothing() throws {
        let connection = try connection(failing: SQLITE_CORRUPT)
        #expect(try connection.checkpoint() > 0)
        try connection.close()
    }

    /// After an I/O error its statement is left alone, until somebody decides to close.
    @Test func whatAnErrorLeftBehindIsClosed() throws {
        let connection = try connection(failing: SQLITE_IOERR)
        #expect(throws: SQLiteError.self) { try connection.checkpoint() }
        try connection.close()
    }
}
