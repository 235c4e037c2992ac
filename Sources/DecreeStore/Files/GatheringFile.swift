import CSQLite

/// An open write-ahead log whose writes are held back while each continues the one before.
///
/// What is held goes to the file below, as one write, before anything else is done there: a write elsewhere, a
/// sync, a read, a truncation, a question for the size, the closing. So the file below sees the same bytes at the
/// same places between the same syncs. An error of that write is the answer to the call that caused it. SQLite
/// syncs the log at the end of every transaction (`synchronous=FULL`), so that no commit returns before its frames
/// were written, and a full disk met there is SQLITE_FULL as it is at a write: the transaction is rolled back.
struct GatheringFile {
    /// The unix VFS cuts a write to 17 bits of length, and 128 KiB to nothing.
    static let bufferBytes = 65_536

    /// SQLite's part first, as the C interface demands.
    private var header: sqlite3_file
    /// The file of the VFS below, in the same memory behind this.
    private let below: UnsafeMutablePointer<sqlite3_file>
    private let buffer: UnsafeMutableRawPointer
    /// Where in the file the held bytes belong.
    private var offset: sqlite3_int64 = 0
    private var count = 0

    /// What is allocated in front of the file below. SQLite aligns to 8 bytes.
    static var headerBytes: Int32 { Int32(MemoryLayout<Self>.size + 7) / 8 * 8 }

    static func open(
        _ file: UnsafeMutablePointer<sqlite3_file>, _ vfs: UnsafeMutablePointer<sqlite3_vfs>,
        _ path: UnsafePointer<CChar>?, _ flags: Int32, _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        file.pointee.pMethods = nil
        let memory = UnsafeMutableRawPointer(file)
        let below = (memory + Int(headerBytes)).assumingMemoryBound(to: sqlite3_file.self)
        below.pointee.pMethods = nil
        let code = vfs.pointee.xOpen(vfs, path, below, flags, outFlags)
        guard code == SQLITE_OK else {
            // It wants to be closed all the same if it has methods; SQLite does not see them.
            if let methods = below.pointee.pMethods { _ = methods.pointee.xClose(below) }
            return code
        }
        memory.initializeMemory(
            as: Self.self,
            to: Self(
                header: sqlite3_file(pMethods: methods), below: below,
                buffer: .allocate(byteCount: bufferBytes, alignment: 16)))
        return SQLITE_OK
    }

    private init(
        header: sqlite3_file, below: UnsafeMutablePointer<sqlite3_file>, buffer: UnsafeMutableRawPointer
    ) {
        self.header = header
        self.below = below
        self.buffer = buffer
    }

    // MARK: Holding back

    private mutating func write(
        _ bytes: UnsafeRawPointer, _ size: Int, at place: sqlite3_int64
    ) -> Int32 {
        if place != offset + sqlite3_int64(count) || count + size > Self.bufferBytes {
            let code = flush()
            guard code == SQLITE_OK else { return code }
            offset = place
        }
        guard size <= Self.bufferBytes else {
            return below.pointee.pMethods.pointee.xWrite(below, bytes, Int32(size), place)
        }
        (buffer + count).copyMemory(from: bytes, byteCount: size)
        count += size
        return SQLITE_OK
    }

    /// Writes what is held, or fails and forgets it: what SQLite is told has failed, it rolls back, and the same
    /// bytes written later would stand among those of another transaction.
    private mutating func flush() -> Int32 {
        guard count > 0 else { return SQLITE_OK }
        defer { count = 0 }
        return below.pointee.pMethods.pointee.xWrite(below, buffer, Int32(count), offset)
    }

    /// Does something with the file below when what is held has been written.
    private static func afterFlush(
        _ file: UnsafeMutablePointer<sqlite3_file>?,
        _ body: (UnsafeMutablePointer<sqlite3_file>, sqlite3_io_methods) -> Int32
    ) -> Int32 {
        let this = this(file)
        let code = this.pointee.flush()
        return code == SQLITE_OK ? pass(file, body) : code
    }

    /// Does something with the file below.
    private static func pass(
        _ file: UnsafeMutablePointer<sqlite3_file>?,
        _ body: (UnsafeMutablePointer<sqlite3_file>, sqlite3_io_methods) -> Int32
    ) -> Int32 {
        let below = this(file).pointee.below
        return body(below, below.pointee.pMethods.pointee)
    }

    private static func this(_ file: UnsafeMutablePointer<sqlite3_file>?) -> UnsafeMutablePointer<Self> {
        UnsafeMutableRawPointer(file!).assumingMemoryBound(to: Self.self)
    }

    /// Closes the file below whatever the last write says: SQLite forgets the file.
    private static func close(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Int32 {
        let this = this(file)
        let flushed = this.pointee.flush()
        let closed = pass(file) { $1.xClose($0) }
        this.pointee.buffer.deallocate()
        file!.pointee.pMethods = nil
        return flushed == SQLITE_OK ? closed : flushed
    }
}

// MARK: The functions SQLite calls for the file

extension GatheringFile {
    /// Version 1, without shared memory and mapping: SQLite asks the database's file for those, never the log's.
    ///
    /// Safe to share: never altered and never freed.
    private nonisolated(unsafe) static let methods: UnsafePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: fileMethods)
        return UnsafePointer(methods)
    }()

    private static var fileMethods: sqlite3_io_methods {
        var methods = sqlite3_io_methods()
        methods.iVersion = 1
        methods.xClose = { GatheringFile.close($0) }
        methods.xWrite = { file, bytes, size, place in
            GatheringFile.this(file).pointee.write(bytes!, Int(size), at: place)
        }
        methods.xRead = { file, bytes, size, place in
            GatheringFile.afterFlush(file) { $1.xRead($0, bytes, size, place) }
        }
        methods.xTruncate = { file, size in GatheringFile.afterFlush(file) { $1.xTruncate($0, size) } }
        methods.xSync = { file, flags in GatheringFile.afterFlush(file) { $1.xSync($0, flags) } }
        methods.xFileSize = { file, size in GatheringFile.afterFlush(file) { $1.xFileSize($0, size) } }
        methods.xLock = { file, level in GatheringFile.pass(file) { $1.xLock($0, level) } }
        methods.xUnlock = { file, level in GatheringFile.pass(file) { $1.xUnlock($0, level) } }
        methods.xCheckReservedLock = { file, result in
            GatheringFile.pass(file) { $1.xCheckReservedLock($0, result) }
        }
        methods.xFileControl = { file, operation, argument in
            GatheringFile.pass(file) { $1.xFileControl($0, operation, argument) }
        }
        methods.xSectorSize = { file in GatheringFile.pass(file) { $1.xSectorSize($0) } }
        methods.xDeviceCharacteristics = { file in
            GatheringFile.pass(file) { $1.xDeviceCharacteristics($0) }
        }
        return methods
    }
}
