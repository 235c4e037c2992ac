import Paxos

/// The row of `founding`, if there is one.
enum FoundingRows {
    static func read(_ connection: Connection, file: String) throws(StoreError) -> FoundingRecord? {
        var found: [(tokens: [UInt8], isComplete: Int64, checksum: Int64)] = []
        try StoreError.naming(file) { () throws(SQLiteError) in
            try connection.query("SELECT tokens, is_complete, checksum FROM founding") {
                (row) throws(SQLiteError) in
                found.append((try row.blob(0), row.integer(1), row.integer(2)))
            }
        }
        guard let row = found.first else { return nil }
        guard found.count == 1, row.tokens.count % 8 == 0, (0...1).contains(row.isComplete),
            RowChecksum.founding(row.tokens, isComplete: row.isComplete == 1) == row.checksum
        else {
            throw .corrupt(
                place: "founding", group: nil, slot: nil, detail: "the row differs from its checksum")
        }
        return FoundingRecord(bytes: row.tokens, isComplete: row.isComplete == 1)
    }

    static func write(_ record: FoundingRecord, to connection: Connection) throws(SQLiteError) {
        let row = try connection.prepare("INSERT OR REPLACE INTO founding VALUES (1, ?1, ?2, ?3)")
        try row.bind(1, copying: record.bytes)
        try row.bind(2, record.isComplete ? 1 : 0)
        try row.bind(3, RowChecksum.founding(record.bytes, isComplete: record.isComplete))
        try row.run()
    }
}
