package import Paxos

/// A node's votes, facts and promises on disk: SQLite, one connection, one `node.db`.
///
/// Not `Sendable`, and meant so: a store is used by one thread, the disk's. Everything that may be told to
/// another node passes through `commit`, which ends in an fsync.
///
/// A store that met an I/O error is *given up*: what was being written may or may not be there, so nothing
/// is retried, no function of SQLite is called on it again, and every later call throws the same error.
/// The node stops; opening the store again finds out what there is.
package final class Store {
    let connection: Connection
    let statements: StoreStatements
    let rows: SlotRows
    let snapshotRows: SnapshotRows
    let groups: [GroupID]
    let directory: String
    /// The database, as errors name it.
    let file: String
    let checkpointPages: Int
    let nodeIdentity: Digest
    let lock: any StoreLock
    private let takeFailed: ((FailedConnection) -> Void)?

    /// The random name this store was born with.
    package let storeID: StoreID
    /// The digest of what the cluster was created with: its name, its groups, their configurations.
    package let genesis: Digest
    /// Transactions that are durable.
    package internal(set) var persistSequence: PersistSequence
    /// How the cluster was founded, if its nodes founded it together.
    package internal(set) var founding: FoundingRecord?
    /// What the store did since it was opened.
    package internal(set) var counters = StoreCounters()

    /// Rows that are not what was written and can be had from other nodes, as they were met.
    package internal(set) var damage: [Damage] = []

    /// Floors and snapshots, as the tables have them.
    var lifecycle: Lifecycle
    /// The database and its log as a process that starts finds them: a name may stand for another file later, or for none.
    var ownDatabase: OwnFile?
    var ownLog: OwnFile?
    let files: any StoreFiles
    /// Why the store takes no more calls.
    var failure: StoreError?
    /// The step that met a full disk, and is to be tried again.
    var pending: Step?
    /// Set while frames of a transaction that did not commit stand in the log: the log must start anew
    /// before anything else is written, else those frames might one day pass for later ones.
    var needsNewLog = false
    /// Set until the first commit after a checkpoint, which costs one more fsync: the log's new header.
    var startsNewLog = true

    init(
        connection: Connection, directory: String, file: String, options: StoreOptions, row: NodeRow,
        groups: [GroupID], lock: any StoreLock
    ) throws(StoreError) {
        self.connection = connection
        self.groups = groups
        let snapshotRows: SnapshotRows
        (statements, rows, snapshotRows) = try StoreError.naming(file) { () throws(SQLiteError) in
            (try StoreStatements(connection), try SlotRows(connection), try SnapshotRows(connection))
        }
        self.snapshotRows = snapshotRows
        founding = try FoundingRows.read(connection, file: file)
        lifecycle = try Lifecycle(reading: connection, snapshotRows, groups, file: file)
        self.directory = directory
        self.file = file
        self.lock = lock
        files = options.files
        checkpointPages = options.checkpointPages
        takeFailed = options.takeFailed
        nodeIdentity = row.identity
        storeID = row.storeID
        genesis = row.genesis
        persistSequence = row.persistSequence
    }

    deinit {
        // A store that is dropped is closed as a kill would close it: nothing is written.
        if failure?.isFatalToConnection == true {
            takeFailed?(FailedConnection(connection: connection))
        } else if failure != .closed {
            try? connection.close()
        }
        lock.release()
    }

    /// Closes the store. Nothing is checkpointed, for nothing need be: what was committed is durable.
    package func close() throws(StoreError) {
        try checkUsable()
        failure = .closed
        defer {
            (ownDatabase, ownLog) = (nil, nil)
            lock.release()
        }
        try StoreError.naming(file) { () throws(SQLiteError) in try connection.close() }
    }

    func checkUsable() throws(StoreError) {
        if let failure { throw failure }
    }

    /// Gives the store up.
    func giveUp(_ error: SQLiteError) -> StoreError { giveUp(StoreError(error, file: file)) }

    /// Gives the store up.
    func giveUp(_ error: StoreError) -> StoreError {
        failure = error
        return error
    }
}

/// What a store did since it was opened.
package struct StoreCounters: Equatable, Sendable {
    /// Durable transactions.
    package internal(set) var commits: UInt64 = 0
    /// fsyncs they cost: one each, one more for the first after a checkpoint (the log's new header), two
    /// for a checkpoint (the log, the database).
    package internal(set) var fsyncs: UInt64 = 0
    /// Rows written.
    package internal(set) var rows: UInt64 = 0
    /// Bytes of proposals written.
    package internal(set) var valueBytes: UInt64 = 0
    /// Rows deleted by trims, chunks included.
    package internal(set) var rowsTrimmed: UInt64 = 0
    /// Pages written to the log.
    package internal(set) var pagesLogged: UInt64 = 0
    /// Checkpoints that copied something.
    package internal(set) var checkpoints: UInt64 = 0
    /// Pages they copied.
    package internal(set) var pagesCheckpointed: UInt64 = 0

    /// Nothing done yet.
    package init() {}
}

/// The statements of the path a command takes, prepared once.
struct StoreStatements {
    let begin: Statement
    let commit: Statement
    let putPromise: Statement
    let putAccepted: Statement
    let putChosen: Statement
    let putSequence: Statement
    let putConfiguration: Statement
    let putSnapshot: Statement
    let putChunk: Statement
    let putFloor: Statement
    let putWitness: Statement
    let putPlace: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        putPromise = try connection.prepare(
            "INSERT OR REPLACE INTO promise (group_id, ballot, checksum) VALUES (?1, ?2, ?3)")
        putAccepted = try connection.prepare(
            "INSERT OR REPLACE INTO accepted (key, ballot, checksum, value) VALUES (?1, ?2, ?3, ?4)")
        putChosen = try connection.prepare(
            """
            INSERT OR REPLACE INTO chosen (key, ballot, chain, checksum, unexecuted) \
            VALUES (?1, ?2, ?3, ?4, ?5)
            """)
        putSequence = try connection.prepare("UPDATE node SET persist_sequence = ?1, checksum = ?2")
        putConfiguration = try connection.prepare(
            "INSERT OR REPLACE INTO configuration (group_id, slot, bytes, checksum) VALUES (?1, ?2, ?3, ?4)")
        putSnapshot = try connection.prepare(
            """
            INSERT OR REPLACE INTO snapshot \
            (snapshot_id, group_id, slot, chain, byte_count, digest, is_complete, checksum) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """)
        putChunk = try connection.prepare(
            "INSERT OR REPLACE INTO snapshot_chunk (key, checksum, bytes) VALUES (?1, ?2, ?3)")
        putFloor = try connection.prepare(
            "INSERT OR REPLACE INTO floor (group_id, slot, checksum) VALUES (?1, ?2, ?3)")
        putWitness = try connection.prepare(
            """
            INSERT OR REPLACE INTO witness \
            (node_id, store_id, persist_sequence, checksum, incarnation, process, began_at, is_voting) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """)
        putPlace = try connection.prepare(
            "INSERT OR REPLACE INTO place (node_id, address, configured, checksum) VALUES (?1, ?2, ?3, ?4)")
    }
}
