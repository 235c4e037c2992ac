import CSQLite

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The files of the machine.
package struct PosixFiles: StoreFiles, Sendable {
    /// The files of the machine.
    package init() {}

    package func createDirectory(_ path: String) throws(StoreError) -> Bool {
        let parent = Self.parent(of: path)
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw .badDirectory(directory: path, detail: "it is a file")
            }
            if parent != path {
                _ = try createDirectory(parent)
                try syncNames(in: parent)
            }
            return false
        }
        guard errno == ENOENT else { throw failure(path, "looking at the directory") }
        if parent != path { _ = try createDirectory(parent) }
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw failure(path, "creating the directory")
        }
        try syncDirectory(parent)
        return true
    }

    /// Syncs a directory above one that was there already. We may lack the right to read it, and its file
    /// system may know no such sync: then it was none of ours who made that name.
    private func syncNames(in path: String) throws(StoreError) {
        let file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        guard fsync(file) == 0 || errno != EIO else { throw failure(path, "fsync of the directory") }
    }

    package func syncDirectory(_ path: String) throws(StoreError) {
        try withFile(path, O_RDONLY | O_DIRECTORY) { (file) throws(StoreError) in
            guard fsync(file) == 0 else { throw failure(path, "fsync of the directory") }
        }
    }

    package func lock(_ path: String, exclusively: Bool) throws(StoreError) -> (any StoreLock)? {
        let flags = exclusively ? O_RDWR | O_CREAT : O_RDONLY
        let file = open(path, flags | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            if !exclusively, errno == ENOENT { return nil }
            throw failure(path, "opening the lock")
        }
        guard flock(file, (exclusively ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let error = failure(path, "locking")
            let holder = processID(in: file)
            close(file)
            throw isHeld ? .inUse(directory: Self.parent(of: path), processID: holder) : error
        }
        let lock = PosixLock(file, isExclusive: exclusively)
        if exclusively {
            // For people only: who holds it. A write that fails takes nothing from the lock.
            let text = Array("\(getpid())\n".utf8)
            _ = ftruncate(file, 0)
            _ = text.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
        }
        return lock
    }

    package func size(of path: String) throws(StoreError) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw failure(path, "looking at the file")
        }
        return Int(status.st_size)
    }

    package func identity(of path: String) throws(StoreError) -> FileIdentity? {
        var file = decree_file()
        guard decree_look_at_path(path, &file) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure(path, "looking at the file")
        }
        return FileIdentity(device: file.device, number: file.number, bytes: Int(file.bytes))
    }

    package func watch(_ path: String) throws(StoreError) -> any WatchedFile {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path, "opening") }
        return PosixWatch(file)
    }

    package func read(_ path: String) throws(StoreError) -> [UInt8] {
        let size = try size(of: path) ?? 0
        return try withFile(path, O_RDONLY) { (file) throws(StoreError) in
            var failed = false
            let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                while count < size {
                    let got = pread(file, buffer.baseAddress?.advanced(by: count), size - count, off_t(count))
                    if got < 0, errno == EINTR { continue }
                    failed = got < 0
                    if got <= 0 { break }
                    count += got
                }
            }
            guard !failed else { throw failure(path, "read") }
            return bytes
        }
    }

    package func overwrite(_ path: String, with bytes: ArraySlice<UInt8>) throws(StoreError) {
        try withFile(path, O_WRONLY) { (file) throws(StoreError) in
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes {
                    pwrite(
                        file, $0.baseAddress?.advanced(by: written), $0.count - written, off_t(written))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure(path, "write") }
                written += count
            }
            try synchronize(file, path)
        }
    }

    /// Writes a small file whole: after a crash there is the old one or the new one. The directory is to be synced.
    package func create(_ path: String, with bytes: [UInt8]) throws(StoreError) {
        let draft = path + ".new"
        try withFile(draft, O_WRONLY | O_CREAT | O_TRUNC) { (file) throws(StoreError) in
            let count = bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
            guard count == bytes.count else { throw failure(draft, "write") }
            try synchronize(file, draft)
        }
        guard rename(draft, path) == 0 else { throw failure(path, "rename") }
    }

    package func truncate(_ path: String) throws(StoreError) {
        try withFile(path, O_WRONLY) { (file) throws(StoreError) in
            guard ftruncate(file, 0) == 0 else { throw failure(path, "truncate") }
            try synchronize(file, path)
        }
    }

    package func remove(_ path: String) throws(StoreError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure(path, "deleting") }
    }

    private func synchronize(_ file: Int32, _ path: String) throws(StoreError) {
        #if canImport(Darwin)
            guard fcntl(file, F_FULLFSYNC) == 0 else { throw failure(path, "F_FULLFSYNC") }
        #else
            guard fdatasync(file) == 0 else { throw failure(path, "fdatasync") }
        #endif
    }

    private func withFile<Result>(
        _ path: String, _ flags: Int32, _ body: (Int32) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let file = open(path, flags | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure(path, "opening") }
        defer { close(file) }
        return try body(file)
    }

    private func failure(_ path: String, _ operation: String) -> StoreError {
        .ioError(file: path, operation: operation, detail: String(cString: strerror(errno)))
    }

    private func processID(in file: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// The path of the directory that holds `path`.
    static func parent(of path: String) -> String {
        var trimmed = path[...]
        while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }
}

/// An open file that is only looked at.
private final class PosixWatch: WatchedFile {
    private let file: Int32

    init(_ file: Int32) { self.file = file }

    deinit { close(file) }

    var bytes: Int? {
        var found = decree_file()
        guard decree_look_at_file(file, &found) == 0, found.names > 0 else { return nil }
        return Int(found.bytes)
    }

    func isAsLong(as bytes: Int) -> Bool { lseek(file, 0, SEEK_END) >= off_t(bytes) }
}

/// A `flock`, which unlike SQLite's own locks is not lost when somebody in this process opens and closes
/// the same file.
private final class PosixLock: StoreLock {
    private var file: Int32?
    private let isExclusive: Bool

    init(_ file: Int32, isExclusive: Bool) {
        self.file = file
        self.isExclusive = isExclusive
    }

    deinit { release() }

    func release() {
        guard let file else { return }
        if isExclusive { _ = ftruncate(file, 0) }
        // A process that is being started from another thread holds a copy of the descriptor for a moment.
        _ = flock(file, LOCK_UN)
        close(file)
        self.file = nil
    }
}
