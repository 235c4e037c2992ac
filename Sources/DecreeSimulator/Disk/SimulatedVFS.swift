import CSQLite
import Paxos
import Synchronization

/// The registration of a disk with SQLite, under a name of its own.
///
/// Safe to send: the pointers are set before the registration and never afterwards; what they point to is
/// altered by SQLite alone, under its own mutex (the list of VFSes), and freed when nothing can reach it.
final class SimulatedVFS: @unchecked Sendable {
    private static let count = Atomic<Int>(0)

    let name: String
    private let cName: UnsafeMutablePointer<CChar>
    private let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)

    init() {
        // SQLite sets up its own VFSes, and the default among them, before ours can follow.
        sqlite3_initialize()
        let name = "decree-simulated-\(Self.count.add(1, ordering: .relaxed).newValue)"
        self.name = name
        let bytes = name.utf8CString
        cName = .allocate(capacity: bytes.count)
        for (index, byte) in bytes.enumerated() { (cName + index).initialize(to: byte) }
    }

    /// The disk is not retained: it unregisters when it goes, and each open file retains it until closed.
    func register(for disk: SimulatedDisk) {
        var methods = Self.vfsMethods
        methods.zName = UnsafePointer(cName)
        methods.pAppData = Unmanaged.passUnretained(disk).toOpaque()
        vfs.initialize(to: methods)
        sqlite3_vfs_register(vfs, 0)
    }

    func unregister() {
        sqlite3_vfs_unregister(vfs)
        vfs.deallocate()
        cName.deallocate()
    }

    /// Seeds SQLite's own generator (of WAL salts, and of `random()`) from this VFS. The generator is the
    /// process's: it follows the seed as long as nothing else in the process uses SQLite.
    func seedSQLite() {
        let usual = sqlite3_vfs_find(nil)
        sqlite3_vfs_register(vfs, 1)
        sqlite3_randomness(0, nil)
        var byte: UInt8 = 0
        sqlite3_randomness(1, &byte)
        sqlite3_vfs_register(usual, 1)
    }
}

// MARK: The functions SQLite calls for a disk

extension SimulatedVFS {
    private static func disk(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> SimulatedDisk {
        Unmanaged<SimulatedDisk>.fromOpaque(vfs!.pointee.pAppData).takeUnretainedValue()
    }

    private static var vfsMethods: sqlite3_vfs {
        sqlite3_vfs(
            iVersion: 2, szOsFile: Int32(MemoryLayout<SimulatedVFSFile>.stride), mxPathname: 1_024,
            pNext: nil, zName: nil, pAppData: nil,
            xOpen: { vfs, path, file, flags, outFlags in
                SimulatedVFS.open(
                    SimulatedVFS.disk(vfs), path.map { String(cString: $0) }, file!, flags, outFlags)
            },
            xDelete: { vfs, path, syncsDirectory in
                do throws(DiskError) {
                    let path = String(cString: path!)
                    try SimulatedVFS.disk(vfs).withState { (state) throws(DiskError) in
                        try state.delete(path, syncsDirectory: syncsDirectory != 0)
                    }
                    return SQLITE_OK
                } catch .notFound {
                    return InputOutputCode.deleteNoEntry
                } catch {
                    return InputOutputCode.delete
                }
            },
            xAccess: { vfs, path, flags, result in
                do throws(DiskError) {
                    let path = String(cString: path!)
                    let size = try SimulatedVFS.disk(vfs).withState { (state) throws(DiskError) in
                        try state.look(path)
                    }
                    // As the unix VFS has it, an empty file does not exist; but it can be written.
                    let exists = flags == SQLITE_ACCESS_EXISTS ? (size ?? 0) > 0 : size != nil
                    result!.pointee = exists ? 1 : 0
                    return SQLITE_OK
                } catch {
                    return InputOutputCode.access
                }
            },
            xFullPathname: { _, path, size, result in
                SimulatedVFS.copyPath(path!, size, result!)
            },
            xDlOpen: nil, xDlError: nil, xDlSym: nil, xDlClose: nil,
            xRandomness: { vfs, count, bytes in
                SimulatedVFS.disk(vfs).withState { state in
                    for index in 0..<Int(count) {
                        bytes![index] = CChar(truncatingIfNeeded: state.generator.next())
                    }
                }
                return count
            },
            xSleep: { vfs, microseconds in
                SimulatedVFS.disk(vfs).advanceTime(milliseconds: Int64(microseconds + 999) / 1_000)
                return microseconds
            },
            xCurrentTime: { vfs, days in
                days!.pointee = Double(SimulatedVFS.julianMilliseconds(SimulatedVFS.disk(vfs))) / 86_400_000
                return SQLITE_OK
            },
            xGetLastError: { _, _, _ in 0 },
            xCurrentTimeInt64: { vfs, milliseconds in
                milliseconds!.pointee = SimulatedVFS.julianMilliseconds(SimulatedVFS.disk(vfs))
                return SQLITE_OK
            },
            xSetSystemCall: nil, xGetSystemCall: nil, xNextSystemCall: nil)
    }

    /// SQLite counts from noon in Greenwich on November 24, 4714 BC; a disk from 2000-01-01 00:00.
    private static func julianMilliseconds(_ disk: SimulatedDisk) -> Int64 {
        211_813_488_000_000 + disk.withState { $0.milliseconds }
    }

    private static func copyPath(
        _ path: UnsafePointer<CChar>, _ size: Int32, _ result: UnsafeMutablePointer<CChar>
    ) -> Int32 {
        var length = 0
        while path[length] != 0 { length += 1 }
        guard length < Int(size) else { return SQLITE_CANTOPEN }
        result.update(from: path, count: length + 1)
        return SQLITE_OK
    }

    private static func open(
        _ disk: SimulatedDisk, _ path: String?, _ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        file.pointee.pMethods = nil
        let isJournal = flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL) != 0
        do throws(DiskError) {
            let handle = try disk.withState { (state) throws(DiskError) in
                guard let path else { return try state.openTemporary() }
                return try state.open(
                    path, create: flags & SQLITE_OPEN_CREATE != 0,
                    isExclusive: flags & SQLITE_OPEN_EXCLUSIVE != 0,
                    isDeletedOnClose: flags & SQLITE_OPEN_DELETEONCLOSE != 0,
                    syncsDirectory: isJournal && flags & SQLITE_OPEN_CREATE != 0)
            }
            SimulatedVFSFile.initialize(file, disk, handle)
            outFlags?.pointee = flags
            return SQLITE_OK
        } catch .full {
            return SQLITE_FULL
        } catch .inputOutput {
            return SQLITE_IOERR
        } catch {
            return SQLITE_CANTOPEN
        }
    }
}

/// The extended codes of SQLITE_IOERR, which Swift does not import.
enum InputOutputCode {
    static let read = SQLITE_IOERR | 1 << 8
    static let shortRead = SQLITE_IOERR | 2 << 8
    static let write = SQLITE_IOERR | 3 << 8
    static let sync = SQLITE_IOERR | 4 << 8
    static let truncate = SQLITE_IOERR | 6 << 8
    static let size = SQLITE_IOERR | 7 << 8
    static let unlock = SQLITE_IOERR | 8 << 8
    static let delete = SQLITE_IOERR | 10 << 8
    static let access = SQLITE_IOERR | 13 << 8
    static let lock = SQLITE_IOERR | 15 << 8
    static let close = SQLITE_IOERR | 16 << 8
    static let deleteNoEntry = SQLITE_IOERR | 23 << 8
}
