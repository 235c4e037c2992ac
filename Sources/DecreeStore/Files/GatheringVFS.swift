import CSQLite

/// A VFS that is the one below it in everything but one: what is written to a write-ahead log is gathered
/// (`GatheringFile`), and reaches the VFS below in fewer calls.
///
/// SQLite writes a frame in two parts, the header and the page, each a system call. They lie one behind the
/// other, and so do the frames of a transaction, which nobody may rely on before they are synced.
///
/// One for each connection, which frees it when it is closed, and only then.
struct GatheringVFS {
    /// What SQLite is given: its own part first, as the C interface demands, then ours.
    private struct Registration {
        var vfs: sqlite3_vfs
        let below: UnsafeMutablePointer<sqlite3_vfs>
    }

    /// The name to open a database under.
    let name: String
    private let registration: UnsafeMutablePointer<Registration>
    private let cName: UnsafeMutableBufferPointer<CChar>

    /// Registers one over the VFS of that name, or over the default one. nil if there is none of that name.
    init?(over belowName: String?) {
        guard let below = sqlite3_vfs_find(belowName) else { return nil }
        registration = .allocate(capacity: 1)
        // No other has this address for as long as it is registered.
        name = "decree-\(UInt(bitPattern: registration))"
        cName = .allocate(capacity: name.utf8CString.count)
        _ = cName.initialize(from: name.utf8CString)
        // A copy: SQLite's own VFSes and the simulator's tell who they are by `pAppData`, which is copied with the
        // functions. Only an open file remembers by which VFS it was opened, so `open` names the one below.
        var vfs = below.pointee
        vfs.pNext = nil
        vfs.zName = UnsafePointer(cName.baseAddress)
        vfs.szOsFile += GatheringFile.headerBytes
        vfs.xOpen = { vfs, path, file, flags, outFlags in
            GatheringVFS.open(vfs!, path, file!, flags, outFlags)
        }
        registration.initialize(to: Registration(vfs: vfs, below: below))
        sqlite3_vfs_register(pointer, 0)
    }

    /// Once, when every file that was opened through it is closed.
    func free() {
        sqlite3_vfs_unregister(pointer)
        registration.deallocate()
        cName.deallocate()
    }

    private var pointer: UnsafeMutablePointer<sqlite3_vfs> {
        UnsafeMutableRawPointer(registration).assumingMemoryBound(to: sqlite3_vfs.self)
    }

    /// The log is opened as a file of ours. Any other is the VFS's below, which SQLite then calls without us between.
    private static func open(
        _ vfs: UnsafeMutablePointer<sqlite3_vfs>, _ path: UnsafePointer<CChar>?,
        _ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32, _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        let below = UnsafeMutableRawPointer(vfs).assumingMemoryBound(to: Registration.self).pointee.below
        guard flags & SQLITE_OPEN_WAL != 0 else {
            return below.pointee.xOpen(below, path, file, flags, outFlags)
        }
        return GatheringFile.open(file, below, path, flags, outFlags)
    }
}
