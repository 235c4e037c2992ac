/// What a store does to its files outside SQLite: before the database is opened, and around it. The real
/// files are `PosixFiles`; a simulator supplies those of its own disk, so that the very same opening runs
/// on both.
package protocol StoreFiles {
    /// Makes a directory and those above it that are missing, and makes the names of all of them durable,
    /// for one that is there may have been made by a process that was killed before its sync. Returns
    /// whether there was anything to make.
    func createDirectory(_ path: String) throws(StoreError) -> Bool

    /// Makes the names in a directory durable.
    func syncDirectory(_ path: String) throws(StoreError)

    /// Locks a file against every other opener until the lock is released: exclusively, leaving the
    /// process's id in the file, which is made if need be; or shared, changing nothing, in which case a
    /// missing file is nothing to lock (nil).
    ///
    /// - Throws: `StoreError.inUse`, naming the file's directory, when another has it.
    func lock(_ path: String, exclusively: Bool) throws(StoreError) -> (any StoreLock)?

    /// The size of a file in bytes; nil where there is none.
    func size(of path: String) throws(StoreError) -> Int?

    /// Which file or directory a name stands for now; nil where there is none.
    func identity(of path: String) throws(StoreError) -> FileIdentity?

    /// Takes hold of a file, to look at it without its name. Of a database that SQLite has open, it must be let go after
    /// SQLite has closed it: the locks of a process are gone when any of its descriptors of that file is closed.
    func watch(_ path: String) throws(StoreError) -> any WatchedFile

    /// Everything in a file.
    func read(_ path: String) throws(StoreError) -> [UInt8]

    /// Writes `bytes` over the beginning of a file that is there, leaves what follows them, and makes the
    /// file durable.
    func overwrite(_ path: String, with bytes: ArraySlice<UInt8>) throws(StoreError)

    /// Cuts a file to no bytes, and makes that durable.
    func truncate(_ path: String) throws(StoreError)

    /// Deletes a file, if it is there; `syncDirectory` makes that durable.
    func remove(_ path: String) throws(StoreError)
}

/// What tells a file from every other that has, or had, its name; and how long it was then.
package struct FileIdentity: Sendable {
    let device: UInt64
    let number: UInt64
    let bytes: Int
    /// The file of a number, on a device.
    package init(device: UInt64, number: UInt64, bytes: Int) {
        self.device = device
        self.number = number
        self.bytes = bytes
    }

    func isSame(as other: FileIdentity) -> Bool { device == other.device && number == other.number }
}

/// A file that is held, whatever becomes of its name.
package protocol WatchedFile: AnyObject {
    /// How long it is; nil when it has no name any more, so that it is gone when the process has ended.
    var bytes: Int? { get }

    /// Whether it is at least so long: the same look, without the names, takes a third of the time.
    func isAsLong(as bytes: Int) -> Bool
}

/// A file that a running store writes to. It is looked at around each commit: a reference costs no copies.
final class OwnFile {
    let path: String
    let identity: FileIdentity
    let file: any WatchedFile
    /// It never becomes shorter than this.
    var least: Int

    /// Takes hold of a file; nil where there is none.
    init?(_ path: String, _ files: any StoreFiles) throws(StoreError) {
        guard let identity = try files.identity(of: path) else { return nil }
        self.path = path
        self.identity = identity
        file = try files.watch(path)
        least = identity.bytes
    }

    /// Whether it is still what its name stands for.
    func isInPlace(_ files: any StoreFiles) throws(StoreError) -> Bool {
        try files.identity(of: path)?.isSame(as: identity) ?? false
    }
}

/// A lock that is held. It ends with the process at the latest.
package protocol StoreLock: AnyObject {
    /// Gives the lock up; more than once is as good as once.
    func release()
}
