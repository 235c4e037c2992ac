import Paxos

extension Store {
    /// Opens the store in `directory`, or creates it where there is none.
    ///
    /// The order is the point. The lock first, so that nobody else looks. Then the write-ahead log is
    /// scanned, before SQLite sees it: it would take a log that rots for one that is short. Then the live
    /// part of the log is written over itself and synced, for what is read at open need not be durable:
    /// the process may have been killed between its write and its fsync, and a vote answered for from
    /// the page cache is lost in the next power cut. Then SQLite opens it, under settings that are read
    /// back, and the log is copied into the database completely, so that the next commit takes a new salt.
    package static func open(
        directory: String, identity: StoreIdentity, groups: [StoreGroup], options: StoreOptions = .init()
    ) throws(StoreError) -> Store {
        precondition(!groups.isEmpty && Set(groups.map(\.id)).count == groups.count, "each group once")
        let files = options.files
        _ = try files.createDirectory(directory)
        guard let lock = try files.lock(directory + "/node.lock", exclusively: true) else {
            throw .inUse(directory: directory, processID: nil)
        }
        do {
            return try open(directory, identity, groups, options, lock)
        } catch {
            lock.release()
            throw error
        }
    }

    private static func open(
        _ directory: String, _ identity: StoreIdentity, _ groups: [StoreGroup], _ options: StoreOptions,
        _ lock: any StoreLock
    ) throws(StoreError) -> Store {
        let file = directory + "/node.db"
        try prepareLog(of: file, options.files)
        let connection = try StoreError.naming(file) { () throws(SQLiteError) in
            try Connection(path: file, vfs: options.vfs, mode: .readWrite)
        }
        do {
            let row = try prepare(connection, directory, file, identity, groups, options)
            return try Store(
                connection: connection, directory: directory, file: file, options: options, row: row,
                groups: groups.map(\.id), lock: lock)
        } catch {
            // Refused, it is closed, and nothing was changed. After an I/O error it is left alone.
            if error.isFatalToConnection {
                options.takeFailed?(FailedConnection(connection: connection))
            } else {
                try? connection.close()
            }
            throw error
        }
    }

    /// Scans the write-ahead log and makes what is live in it durable.
    private static func prepareLog(of file: String, _ files: any StoreFiles) throws(StoreError) {
        let path = file + "-wal"
        guard let size = try files.size(of: path), size > 0 else { return }
        let bytes = try files.read(path)
        let scan = WALScan.scan(bytes)
        if let rot = scan.rot {
            throw .corrupt(place: path, group: nil, slot: nil, detail: "frame \(rot.frame): \(rot.detail)")
        }
        guard scan.liveFrames > 0 else {
            // A first transaction that was cut off. SQLite would go on with the same salt, and its frames
            // beyond the next transaction's might pass for later ones: without a log it takes a new salt.
            return try files.truncate(path)
        }
        // SQLite deletes the log of an empty database, and with it the only copy of what it holds.
        guard try files.size(of: file) ?? 0 > 0 else { throw .withoutDatabase(file, scan) }
        try files.overwrite(path, with: bytes.prefix(scan.liveBytes))
    }

    /// Everything between the opened connection and a store that may vote.
    private static func prepare(
        _ connection: Connection, _ directory: String, _ file: String, _ identity: StoreIdentity,
        _ groups: [StoreGroup], _ options: StoreOptions
    ) throws(StoreError) -> NodeRow {
        guard connection.forbidCheckpointOnClose() else {
            throw .settingRefused(setting: "SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE", wanted: "1", found: "0")
        }
        // Before the first access: there must never be a -shm file.
        try StoreError.naming(file) { () throws(SQLiteError) in
            try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        }
        let state = try Schema.state(of: connection, file: file)
        switch state {
        case .store where options.founding != nil: throw .foreignFounding(directory: directory)
        case .store(let format):
            try Schema.verifyMigrations(of: connection, through: format, file: file)
            let row = try NodeRow.read(connection, file: file)
            try verifyOwner(row, connection, directory, file, identity, groups)
        case .fresh:
            guard options.mayCreate else { throw .missing(directory: directory) }
            try verifyGenesis(directory, identity, groups)
        }
        try Settings.apply(to: connection, file: file)
        connection.watchWAL()
        switch state {
        case .store(format: Schema.format): break
        case .store(let format):
            // Nothing is written behind a log that was recovered: its salt is an old one.
            try copyLog(connection, file)
            try verifyPages(of: connection, file)
            try Schema.migrate(connection, from: format, file: file)
        case .fresh:
            let storeID = options.makeStoreID()
            try Schema.create(connection, file: file) { () throws(SQLiteError) in
                try NodeRow.create(connection, identity: identity, groups: groups, storeID: storeID)
            } founding: { () throws(SQLiteError) in
                if let founding = options.founding { try FoundingRows.write(founding, to: connection) }
            }
        }
        try copyLog(connection, file)
        try verifyPages(of: connection, file)
        // The names of the database and its log.
        try options.files.syncDirectory(directory)
        let row = try NodeRow.read(connection, file: file)
        try verifyOwner(row, connection, directory, file, identity, groups)
        try verifyRows(connection, file, groups)
        if let reason = try StartRows.fence(connection, file: file) {
            throw .fenced(directory: directory, reason: reason)
        }
        return row
    }

