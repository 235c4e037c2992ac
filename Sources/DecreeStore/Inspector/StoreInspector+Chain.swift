package import Paxos

/// What two stores are compared by. These read the rows' words for it: `verify` is what doubts them.
extension StoreInspector {
    /// The last chosen slot of a group, or the last a snapshot stands for; zero if there is none.
    package func chosenThrough(of group: GroupID) throws(StoreError) -> Slot {
        let snapshot = try latestSnapshot(of: group)
        return try StoreError.naming(file) { () throws(SQLiteError) in
            var through = snapshot?.slot ?? .zero
            let (first, last) = (RowKey(group, .zero).stored, RowKey(group, .maximum).stored)
            try connection.query(
                "SELECT key FROM chosen WHERE key BETWEEN \(first) AND \(last) ORDER BY key DESC LIMIT 1"
            ) { row in through = max(through, RowKey.slot(in: row.integer(0))) }
            return through
        }
    }

    /// The chosen slots of a group whose rows are kept: the first and the last; nil if there is none.
    package func keptSlots(of group: GroupID) throws(StoreError) -> ClosedRange<Slot>? {
        let first = RowKey(group, try floor(of: group).next).stored
        let last = RowKey(group, .maximum).stored
        return try StoreError.naming(file) { () throws(SQLiteError) in
            var kept: ClosedRange<Slot>?
            try connection.query(
                "SELECT min(key), max(key) FROM chosen WHERE key BETWEEN \(first) AND \(last)"
            ) { row in
                guard !row.isNull(0) else { return }
                kept = RowKey.slot(in: row.integer(0))...RowKey.slot(in: row.integer(1))
            }
            return kept
        }
    }

    /// The chain through a chosen slot; nil if the slot is not chosen here, or is gone.
    package func chain(of group: GroupID, at slot: Slot) throws(StoreError) -> Digest? {
        if let snapshot = try latestSnapshot(of: group), snapshot.slot == slot { return snapshot.chain }
        return try StoreError.naming(file) { () throws(SQLiteError) in
            var chain: Digest?
            try connection.query("SELECT chain FROM chosen WHERE key = \(RowKey(group, slot).stored)") {
                row in
                chain = Digest(rawValue: row.word(0))
            }
            return chain
        }
    }
}
