import Paxos

/// An open file: which one, in which life of the machine. A handle of an earlier life reaches nothing.
struct DiskHandle: Sendable {
    let boot: Int
    let number: Int
}

/// All a simulated disk is, as a value: a copy is an image of it.
struct DiskState: Sendable {
    /// What the machine keeps for each open file.
    struct OpenFile: Sendable {
        let path: String
        let file: Int
        let isDeletedOnClose: Bool
        /// SQLite's unix VFS syncs the directory with the first sync of a journal it may have created.
        var syncsDirectory: Bool
        var lock: LockLevel = .none
        var isOpen = true
    }

    /// SQLite's five lock states.
    enum LockLevel: Int32, Sendable {
        case none, shared, reserved, pending, exclusive
    }

    /// What becomes of an operation that has been asked for.
    enum Verdict: Sendable {
        case proceeds
        case fails(DiskError)
        case crashes
    }

    var generator: SeededGenerator
    var files: [SimulatedFile] = []
    var names = DiskNames()
    var openFiles: [OpenFile] = []
    var lockedPaths: [String] = []
    var boot = 1
    var isDown = false
    var faults: [ArmedFault] = []
    var counts = DiskOperationCounts()
    var unansweredCount = 0
    var trace: [DiskOperation]?
    var lastStruck: DiskOperation?
    var capacityBytes: Int?
    var failedSyncSurvival = Survival.nothing
    var ignoredSyncSuffix: String?
    var milliseconds: Int64 = 0

    init(generator: SeededGenerator) { self.generator = generator }

    // MARK: Faults

    /// Counts an operation and says what becomes of it. Every operation passes here, once.
    mutating func begin(
        _ kind: DiskOperationKind, _ path: String, at offset: Int = 0, count: Int = 0
    ) throws(DiskError) -> Verdict {
        guard !isDown else {
            unansweredCount += 1
            throw .down
        }
        counts.add(kind)
        var effect: DiskFault.Effect?
        for index in faults.indices where faults[index].strikes(kind, path) {
            effect = effect ?? faults[index].fault.effect
        }
        if trace != nil || effect != nil {
            let operation = DiskOperation(
                kind: kind, path: path, offset: offset, length: count, fault: effect)
            trace?.append(operation)
            if effect != nil { lastStruck = operation }
        }
        switch effect {
        case nil: return .proceeds
        case .inputOutputError: return .fails(.inputOutput)
        case .diskFull: return .fails(.full)
        case .crash: return .crashes
        }
    }

    /// For operations that happen or do not, and nothing in between.
    mutating func perform(_ kind: DiskOperationKind, _ path: String) throws(DiskError) {
        switch try begin(kind, path) {
        case .proceeds: return
        case .fails(let error): throw error
        case .crashes:
            isDown = true
            throw .down
        }
    }

    /// Whether a sync of `path` is a lie.
    func ignoresSync(of path: String) -> Bool { ignoredSyncSuffix.map { path.hasSuffix($0) } ?? false }

    // MARK: Life and death

    /// The machine comes back with what was written, none of it synced: kill -9, and the kernel lives on.
    mutating func restart() {
        openFiles.removeAll()
        lockedPaths.removeAll()
        faults.removeAll()
        lastStruck = nil
        boot += 1
        isDown = false
    }

    /// The machine comes back with what the medium has.
    mutating func powerCut(keeping survival: Survival) {
        for index in files.indices {
            let drawn = survival.drawn(&generator)
            files[index].powerCut(keeping: drawn, &generator)
        }
        names.powerCut(keeping: survival.drawn(&generator), &generator)
        restart()
    }

    // MARK: Files by handle

    mutating func open(
        _ path: String, create: Bool, isExclusive: Bool = false, isDeletedOnClose: Bool = false,
        syncsDirectory: Bool = false
    ) throws(DiskError) -> DiskHandle {
        let number: Int
        switch names[path] {
        case .file(let existing):
            try perform(.open, path)
            if isExclusive { throw .locked }
            number = existing
        case .directory: throw .inputOutput
        case nil:
            guard create, names.hasDirectory(DiskNames.parent(of: path)) else {
                try perform(.open, path)
                throw .notFound
            }
            try perform(.create, path)
            number = files.count
            files.append(SimulatedFile())
            names.add(path, .file(number))
        }
        return register(
            OpenFile(
                path: path, file: number, isDeletedOnClose: isDeletedOnClose,
                syncsDirectory: syncsDirectory))
    }

    /// A file without a name, gone when it is closed.
    mutating func openTemporary() throws(DiskError) -> DiskHandle {
        try perform(.create, "")
        files.append(SimulatedFile())
        return register(
            OpenFile(path: "", file: files.count - 1, isDeletedOnClose: false, syncsDirectory: false))
    }

    private mutating func register(_ openFile: OpenFile) -> DiskHandle {
        openFiles.append(openFile)
        return DiskHandle(boot: boot, number: openFiles.count - 1)
    }

    /// What stands behind a handle; `down` for one of an earlier life.
    mutating func openFile(_ handle: DiskHandle) throws(DiskError) -> OpenFile {
        guard handle.boot == boot, !isDown, openFiles[handle.number].isOpen else {
            unansweredCount += 1
            throw .down
        }
        return openFiles[handle.number]
    }

    mutating func close(_ handle: DiskHandle) throws(DiskError) {
        let openFile = try openFile(handle)
        openFiles[handle.number].isOpen = false
        openFiles[handle.number].lock = .none
        if openFile.isDeletedOnClose, names[openFile.path] != nil { names.remove(openFile.path) }
        try perform(.close, openFile.path)
    }

    mutating func size(_ handle: DiskHandle) throws(DiskError) -> Int {
        let openFile = try openFile(handle)
        try perform(.look, openFile.path)
        return files[openFile.file].cached.count
    }

    /// Fills `buffer` as far as the file goes. Returns how far.
    mutating func read(
        _ handle: DiskHandle, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(DiskError) -> Int {
        let openFile = try openFile(handle)
        switch try begin(.read, openFile.path, at: offset, count: buffer.count) {
        case .proceeds: break
        case .fails(let error): throw error
        case .crashes:
            isDown = true
            throw .down
        }
        return files[openFile.file].cached.read(at: offset, into: buffer)
    }

    mutating func truncate(_ handle: DiskHandle, to size: Int) throws(DiskError) {
        let openFile = try openFile(handle)
        switch try begin(.truncate, openFile.path, at: size) {
        case .proceeds: files[openFile.file].resize(to: size)
        case .fails(let error): throw error
        case .crashes:
            if generator.chance(1, in: 2) { files[openFile.file].resize(to: size) }
            isDown = true
            throw .down
        }
    }

    mutating func sync(_ handle: DiskHandle) throws(DiskError) {
        let openFile = try openFile(handle)
        switch try begin(.sync, openFile.path) {
        case .proceeds: if !ignoresSync(of: openFile.path) { files[openFile.file].sync() }
        case .fails(let error):
            files[openFile.file].failSync(keeping: failedSyncSurvival.drawn(&generator), &generator)
            throw error
        case .crashes:
            isDown = true
            throw .down
        }
        if openFile.syncsDirectory {
            openFiles[handle.number].syncsDirectory = false
            // The unix VFS does not look at what this one returns.
            do throws(DiskError) {
                try syncDirectory(DiskNames.parent(of: openFile.path))
            } catch {
                if isDown { throw error }
            }
        }
    }
}
