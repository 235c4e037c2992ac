package import Paxos

/// What a store remembers of how its cluster was founded (invariant FoundedOnce): with which processes, and whether the
/// founding is complete. Until then the node has neither voted nor answered a client.
package struct FoundingRecord: Hashable, Sendable {
    /// The tokens of the processes that found the cluster, ascending by node.
    package let tokens: [UInt64]
    /// Whether the node knows that all others have made their stores, too.
    package let isComplete: Bool

    /// A record.
    package init(tokens: [UInt64], isComplete: Bool) {
        self.tokens = tokens
        self.isComplete = isComplete
    }

    /// Names the founding: the origin in what the cluster is created with, so that no two foundings create the same.
    package var id: Digest { Digest(of: bytes, seed: 0x666f_756e_6469_6e67) }

    /// The same, complete.
    package var completed: FoundingRecord { FoundingRecord(tokens: tokens, isComplete: true) }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for token in tokens { bytes.appendInteger(token) }
        return bytes
    }

    init(bytes: [UInt8], isComplete: Bool) {
        tokens = stride(from: 0, to: bytes.count, by: 8).map { start in
            bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        self.isComplete = isComplete
    }
}

/// What a data directory holds, to a node that wants to start.
package enum FoundDirectory: Hashable, Sendable {
    /// No store: the directory is empty, or is not there.
    case empty
    /// A store; how its cluster was founded is in it.
    case store

    /// Looks, and changes nothing.
    package static func look(
        at directory: String, files: any StoreFiles = PosixFiles()
    ) throws(StoreError) -> FoundDirectory {
        let file = directory + "/node.db"
        // A log without its database is damage, and is for opening to refuse.
        let (size, logSize) = (try files.size(of: file), try files.size(of: file + "-wal"))
        return size != nil || logSize ?? 0 > 0 ? .store : .empty
    }
}

extension Store {
    /// Notes that the founding is complete: the node may vote from now on.
    ///
    /// - Parameter record: the founding that the store was made for.
    /// - Throws: `StoreError.foreignFounding` if another store is in the directory by now; nothing was changed.
    package func complete(_ record: FoundingRecord) throws(StoreError) {
        guard let founding, founding.id == record.id else { throw .foreignFounding(directory: directory) }
        guard !founding.isComplete else { return }
        try checkUsable()
        do throws(SQLiteError) {
            try connection.execute("BEGIN IMMEDIATE")
            try FoundingRows.write(founding.completed, to: connection)
            try connection.execute("COMMIT")
        } catch {
            throw giveUp(error)
        }
        // The log is copied, so that what follows is as after any opening.
        _ = try checkpoint()
        self.founding = founding.completed
    }

    /// Deletes the store of a founding that came to nothing: nothing was ever voted on it.
    ///
    /// - Parameter record: the founding that the store was made for.
    /// - Throws: `StoreError.foreignFounding` if another store is in the directory by now; nothing was changed.
    package func delete(
        unfounded record: FoundingRecord, _ files: any StoreFiles = PosixFiles()
    ) throws(StoreError) {
        guard let founding, founding.id == record.id, !founding.isComplete else {
            throw .foreignFounding(directory: directory)
        }
        let (file, directory) = (file, directory)
        // The log first: the database alone is still this store, for opening copied everything into it.
        _ = try checkpoint()
        try close()
        try files.remove(file + "-wal")
        try files.syncDirectory(directory)
        try files.remove(file)
        try files.syncDirectory(directory)
    }
}

extension StoreGroup {
    /// The digest of what a cluster is to be created with: only nodes that were told the same found one together.
    package static func list(_ groups: [StoreGroup], of cluster: String) -> Digest {
        NodeRow.genesis(cluster: cluster, groups: groups)
    }

    /// The same, of a cluster that is founded so.
    package func founded(by record: FoundingRecord) -> StoreGroup {
        StoreGroup(
            id: id, kind: kind,
            configuration: configuration.succeeded(by: configuration.voters, origin: record.id)
                .with(version: configuration.version))
    }
}
