package import Paxos

/// What two stores are compared by. These read the rows' words for it: `verify` is what doubts them.
extension StoreInspector {
    /// The last chosen slot of a group; zero if there is none.
    package func chosenThrough(of group: GroupID) throws(StoreError) -> Slot {
        try StoreError.naming(file) { () throws(SQLiteError) in
            var through = Slot.zero
            let (first, last) = (RowKey(group, .zero).stored, RowKey(group, .maximum).stored)
            try connection.query(
                "SELECT key FROM chosen WHERE key BETWEEN \(first) AND \(last) ORDER BY key DESC LIMIT 1"
            ) { row in through = RowKey.slot(in: row.integer(0)) }
            return through
        }
    }

    /// The chain through a chosen slot; nil if the slot is not chosen here.
    package func chain(of group: GroupID, at slot: Slot) throws(StoreError) -> Digest? {
        try StoreError.naming(file) { () throws(SQLiteError) in
            var chain: Digest?
            try connection.query("SELECT chain FROM chosen WHERE key = \(RowKey(group, slot).stored)") {
                row in
                chain = Digest(rawValue: row.word(0))
            }
            return chain
        }
    }
}
