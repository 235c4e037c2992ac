package import Paxos

/// Reads a stopped node's store without changing a byte of it.
///
/// Opening a database in the ordinary way would: SQLite recovers the write-ahead log, checkpoints it when
/// the last connection closes, and deletes it, and with it the evidence of a crash. So the files are
/// opened read-only, without a lock file or shared memory; a log without a live frame is not looked at.
package final class StoreInspector {
    let connection: Connection
    let rows: SlotRows
    /// nil for a store of a format that had no snapshots.
    let snapshotRows: SnapshotRows?
    let file: String
    let format: Int
    /// What the write-ahead log holds.
    package let walScan: WALScan
    private let lock: (any StoreLock)?

    /// Opens the store in `directory` for reading, and keeps a node from starting on it meanwhile.
    ///
    /// - Throws: `StoreError.inUse` while a node runs on it; `missing`, `notAStore`, `newerFormat`.
    package init(directory: String, options: StoreOptions = .init()) throws(StoreError) {
        let file = directory + "/node.db"
        let files = options.files
        guard let size = try files.size(of: file) else { throw .missing(directory: directory) }
        let lock = try files.lock(directory + "/node.lock", exclusively: false)
        let scan = try Self.scanLog(of: file, files)
        // Even of one that only reads, SQLite deletes the log then.
        guard size > 0 || scan.liveFrames == 0 else { throw .withoutDatabase(file, scan) }
        (connection, rows, snapshotRows, format) = try Self.open(file, scan, options)
        self.lock = lock
        self.file = file
        walScan = scan
    }

    deinit {
        try? connection.close()
        lock?.release()
    }

    private static func scanLog(of file: String, _ files: any StoreFiles) throws(StoreError) -> WALScan {
        guard try files.size(of: file + "-wal") ?? 0 > 0 else { return .empty }
        return WALScan.scan(try files.read(file + "-wal"))
    }

    private static func open(
        _ file: String, _ scan: WALScan, _ options: StoreOptions
    ) throws(StoreError) -> (Connection, SlotRows, SnapshotRows?, Int) {
        let hasLog = scan.liveFrames > 0
        let connection = try StoreError.naming(file) { () throws(SQLiteError) in
            // "unix-none" takes no lock, which a file opened for reading could not have exclusively.
            try Connection(
                path: file, vfs: options.vfs ?? (hasLog ? "unix-none" : nil),
                mode: hasLog ? .readOnly : .immutable)
        }
        do {
            guard connection.forbidCheckpointOnClose() else {
                throw StoreError.settingRefused(
                    setting: "SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE", wanted: "1", found: "0")
            }
            // The log's index is then kept in memory, not in a -shm file.
            try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            try connection.execute("PRAGMA query_only = ON")
            guard case .store(let format) = try Schema.state(of: connection, file: file) else {
                throw StoreError.notAStore(file: file, detail: "it is empty")
            }
            let snapshotRows = format >= 2 ? try SnapshotRows(connection) : nil
            return (connection, try SlotRows(connection), snapshotRows, format)
        } catch {
            try? connection.close()
            if let error = error as? SQLiteError { throw StoreError(error, file: file) }
            throw error as? StoreError ?? .closed
        }
    }

    // MARK: What there is

    /// Whose store it is and how far it has come.
    package func node() throws(StoreError) -> InspectedNode {
        let row = try NodeRow.read(connection, file: file)
        return InspectedNode(
            cluster: row.cluster, node: row.node, storeID: row.storeID, format: format,
            genesis: row.genesis, persistSequence: row.persistSequence)
    }

    /// The groups, ascending, with the names of their state machines.
    package func groups() throws(StoreError) -> [(id: GroupID, kind: String)] {
        try StoreError.naming(file) { () throws(SQLiteError) in
            var groups: [(id: GroupID, kind: String)] = []
            try connection.query("SELECT group_id, kind FROM groups ORDER BY group_id") { row in
                guard let id = GroupID(stored: row.integer(0)) else { return }
                groups.append((id, row.text(1)))
            }
            return groups
        }
    }

    /// A group's promise; zero if none was made.
    package func promise(of group: GroupID) throws(StoreError) -> Ballot {
        try StoreError.naming(file) { () throws(SQLiteError) in try rows.promise(of: group) }.get()
    }

    /// Gives `body` the chosen slots of a group that are kept, in order and verified, then what is only accepted
    /// above them.
    ///
    /// - Throws: at the first row that is not what was written; or what `body` throws.
    package func forEachSlot(of group: GroupID, _ body: (InspectedSlot) throws -> Void) throws {
        let latest = try latestSnapshot(of: group)
        var log = InspectedLog(
            floors: [group: try floor(of: group)], snapshots: latest.map { [group: $0] } ?? [:]
        ).verifier(of: group)
        do {
            try rows.eachChosen(of: group, from: log.through.next) { _, row in
                let row = try row.get()
                if let flaw = log.flaw(in: row) { throw flaw }
                try body(
                    InspectedSlot(
                        slot: row.decision.slot, proposal: row.decision.proposal,
                        acceptedBallot: row.acceptedBallot,
                        chosen: .init(
                            ballot: row.decision.ballot, chain: row.chain, unexecuted: row.unexecuted)))
                return true
            }
            let through = max(log.through, latest?.slot ?? .zero)
            try rows.eachVote(of: group, from: through.next) { _, row in
                let vote = try row.get()
                try body(
                    InspectedSlot(
                        slot: vote.slot, proposal: vote.proposal, acceptedBallot: vote.ballot, chosen: nil))
                return true
            }
        } catch let error as RowFlaw {
            throw error.error
        } catch let error as SQLiteError {
            throw StoreError(error, file: file)
        }
    }
}

/// The `node` row of a store.
package struct InspectedNode: Equatable, Sendable {
    /// The cluster's name.
    package let cluster: String
    /// The node's id.
    package let node: UInt16
    /// The store's random name.
    package let storeID: StoreID
    /// The format of its tables.
    package let format: Int
    /// The digest of what the cluster was created with.
    package let genesis: Digest
    /// Durable transactions so far.
    package let persistSequence: PersistSequence
}

/// A slot as a store holds it.
package struct InspectedSlot: Equatable, Sendable {
    /// The slot.
    package let slot: Slot
    /// The value.
    package let proposal: Proposal
    /// The ballot of the vote.
    package let acceptedBallot: Ballot
    /// The fact, if the slot is known to be chosen; nil for a vote alone.
    package let chosen: Fact?

    /// That a slot is chosen.
    package struct Fact: Equatable, Sendable {
        /// A ballot it was chosen in.
        package let ballot: Ballot
        /// The chain of values through it.
        package let chain: Digest
        /// The indexes of its commands that were not executed, ascending; nil if that was not kept.
        package let unexecuted: [UInt32]?
    }
}
