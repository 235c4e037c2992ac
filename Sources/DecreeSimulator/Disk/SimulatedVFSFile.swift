import CSQLite

/// What SQLite allocates for an open file: its own header first, as the C interface demands, then ours.
struct SimulatedVFSFile {
    private var header: sqlite3_file
    private var disk: Unmanaged<SimulatedDisk>
    private var handle: DiskHandle

    static func initialize(
        _ file: UnsafeMutablePointer<sqlite3_file>, _ disk: SimulatedDisk, _ handle: DiskHandle
    ) {
        UnsafeMutableRawPointer(file).initializeMemory(
            as: Self.self,
            to: Self(
                header: sqlite3_file(pMethods: methods), disk: .passRetained(disk), handle: handle))
    }

    /// Version 1, without shared memory: a store in WAL mode must take the exclusive lock first.
    ///
    /// Safe to share: never altered and never freed.
    private nonisolated(unsafe) static let methods: UnsafePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: fileMethods)
        return UnsafePointer(methods)
    }()

    /// Does something with the disk's state and the file's handle; an error becomes `code`, unless it has a
    /// code of its own.
    private static func perform(
        _ file: UnsafeMutablePointer<sqlite3_file>?, failingWith code: Int32,
        _ body: (inout DiskState, DiskHandle) throws(DiskError) -> Int32
    ) -> Int32 {
        let this = UnsafeMutableRawPointer(file!).assumingMemoryBound(to: Self.self).pointee
        return this.disk._withUnsafeGuaranteedRef { disk in
            do throws(DiskError) {
                return try disk.withState { (state) throws(DiskError) in try body(&state, this.handle) }
            } catch .full {
                return SQLITE_FULL
            } catch .locked {
                return SQLITE_BUSY
            } catch {
                return code
            }
        }
    }

    private static var fileMethods: sqlite3_io_methods {
        var methods = sqlite3_io_methods()
        methods.iVersion = 1
        methods.xClose = { file in
            let code = SimulatedVFSFile.perform(file, failingWith: InputOutputCode.close) {
                (state, handle) throws(DiskError) in
                try state.close(handle)
                return SQLITE_OK
            }
            UnsafeMutableRawPointer(file!).assumingMemoryBound(to: SimulatedVFSFile.self).pointee.disk
                .release()
            file!.pointee.pMethods = nil
            return code
        }
        methods.xRead = { file, bytes, count, offset in
            let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))
            return SimulatedVFSFile.perform(file, failingWith: InputOutputCode.read) {
                (state, handle) throws(DiskError) in
                let read = try state.read(handle, at: Int(offset), into: buffer)
                guard read < buffer.count else { return SQLITE_OK }
                // The rest must be zeros, or SQLite goes wrong.
                UnsafeMutableRawBufferPointer(rebasing: buffer[read...]).initializeMemory(
                    as: UInt8.self, repeating: 0)
                return InputOutputCode.shortRead
            }
        }
        methods.xWrite = { file, bytes, count, offset in
            SimulatedVFSFile.perform(file, failingWith: InputOutputCode.write) {
                (state, handle) throws(DiskError) in
                try state.write(
                    handle, at: Int(offset), UnsafeRawBufferPointer(start: bytes, count: Int(count)))
                return SQLITE_OK
            }
        }
        methods.xTruncate = { file, size in
            SimulatedVFSFile.perform(file, failingWith: InputOutputCode.truncate) {
                (state, handle) throws(DiskError) in
                try state.truncate(handle, to: Int(size))
                return SQLITE_OK
            }
        }
        methods.xSync = { file, _ in
            SimulatedVFSFile.perform(file, failingWith: InputOutputCode.sync) {
                (state, handle) throws(DiskError) in
                try state.sync(handle)
                return SQLITE_OK
            }
        }
        methods.xFileSize = { file, size in
            SimulatedVFSFile.perform(file, failingWith: InputOutputCode.size) {
                (state, handle) throws(DiskError) in
                size!.pointee = sqlite3_int64(try state.size(handle))
                return SQLITE_OK
            }
        }
        methods.xLock = { file, level in
            SimulatedVFSFile.perform(file, failingWith: InputOutputCode.lock) {
                (state, handle) throws(DiskError) in
                try state.lock(handle, DiskState.LockLevel(rawValue: level) ?? .exclusive)
                return SQLITE_OK
            }
        }
        methods.xUnlock = { file, level in
            SimulatedVFSFile.perform(file, failingWith: InputOutputCode.unlock) {
                (state, handle) throws(DiskError) in
                try state.unlock(handle, DiskState.LockLevel(rawValue: level) ?? .none)
                return SQLITE_OK
            }
        }
        methods.xCheckReservedLock = { file, result in
            SimulatedVFSFile.perform(file, failingWith: InputOutputCode.lock) {
                (state, handle) throws(DiskError) in
                result!.pointee = try state.isReserved(handle) ? 1 : 0
                return SQLITE_OK
            }
        }
        methods.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        // What the unix VFS says of most file systems: a write harms no byte beside it.
        methods.xSectorSize = { _ in 4_096 }
        methods.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
        return methods
    }
}
