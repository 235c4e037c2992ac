package import Paxos

/// One process per node (invariant OneProcess): a store knows its starts, and whether it was given up.
extension Store {
    /// Makes the row of this start, durably: before it, the node must say nothing.
    ///
    /// - Parameter process: a random number of the process.
    /// - Returns: the starts of this store, ascending; the last is this one. A start does not count as a transaction.
    package func begin(process: UInt64) throws(StoreError) -> [NodeStart] {
        try checkUsable()
        let before: [NodeStart]
        do { before = try StartRows.read(connection, file: file) } catch { throw giveUp(error) }
        let start = NodeStart(
            incarnation: (before.last?.incarnation ?? 0) + 1, process: process & (.max >> 1),
            beganAt: persistSequence)
        let isDurable = try transact { () throws(SQLiteError) in
            let row = try connection.prepare("INSERT INTO start VALUES (?1, ?2, ?3, ?4)")
            try row.bind(1, Int64(bitPattern: start.incarnation))
            try row.bind(2, Int64(bitPattern: start.process))
            try row.bind(3, Int64(bitPattern: start.beganAt))
            try row.bind(4, RowChecksum.start(start))
            try row.run()
            guard start.incarnation > StartRows.kept else { return }
            let old = try connection.prepare("DELETE FROM start WHERE incarnation <= ?1")
            try old.bind(1, Int64(bitPattern: start.incarnation - StartRows.kept))
            try old.run()
        }
        guard isDurable else { throw giveUp(.diskFull(file: file)) }
        try noteFiles()
        return before + [start]
    }

    // MARK: The files

    private func noteFiles() throws(StoreError) {
        let logPath = file + "-wal"
        guard let database = try files.identity(of: file), let log = try files.identity(of: logPath) else {
            throw giveUp(lostFiles)
        }
        ownFiles = OwnFiles(database: database, log: log, logPath: logPath)
    }

    /// The database holds all that was copied into it: it never becomes shorter.
    func noteCopied() throws(StoreError) {
        guard let before = ownFiles?.database else { return }
        ownFiles?.database = try look(at: file, as: before, least: before.bytes)
    }

    private var lostFiles: StoreError { .filesReplaced(directory: directory) }

    /// Looks whether the files that this store writes to are still those under its names, and as long as what was written
    /// to them. Files that were deleted can be written to, and nothing of it is there when the process has ended; of those
    /// that were cut off, what came before is gone.
    package func verifyFiles() throws(StoreError) {
        try verifyLog()
        guard let database = ownFiles?.database else { return }
        _ = try look(at: file, as: database, least: database.bytes)
    }

    /// The same of the log alone. A look takes microseconds, and one at the database before a commit finds nothing that the
    /// one behind it would not find.
    func verifyLog() throws(StoreError) {
        try checkUsable()
        guard let ownFiles else { return }
        // Behind a checkpoint the log is written from its beginning.
        _ = try look(at: ownFiles.logPath, as: ownFiles.log, least: connection.walBytes)
    }

    private func look(at path: String, as own: FileIdentity, least: Int) throws(StoreError) -> FileIdentity {
        let found: FileIdentity?
        do { found = try files.identity(of: path) } catch { throw giveUp(error) }
        guard let found, found.isSame(as: own), found.bytes >= least else { throw giveUp(lostFiles) }
        return found
    }

    /// Writes why this store must not be used any more: the last thing that is written into it. A disk that cannot take
    /// it does not keep the node from ending.
    package func fence(_ reason: String) {
        guard failure == nil else { return }
        // No other process was told what waits for room.
        pending = nil
        do {
            guard try StartRows.fence(connection, file: file) == nil else { return }
            _ = try transact { () throws(SQLiteError) in
                let row = try connection.prepare("INSERT INTO fence VALUES (?1, ?2)")
                try row.bind(1, reason)
                try row.bind(2, RowChecksum.fence(reason))
                try row.run()
            }
        } catch {
            _ = giveUp(error)
        }
    }
}
