import CSQLite
public import Paxos

/// Why a store cannot be opened or used any more. Each says what is wrong and what to do about it.
public enum StoreError: Error, Sendable, Equatable {
    /// Another process has the data directory open.
    case inUse(directory: String, processID: Int32?)
    /// There is no store in the directory.
    case missing(directory: String)
    /// The database is some other program's.
    case notAStore(file: String, detail: String)
    /// The store belongs to another cluster.
    case foreignCluster(directory: String, wanted: String, found: String)
    /// The store is another node's.
    case foreignNode(directory: String, wanted: NodeID, found: UInt16)
    /// The store is of a cluster that was created with other groups, or another configuration of them.
    case foreignGenesis(directory: String, wanted: Digest, found: Digest)
    /// A later version wrote the store.
    case newerFormat(file: String, found: Int, supported: Int)
    /// The log is at a version that this build does not understand.
    case newerCluster(group: GroupID, found: Int, supported: Int)
    /// The store's tables were made by another text of a migration than this version's.
    case alteredMigration(file: String, version: Int)
    /// Peers know that this store must not vote: another process runs from another copy of it, or it went back in time.
    case fenced(directory: String, reason: String)
    /// SQLite would not take a setting that durability rests on.
    case settingRefused(setting: String, wanted: String, found: String)
    /// Something written is not what is read. `place` is a table or a file.
    case corrupt(place: String, group: GroupID?, slot: Slot?, detail: String)
    /// There is no room on the disk to open the store. Nothing in it is lost.
    case diskFull(file: String)
    /// The data directory cannot be used as one.
    case badDirectory(directory: String, detail: String)
    /// A store that the node has not made came into the directory while it waited to found its cluster.
    case foreignFounding(directory: String)
    /// The files were deleted, moved, covered or cut off while they were written to.
    case filesReplaced(directory: String)
    /// Reading or writing failed. What was being written may or may not be there.
    case ioError(file: String, operation: String, detail: String)
    /// SQLite refused something it should not: a mistake in this program.
    case unexpected(file: String, operation: String, detail: String)
    /// The store was closed, or given up.
    case closed
}

extension StoreError: CustomStringConvertible {
    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .inUse(let directory, let processID):
            let holder = processID.map { "process \($0)" } ?? "another process"
            return "\(directory) is in use by \(holder): stop that node first, or give this one "
                + "another data directory"
        case .missing(let directory):
            return "there is no store in \(directory): check the path"
        case .notAStore(let file, let detail):
            return
                "\(file) is not a Decree store (\(detail)): give the node another data directory; or, if it was the "
                + "node's own and the disk spoilt it, keep it as evidence, run `decree member replace N HOST:PORT "
                + "--nodes …` with the node's id for N, then `decree node --join HOST:PORT` with an empty directory"
        case .foreignCluster(let directory, let wanted, let found):
            return "\(directory) belongs to cluster \"\(found)\", not \"\(wanted)\": check the data "
                + "directory and the cluster's name in the configuration"
        case .foreignNode(let directory, let wanted, let found):
            return "\(directory) belongs to node \(found), not node \(wanted): check the data directory "
                + "and the node's id in the configuration; a node never takes over another's votes"
        case .foreignGenesis(let directory, let wanted, let found):
            return "\(directory) is of a cluster created with other groups and voters (genesis "
                + "\(found), wanted \(wanted)): check the data directory, and that the node runs the same machine and groups "
                + "as before"
        case .newerFormat(let file, let found, let supported):
            return "\(file) has format \(found), this version knows formats up to \(supported): "
                + "run the version that wrote it, or a later one"
        case .newerCluster(let group, let found, let supported):
            return
                "the log of group \(group) is at version \(found), and this build understands versions up to "
                + "\(supported): run the build that the other members run, or a later one"
        case .alteredMigration(let file, let version):
            return "\(file) was made by another text of migration \(version) than this version's: "
                + "run the version that made it"
        case .fenced(let directory, let reason):
            return "\(directory) is fenced, and no node can start on it: \(reason)"
        case .settingRefused(let setting, let wanted, let found):
            return "SQLite's \(setting) is \(found) where \(wanted) is needed: without it votes may be "
                + "lost, so the store stays closed; check the SQLite library and the file system"
        case .corrupt(let place, let group, let slot, let detail):
            let whose = group.map { " group \($0)" } ?? ""
            let position = slot.map { " slot \($0)" } ?? ""
            return "corrupt: \(place)\(whose)\(position): \(detail). This node must not vote: keep the "
                + "directory as evidence, and have another take its place: run `decree member replace N HOST:PORT "
                + "--nodes …` with this node's id for N, then `decree node --join HOST:PORT` with an empty directory"
        case .diskFull(let file):
            return "\(file): the disk is full; nothing is lost. Make room, then start the node again"
        case .badDirectory(let directory, let detail):
            return "\(directory) cannot be the data directory: \(detail); name another"
        case .foreignFounding(let directory):
            return
                "while the node waited to found its cluster, a store came into \(directory) that it has not made, and "
                + "does not use. If it is this node's (a volume that was mounted late), start the node again; if not, empty "
                + "the directory, or name another"
        case .filesReplaced(let directory):
            return
                "the files of \(directory) were deleted, replaced or cut off while the node ran: it says nothing more, for "
                + "what it writes would be lost. Put the files back (or mount their volume), and start the node again; "
                + "if they are gone, run `decree member replace N HOST:PORT --nodes …` with this node's id for N, then "
                + "`decree node --join HOST:PORT` with an empty directory"
        case .ioError(let file, let operation, let detail):
            return "\(file): \(operation) failed (\(detail)): what was being written may or may not be "
                + "there, so the store is given up; check the disk, then start the node again"
        case .unexpected(let file, let operation, let detail):
            return "\(file): \(operation) failed (\(detail)): this is a mistake in Decree, please report it"
        case .closed:
            return "the store is closed"
        }
    }
}

extension StoreError {
    /// What an error of SQLite means for the store in `file`.
    init(_ error: SQLiteError, file: String) {
        switch error.primaryCode {
        case SQLITE_CORRUPT:
            self = .corrupt(place: file, group: nil, slot: nil, detail: error.explanation)
        case SQLITE_NOTADB: self = .notAStore(file: file, detail: error.explanation)
        case SQLITE_FULL: self = .diskFull(file: file)
        case SQLITE_BUSY: self = .inUse(directory: file, processID: nil)
        case SQLITE_ERROR, SQLITE_MISUSE, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_RANGE, SQLITE_SCHEMA:
            self = .unexpected(file: file, operation: error.operation, detail: error.explanation)
        default: self = .ioError(file: file, operation: error.operation, detail: error.explanation)
        }
    }

    /// Whether SQLite must not be called any more on the connection it came from.
    var isFatalToConnection: Bool {
        switch self {
        case .ioError, .filesReplaced: true
        default: false
        }
    }

    /// Does `body`, saying of its errors which file they are about.
    static func naming<Result>(
        _ file: String, _ body: () throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        do { return try body() } catch { throw StoreError(error, file: file) }
    }
}
