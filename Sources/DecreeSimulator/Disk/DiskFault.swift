/// Something that goes wrong at the n-th operation of some kinds, counted from when it was injected. A test
/// that injects it at 1, 2, 3… until a run survives has tried every place there is.
public struct DiskFault: Hashable, Sendable {
    /// What goes wrong.
    public enum Effect: Hashable, Sendable {
        /// The operation fails with an I/O error. A write may have happened in part. After a sync that
        /// failed, the pages count as clean: what did not reach the medium is written by no later sync,
        /// as on Linux (Rebello and others, "Can applications recover from fsync failures?").
        case inputOutputError
        /// A write finds no room. It may have happened in part.
        case diskFull
        /// The machine stops in the middle of the operation: everything fails until `kill()` or
        /// `powerCut(keeping:)` says how it came back. A write may have happened in part.
        case crash
    }

    /// The kinds that are counted, and struck.
    public var kinds: DiskOperationKinds
    /// Which of them is struck, from 1.
    public var index: Int
    /// What happens.
    public var effect: Effect
    /// Whether all later ones are struck as well.
    public var isSustained: Bool
    /// Only paths that end so are counted; all, if empty.
    public var pathSuffix: String

    /// A fault at the `index`-th operation of `kinds`.
    public init(
        _ effect: Effect, at index: Int, of kinds: DiskOperationKinds, isSustained: Bool = false,
        pathSuffix: String = ""
    ) {
        self.effect = effect
        self.index = index
        self.kinds = kinds
        self.isSustained = isSustained
        self.pathSuffix = pathSuffix
    }

    func counts(_ kind: DiskOperationKind, _ path: String) -> Bool {
        kinds.contains(kind) && (pathSuffix.isEmpty || path.hasSuffix(pathSuffix))
    }
}

/// A fault, and how many operations it has counted.
struct ArmedFault: Sendable {
    let fault: DiskFault
    private(set) var seen = 0

    init(_ fault: DiskFault) { self.fault = fault }

    /// Counts an operation. Returns whether it is struck.
    mutating func strikes(_ kind: DiskOperationKind, _ path: String) -> Bool {
        guard fault.counts(kind, path) else { return false }
        seen += 1
        return seen == fault.index || fault.isSustained && seen > fault.index
    }
}

/// Why the simulated disk refuses. Its users turn it into what a real one would have said.
public enum DiskError: Error, Hashable, Sendable {
    /// EIO.
    case inputOutput
    /// ENOSPC.
    case full
    /// ENOENT.
    case notFound
    /// The lock is held by another.
    case locked
    /// The handle is of before the last crash, or the machine is down: nobody is there to ask.
    case down
}
