import Paxos

extension DiskState {
    /// Writes to the page cache. A write that fails may have been done in part: whole sectors of it after
    /// an error, whole pages in a crash, and all there was room for on a full disk.
    mutating func write(
        _ handle: DiskHandle, at offset: Int, _ bytes: UnsafeRawBufferPointer
    ) throws(DiskError) {
        let openFile = try openFile(handle)
        switch try begin(.write, openFile.path, at: offset, count: bytes.count) {
        case .proceeds:
            let count = room(for: bytes.count, at: offset, in: openFile.file)
            writePrefix(count, of: bytes, at: offset, in: openFile.file)
            if count < bytes.count { throw .full }
        case .fails(let error):
            let sectors = generator.below(bytes.count / 512 + 1)
            writePrefix(sectors * 512, of: bytes, at: offset, in: openFile.file)
            throw error
        case .crashes:
            let end = (offset + bytes.count + 4_095) / 4_096
            let page = offset / 4_096 + generator.below(end - offset / 4_096 + 1)
            let count = min(max(0, page * 4_096 - offset), bytes.count)
            writePrefix(count, of: bytes, at: offset, in: openFile.file)
            isDown = true
            throw .down
        }
    }

    private mutating func writePrefix(
        _ count: Int, of bytes: UnsafeRawBufferPointer, at offset: Int, in file: Int
    ) {
        files[file].write(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)), at: offset)
    }

    /// How many of `count` bytes at `offset` the disk has blocks for: a file's own blocks always, others
    /// while the capacity lasts.
    private func room(for count: Int, at offset: Int, in file: Int) -> Int {
        guard let capacityBytes else { return count }
        let own = Self.blockBytes(files[file].cached.count)
        let end = own + max(0, capacityBytes - usedBytes) / 4_096 * 4_096
        return max(0, min(count, end - offset))
    }

    /// Bytes taken by files that have a name, in whole blocks.
    var usedBytes: Int {
        names.files.reduce(0) { $0 + Self.blockBytes(files[$1.number].cached.count) }
    }

    private static func blockBytes(_ size: Int) -> Int { (size + 4_095) / 4_096 * 4_096 }

    // MARK: Names

    mutating func syncDirectory(_ path: String) throws(DiskError) {
        guard names.hasDirectory(path) else { throw .notFound }
        try perform(.syncDirectory, path)
        if !ignoresSync(of: path) { names.sync(directory: path) }
    }

    mutating func delete(_ path: String, syncsDirectory: Bool) throws(DiskError) {
        guard names[path] != nil else {
            try perform(.look, path)
            throw .notFound
        }
        try perform(.delete, path)
        names.remove(path)
        if syncsDirectory { try syncDirectory(DiskNames.parent(of: path)) }
    }

    mutating func createDirectory(_ path: String) throws(DiskError) {
        guard names.hasDirectory(DiskNames.parent(of: path)) else { throw .notFound }
        try perform(.createDirectory, path)
        if names[path] == nil { names.add(path, .directory) }
    }

    /// The size of a file by name; nil if there is none.
    mutating func look(_ path: String) throws(DiskError) -> Int? {
        try perform(.look, path)
        guard case .file(let number) = names[path] else { return nil }
        return files[number].cached.count
    }

    // MARK: Locks

    mutating func lock(_ handle: DiskHandle, _ level: LockLevel) throws(DiskError) {
        let mine = try openFile(handle)
        guard level.rawValue > mine.lock.rawValue else { return }
        try perform(.lock, mine.path)
        let others =
            openFiles.indices.filter {
                $0 != handle.number && openFiles[$0].isOpen && openFiles[$0].file == mine.file
            }.map { openFiles[$0].lock.rawValue }.max() ?? LockLevel.none.rawValue
        let barrier: LockLevel =
            switch level {
            case .none, .shared: .pending
            case .reserved, .pending: .reserved
            case .exclusive: .shared
            }
        guard others < barrier.rawValue else { throw .locked }
        openFiles[handle.number].lock = level
    }

    mutating func unlock(_ handle: DiskHandle, _ level: LockLevel) throws(DiskError) {
        let mine = try openFile(handle)
        guard level.rawValue < mine.lock.rawValue else { return }
        try perform(.lock, mine.path)
        openFiles[handle.number].lock = level
    }

    mutating func isReserved(_ handle: DiskHandle) throws(DiskError) -> Bool {
        let mine = try openFile(handle)
        return openFiles.contains { $0.isOpen && $0.file == mine.file && $0.lock.rawValue >= 2 }
    }
}
