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
        guard let database = try OwnFile(file, files), let log = try OwnFile(file + "-wal", files) else {
            throw giveUp(lostFiles)
        }
        (ownDatabase, ownLog) = (database, log)
    }

    /// The database holds all that was copied into it: it never becomes shorter.
    func noteCopied() throws(StoreError) {
        if let ownDatabase { ownDatabase.least = try look(at: ownDatabase, least: ownDatabase.least) }
    }

    private var lostFiles: StoreError { .filesReplaced(directory: directory) }

    private func look(at file: OwnFile, least: Int) throws(StoreError) -> Int {
        guard let bytes = file.file.bytes, bytes >= least else { throw giveUp(lostFiles) }
        return bytes
    }

    /// Looks, before a transaction, whether the log is as long as what was written to it: what would be written behind one
    /// that was cut off would make it long enough again. Behind a checkpoint the log is written from its beginning.
    func verifyLogBefore() throws(StoreError) {
        try checkUsable()
        guard let ownLog, !ownLog.file.isAsLong(as: connection.walBytes) else { return }
        throw giveUp(lostFiles)
    }

    /// Looks, behind a transaction, whether the log has a name. A file that was deleted can be written to, and nothing of
    /// it is there when the process has ended; what was deleted meanwhile is as gone as what was deleted before.
    func verifyLogBehind() throws(StoreError) {
        try checkUsable()
        if let ownLog { _ = try look(at: ownLog, least: connection.walBytes) }
    }

    /// Looks whether the store's files stand under their names, and are as long as what was written to them. Where they
    /// were moved away, lie under another mount, or the database alone was deleted, the log still holds what was said
    /// since: so this is done twice a second, and not for each commit, for which it takes too long.
    package func verifyFiles() throws(StoreError) {
        try verifyLogBehind()
        guard let ownLog, let ownDatabase else { return }
        _ = try look(at: ownDatabase, least: ownDatabase.least)
        do throws(StoreError) {
            guard try ownLog.isInPlace(files), try ownDatabase.isInPlace(files) else { throw lostFiles }
        } catch {
            throw giveUp(error)
        }
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
