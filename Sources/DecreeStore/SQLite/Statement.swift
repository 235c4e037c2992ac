import CSQLite

/// One prepared statement. It belongs to its connection, which finalizes it; there is no `deinit`, for on
/// a connection that failed not even `sqlite3_finalize` may be called.
final class Statement {
    private let handle: OpaquePointer
    private let operation: String

    init(_ handle: OpaquePointer, operation: String) {
        self.handle = handle
        self.operation = operation
    }

    // MARK: Parameters, from 1

    func bind(_ index: Int32, _ value: Int64) throws(SQLiteError) {
        try check(sqlite3_bind_int64(handle, index, value))
    }

    /// The same, or NULL.
    func bind(_ index: Int32, _ value: Int64?) throws(SQLiteError) {
        guard let value else { return try check(sqlite3_bind_null(handle, index)) }
        try bind(index, value)
    }

    func bind(_ index: Int32, _ value: String) throws(SQLiteError) {
        try check(sqlite3_bind_text(handle, index, value, -1, decree_sqlite3_transient()))
    }

    /// SQLite makes a copy: for blobs that are written once.
    func bind(_ index: Int32, copying bytes: [UInt8]) throws(SQLiteError) {
        try check(
            bytes.withUnsafeBytes {
                sqlite3_bind_blob64(
                    handle, index, $0.baseAddress, UInt64($0.count), decree_sqlite3_transient())
            })
    }

    /// The same, or NULL. No byte is a blob of none, for which SQLite has a function of its own: an empty array may
    /// have no address, and that would say NULL.
    func bind(_ index: Int32, copying bytes: [UInt8]?) throws(SQLiteError) {
        switch bytes {
        case .none: try check(sqlite3_bind_null(handle, index))
        case .some(let bytes) where bytes.isEmpty: try check(sqlite3_bind_zeroblob(handle, index, 0))
        case .some(let bytes): try bind(index, copying: bytes)
        }
    }

    // MARK: Running

    /// Runs to its end a statement that gives no rows, and resets it.
    func run() throws(SQLiteError) {
        let code = sqlite3_step(handle)
        guard code == SQLITE_DONE else { throw SQLiteError(code: code, operation: operation) }
        try reset()
    }

    /// Runs with `bytes` in place, uncopied, as the parameter at `index`. The parameter is cleared before
    /// the bytes may move.
    func run(lending bytes: [UInt8], at index: Int32) throws(SQLiteError) {
        try run(lending: bytes[...], at: index)
    }

    /// The same with a slice.
    func run(lending bytes: ArraySlice<UInt8>, at index: Int32) throws(SQLiteError) {
        let code = bytes.withUnsafeBytes { buffer -> Int32 in
            let bound = sqlite3_bind_blob64(handle, index, buffer.baseAddress, UInt64(buffer.count), nil)
            guard bound == SQLITE_OK else { return bound }
            let stepped = sqlite3_step(handle)
            guard stepped == SQLITE_DONE else { return stepped }
            let reset = sqlite3_reset(handle)
            guard reset == SQLITE_OK else { return reset }
            return sqlite3_bind_null(handle, index)
        }
        try check(code)
    }

    /// Steps to the next row; false at the end.
    func next() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw SQLiteError(code: code, operation: operation)
        }
    }

    func reset() throws(SQLiteError) { try check(sqlite3_reset(handle)) }

    // MARK: Columns of the row, from 0

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func word(_ column: Int32) -> UInt64 { UInt64(bitPattern: integer(column)) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func text(_ column: Int32) -> String {
        guard let text = sqlite3_column_text(handle, column) else { return "" }
        return String(cString: text)
    }

    func blob(_ column: Int32) throws(SQLiteError) -> [UInt8] {
        let pointer = sqlite3_column_blob(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        guard count > 0 else { return [] }
        // A blob that has bytes but no address could not be read into memory.
        guard let pointer else { throw SQLiteError(code: SQLITE_NOMEM, operation: operation) }
        return [UInt8](UnsafeRawBufferPointer(start: pointer, count: count))
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw SQLiteError(code: code, operation: operation) }
    }
}
