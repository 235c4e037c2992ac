import Paxos

/// The rows of `start`, and the row of `fence`.
enum StartRows {
    /// The first format that has them.
    static let format = 4
    /// Starts that are kept.
    static let kept: UInt64 = 1_000

    /// The starts, ascending. One that is not what was written cannot be had from elsewhere.
    static func read(_ connection: Connection, file: String) throws(StoreError) -> [NodeStart] {
        var starts: [NodeStart] = []
        var flaw: StoreError?
        try StoreError.naming(file) { () throws(SQLiteError) in
            try connection.query(
                "SELECT incarnation, process, began_at, checksum FROM start ORDER BY incarnation"
            ) { row in
                let start = NodeStart(incarnation: row.word(0), process: row.word(1), beganAt: row.word(2))
                let isGap = starts.last.map { $0.incarnation + 1 != start.incarnation } ?? false
                if isGap || RowChecksum.start(start) != row.integer(3) {
                    flaw = .corrupt(
                        place: "start", group: nil, slot: nil,
                        detail: isGap
                            ? "the start before start \(start.incarnation) is missing"
                            : "start \(start.incarnation) differs from its checksum")
                }
                starts.append(start)
            }
        }
        if let flaw { throw flaw }
        return starts
    }

    /// Why the store must not be used any more; nil if it may be.
    static func fence(_ connection: Connection, file: String) throws(StoreError) -> String? {
        var reasons: [(reason: String, checksum: Int64)] = []
        try StoreError.naming(file) { () throws(SQLiteError) in
            try connection.query("SELECT reason, checksum FROM fence") { row in
                reasons.append((row.text(0), row.integer(1)))
            }
        }
        guard let first = reasons.first else { return nil }
        // A row that rotted is no less a fence.
        return RowChecksum.fence(first.reason) == first.checksum ? first.reason : "the reason is not readable"
    }
}
