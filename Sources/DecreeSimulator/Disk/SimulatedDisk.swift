import Paxos
import Synchronization

/// A disk in memory that knows what was synced, and SQLite's way to it: a database opened with `vfsName`
/// lives here.
///
/// A write goes to the page cache. A sync makes a file's writes durable, a directory's sync its names.
/// `kill()` is the end of the process alone; `powerCut(keeping:)` the end of the page cache too. Faults
/// strike the n-th operation. All chance is drawn from the seed, time stands still unless it is moved: one
/// seed, one behaviour.
///
/// After a crash what the dead process still holds open reaches nothing, so a test may drop it whenever.
public final class SimulatedDisk: Sendable {
    private let state: Mutex<DiskState>
    private let vfs: SimulatedVFS

    /// An empty disk.
    public convenience init(seed: UInt64 = 0) {
        self.init(DiskState(generator: SeededGenerator(seed: seed)))
    }

    /// A disk as another was when the image was taken, with chance of its own.
    public convenience init(image: DiskImage, seed: UInt64) {
        var state = image.state
        state.generator = SeededGenerator(seed: seed)
        self.init(state)
    }

    private init(_ state: DiskState) {
        self.state = Mutex(state)
        vfs = SimulatedVFS()
        vfs.register(for: self)
    }

    deinit { vfs.unregister() }

    /// The name to open a database under: `sqlite3_open_v2(path, &connection, flags, vfsName)`.
    public var vfsName: String { vfs.name }

    /// Makes SQLite's own chance (WAL salts) follow this disk's seed, for a process in which nothing else
    /// uses SQLite meanwhile: SQLite has one generator for all connections.
    public func seedSQLite() { vfs.seedSQLite() }

    func withState<Result, Failure: Error>(
        _ body: (inout sending DiskState) throws(Failure) -> sending Result
    ) throws(Failure) -> Result {
        try state.withLock(body)
    }

    // MARK: Life and death

    /// kill -9, or a crash of the process: what was written stays in the page cache, *unsynced*; locks and
    /// open files go. A power cut may still lose it. Clears the faults.
    public func kill() { withState { $0.restart() } }

    /// A power cut: of what was not synced, only what `survival` grants is there afterwards. Clears the
    /// faults.
    public func powerCut(keeping survival: Survival) { withState { $0.powerCut(keeping: survival) } }

    /// Whether a crash has struck and the machine not come back.
    public var isDown: Bool { withState { $0.isDown } }

    /// The disk as it is, to be gone back to, or for another to start from.
    public var image: DiskImage { DiskImage(state: withState { $0 }) }

    /// Goes back to an image, as after `kill()`, with chance drawn from `seed`.
    public func restore(_ image: DiskImage, seed: UInt64) {
        withState {
            let boot = $0.boot
            $0 = image.state
            $0.generator = SeededGenerator(seed: seed)
            $0.boot = boot
            $0.restart()
        }
    }

    // MARK: Faults

    /// Adds a fault; it counts from now on.
    public func inject(_ fault: DiskFault) { withState { $0.faults.append(ArmedFault(fault)) } }

    /// Removes all faults.
    public func clearFaults() { withState { $0.faults.removeAll() } }

    /// The operation that a fault struck last since the machine came up; nil if none was, which means that
    /// the run had fewer operations.
    public var struckOperation: DiskOperation? { withState { $0.lastStruck } }

    /// What a sync that fails nevertheless brought to the medium. Nothing, at first.
    public func setFailedSyncSurvival(_ survival: Survival) { withState { $0.failedSyncSurvival = survival } }

    /// From now on, syncs of paths that end so are said to have worked and do nothing: a disk that lies, or
    /// `synchronous=OFF`. nil for an honest disk. The control of every durability test.
    public func setSyncsIgnored(pathSuffix: String?) { withState { $0.ignoredSyncSuffix = pathSuffix } }

    /// Room for the files' blocks; nil for no limit. What is there stays, even above it.
    public func setCapacity(bytes: Int?) { withState { $0.capacityBytes = bytes } }

    /// Bytes of all files, in whole blocks.
    public var usedBytes: Int { withState { $0.usedBytes } }

    /// Flips a bit of a file, in memory and on the medium. Returns whether the file reaches that far.
    @discardableResult
    public func flipBit(_ bit: Int, ofByteAt offset: Int, in path: String) -> Bool {
        withState { state in
            guard case .file(let number) = state.names[path],
                (0..<state.files[number].cached.count).contains(offset), (0..<8).contains(bit)
            else { return false }
            state.files[number].flipBit(bit, ofByteAt: offset)
            return true
        }
    }

    /// Takes all files' names away, also on the medium. A process that has them open goes on writing to them.
    func unlinkFiles() {
        withState { state in
            for (path, _) in state.names.files {
                state.names.remove(path)
                state.names.sync(directory: DiskNames.parent(of: path))
            }
        }
    }

    // MARK: What happened

    /// How often each kind of operation was asked for, while the machine was up.
    public var counts: DiskOperationCounts { withState { $0.counts } }

    /// Requests that found the machine down, or came through handles of an earlier life.
    public var unansweredCount: Int { withState { $0.unansweredCount } }

    /// Starts a trace, or starts it again.
    public func startTrace() { withState { $0.trace = [] } }

    /// The operations since `startTrace()`; the trace goes on, empty.
    public func takeTrace() -> [DiskOperation] {
        withState { state in
            defer { if state.trace != nil { state.trace = [] } }
            return state.trace ?? []
        }
    }

    /// A file's bytes, as a process would read them; nil if there is none.
    public func contents(of path: String) -> [UInt8]? {
        withState { state in
            guard case .file(let number) = state.names[path] else { return nil }
            return state.files[number].cached.bytes
        }
    }

    /// How many pieces of a file's unsynced changes a power cut may keep or lose one by one: n, for
    /// `Survival.allButSector` of 0 ..< n.
    public func unsyncedSectors(in path: String) -> Int {
        withState { state in
            guard case .file(let number) = state.names[path] else { return 0 }
            return Survival.tornSectors.pieces(of: state.files[number].unsynced).count
        }
    }

    /// Moves the clock that SQLite is shown.
    public func advanceTime(milliseconds: Int64) { withState { $0.milliseconds += milliseconds } }
}

/// A disk's whole state at one moment.
public struct DiskImage: Sendable {
    let state: DiskState
}
