package import DecreeStore

/// A simulated disk's files as a store reaches them outside SQLite. Each call does what the real one does,
/// operation by operation, so that each can fail.
package struct SimulatedFiles: StoreFiles, Sendable {
    private let disk: SimulatedDisk

    /// The files of `disk`.
    package init(_ disk: SimulatedDisk) { self.disk = disk }

    package func createDirectory(_ path: String) throws(StoreError) -> Bool {
        try perform(path, "creating the directory") { (state) throws(DiskError) in
            var path = path
            var chain: [String] = []
            while !path.isEmpty, path != "/" {
                chain.append(path)
                path = DiskNames.parent(of: path)
            }
            let missing = chain.filter { !state.names.hasDirectory($0) }
            for directory in chain.reversed() {
                if missing.contains(directory) { try state.createDirectory(directory) }
                try state.syncDirectory(DiskNames.parent(of: directory))
            }
            return !missing.isEmpty
        }
    }

    package func syncDirectory(_ path: String) throws(StoreError) {
        try perform(path, "fsync of the directory") { (state) throws(DiskError) in
            try state.syncDirectory(path)
        }
    }

    package func lock(_ path: String, exclusively: Bool) throws(StoreError) -> (any StoreLock)? {
        do throws(DiskError) {
            let handle = try disk.withState { (state) throws(DiskError) in
                let handle = try state.open(path, create: exclusively)
                do throws(DiskError) {
                    try state.lock(handle, exclusively ? .exclusive : .shared)
                } catch {
                    try state.close(handle)
                    throw error
                }
                return handle
            }
            return SimulatedLock(disk, handle)
        } catch .notFound where !exclusively {
            return nil
        } catch .locked {
            throw .inUse(directory: DiskNames.parent(of: path), processID: nil)
        } catch {
            throw failure(path, "locking", error)
        }
    }

    package func size(of path: String) throws(StoreError) -> Int? {
        try perform(path, "looking at the file") { (state) throws(DiskError) in try state.look(path) }
    }

    /// Looking costs nothing, and does not fail: where a fault strikes is counted by what is read and written.
    package func identity(of path: String) throws(StoreError) -> FileIdentity? {
        disk.withState { state in
            switch state.names[path] {
            case .file(let number):
                FileIdentity(device: 1, number: UInt64(number), bytes: state.files[number].cached.count)
            case .directory: FileIdentity(device: 0, number: 0, bytes: 0)
            case nil: nil
            }
        }
    }

    package func watch(_ path: String) throws(StoreError) -> any WatchedFile {
        let number = disk.withState { state in state.names[path] }
        guard case .file(let number) = number else { throw failure(path, "opening", .notFound) }
        return SimulatedWatch(disk, number)
    }

    package func read(_ path: String) throws(StoreError) -> [UInt8] {
        try withFile(path, "read") { (state, handle) throws(DiskError) in
            let size = try state.size(handle)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
            defer { buffer.deallocate() }
            _ = try state.read(handle, at: 0, into: buffer)
            return [UInt8](copying: UnsafeRawBufferPointer(buffer))
        }
    }

    package func overwrite(_ path: String, with bytes: ArraySlice<UInt8>) throws(StoreError) {
        try withFile(path, "write") { (state, handle) throws(DiskError) in
            let written = bytes.withUnsafeBytes { memory in
                Result { () throws(DiskError) in try state.write(handle, at: 0, memory) }
            }
            try written.get()
            try state.sync(handle)
        }
    }

    package func truncate(_ path: String) throws(StoreError) {
        try withFile(path, "truncate") { (state, handle) throws(DiskError) in
            try state.truncate(handle, to: 0)
            try state.sync(handle)
        }
    }

    package func remove(_ path: String) throws(StoreError) {
        try perform(path, "deleting") { (state) throws(DiskError) in
            do throws(DiskError) { try state.delete(path, syncsDirectory: false) } catch .notFound {}
        }
    }

    private func withFile<Result: Sendable>(
        _ path: String, _ operation: String,
        _ body: (inout DiskState, DiskHandle) throws(DiskError) -> Result
    ) throws(StoreError) -> Result {
        try perform(path, operation) { (state) throws(DiskError) in
            let handle = try state.open(path, create: false)
            do throws(DiskError) {
                let result = try body(&state, handle)
                try state.close(handle)
                return result
            } catch {
                try state.close(handle)
                throw error
            }
        }
    }

    private func perform<Result: Sendable>(
        _ path: String, _ operation: String, _ body: (inout DiskState) throws(DiskError) -> Result
    ) throws(StoreError) -> Result {
        do throws(DiskError) {
            return try disk.withState { (state) throws(DiskError) in try body(&state) }
        } catch {
            throw failure(path, operation, error)
        }
    }

    private func failure(_ path: String, _ operation: String, _ error: DiskError) -> StoreError {
        let detail =
            switch error {
            case .inputOutput: "Input/output error"
            case .full: "No space left on device"
            case .notFound: "No such file or directory"
            case .locked: "Resource temporarily unavailable"
            case .down: "the machine is down"
            }
        return .ioError(file: path, operation: operation, detail: detail)
    }
}

/// A simulated file that is only looked at: like `identity(of:)` it costs nothing.
private final class SimulatedWatch: WatchedFile {
    private let disk: SimulatedDisk
    private let number: Int

    init(_ disk: SimulatedDisk, _ number: Int) {
        self.disk = disk
        self.number = number
    }

    var bytes: Int? {
        disk.withState { state in
            state.names.hasName(file: number) ? state.files[number].cached.count : nil
        }
    }

    func isAsLong(as bytes: Int) -> Bool {
        disk.withState { state in state.files[number].cached.count >= bytes }
    }
}

/// A lock held on a simulated disk; it ends with the life of the machine it was taken in.
private final class SimulatedLock: StoreLock {
    private let disk: SimulatedDisk
    private var handle: DiskHandle?

    init(_ disk: SimulatedDisk, _ handle: DiskHandle) {
        self.disk = disk
        self.handle = handle
    }

    deinit { release() }

    func release() {
        guard let handle else { return }
        self.handle = nil
        try? disk.withState { (state) throws(DiskError) in try state.close(handle) }
    }
}
