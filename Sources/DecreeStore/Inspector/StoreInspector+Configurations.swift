package import Paxos

extension StoreInspector {
    /// A group's configurations, ascending; the genesis first.
    package func configurations(of group: GroupID) throws(StoreError) -> [ConfigurationLog.Entry] {
        var entries: [ConfigurationLog.Entry] = []
        let rows = try StoreError.naming(file) { () throws(SQLiteError) in
            try ConfigurationRows.read(connection, group)
        }
        for row in rows { entries.append(try row.get()) }
        return entries
    }
}