    private static func copyLog(_ connection: Connection, _ file: String) throws(StoreError) {
        _ = try StoreError.naming(file) { () throws(SQLiteError) in try connection.checkpoint() }
    }

    /// A bit that flipped in a page's counts, keys or pointers makes rows vanish without a word: no checksum of
    /// theirs is ever looked at. SQLite can tell, if it is asked to walk all pages, which reading all rows
    /// costs anyway (0.6 s for a million slots).
    private static func verifyPages(of connection: Connection, _ file: String) throws(StoreError) {
        let found = try StoreError.naming(file) { () throws(SQLiteError) in
            try connection.text("PRAGMA quick_check(1)")
        }
        guard found == "ok" else {
            throw .corrupt(place: file, group: nil, slot: nil, detail: found ?? "its pages cannot be checked")
        }
    }

    /// Whose store it is. What the caller says of members need not match: they change through the log. What the
    /// cluster was created with is in the store, held against the digest in its row; the caller may expect a digest.
    private static func verifyOwner(
        _ row: NodeRow, _ connection: Connection, _ directory: String, _ file: String,
        _ identity: StoreIdentity, _ groups: [StoreGroup]
    ) throws(StoreError) {
        guard ClusterName.areSame(row.cluster, identity.cluster) else {
            throw .foreignCluster(directory: directory, wanted: identity.cluster, found: row.cluster)
        }
        guard row.node == identity.node.rawValue else {
            throw .foreignNode(directory: directory, wanted: identity.node, found: row.node)
        }
        if let wanted = identity.genesis, wanted != row.genesis {
            throw .foreignGenesis(directory: directory, wanted: wanted, found: row.genesis)
        }
        let created = try StoreError.naming(file) { () throws(SQLiteError) in
            try ConfigurationRows.genesis(connection)
        }.get()
        guard NodeRow.genesis(cluster: row.cluster, groups: created) == row.genesis else {
            throw .corrupt(
                place: "groups", group: nil, slot: nil,
                detail: "the groups and their configurations are not those the store was created with")
        }
        let wanted = groups.sorted { $0.id < $1.id }
        guard created.map(\.id) == wanted.map(\.id), created.map(\.kind) == wanted.map(\.kind) else {
            throw .foreignGenesis(
                directory: directory, wanted: NodeRow.genesis(cluster: identity.cluster, groups: groups),
                found: row.genesis)
        }
    }

    /// A node that joins is told the cluster's genesis, and the configurations it is the digest of.
    private static func verifyGenesis(
        _ directory: String, _ identity: StoreIdentity, _ groups: [StoreGroup]
    ) throws(StoreError) {
        let genesis = NodeRow.genesis(cluster: identity.cluster, groups: groups)
        guard identity.genesis ?? genesis == genesis else {
            throw .foreignGenesis(directory: directory, wanted: identity.genesis ?? genesis, found: genesis)
        }
    }

    /// The small tables, in which nothing can be mended.
    private static func verifyRows(
        _ connection: Connection, _ file: String, _ groups: [StoreGroup]
    ) throws(StoreError) {
        for group in groups {
            let configurations = try StoreError.naming(file) { () throws(SQLiteError) in
                try ConfigurationRows.read(connection, group.id)
            }
            for row in configurations { _ = try row.get() }
        }
        let witnesses = try StoreError.naming(file) { () throws(SQLiteError) in
            try WitnessRows.read(connection)
        }
        for row in witnesses { _ = try row.get() }
        _ = try StartRows.read(connection, file: file)
    }
}

extension StoreError {
    /// A log that is all there is of a store.
    static func withoutDatabase(_ file: String, _ log: WALScan) -> StoreError {
        .corrupt(
            place: file, group: nil, slot: nil,
            detail: "the database is missing or empty, its log holds \(log.transactions) transactions")
    }
}
