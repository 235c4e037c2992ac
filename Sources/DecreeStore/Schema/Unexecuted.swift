import Paxos

/// Which commands of a chosen slot were not executed, as its row holds it: their indexes, ascending, of 4 bytes each,
/// little-endian. No byte says that all of them were; NULL, that nobody has looked, as under formats 1 and 2 and in a
/// backup.
enum Unexecuted {
    static func bytes(of indexes: [UInt32]?) -> [UInt8]? {
        guard let indexes else { return nil }
        var bytes: [UInt8] = []
        for index in indexes { bytes.appendInteger(index) }
        return bytes
    }

    /// What a row says whose checksum vouches for the bytes.
    static func indexes(in bytes: [UInt8]) -> [UInt32] {
        var reader = ByteReader(bytes[...])
        var indexes: [UInt32] = []
        while let index = reader.readInteger(UInt32.self) { indexes.append(index) }
        return indexes
    }

    /// Whether a store, which may be of an older format, has the column.
    static func isKept(in connection: Connection) throws(SQLiteError) -> Bool {
        let column = "SELECT count(*) FROM pragma_table_info('chosen') WHERE name = 'unexecuted'"
        return try connection.integer(column) == 1
    }
}
