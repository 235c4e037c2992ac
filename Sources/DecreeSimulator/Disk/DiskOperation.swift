/// What can be asked of a simulated disk. Each request is one operation, is counted, and can be made to fail.
public enum DiskOperationKind: UInt8, CaseIterable, Sendable {
    /// A file that exists is opened.
    case open
    /// A file is created, which is a change of its directory.
    case create
    /// Bytes are read.
    case read
    /// Bytes are written, to the page cache.
    case write
    /// A file is cut or lengthened, in the page cache.
    case truncate
    /// A file's changes are made durable.
    case sync
    /// A directory's names are made durable.
    case syncDirectory
    /// A name is removed.
    case delete
    /// A directory is made.
    case createDirectory
    /// A file's size or existence is asked for.
    case look
    /// A lock is taken or given back.
    case lock
    /// A file is closed.
    case close
}

/// A set of kinds.
public struct DiskOperationKinds: OptionSet, Hashable, Sendable {
    /// A bit for each kind.
    public let rawValue: UInt16

    /// A set of the bits' kinds.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The set of one kind.
    public init(_ kind: DiskOperationKind) { rawValue = 1 << UInt16(kind.rawValue) }

    /// Reads.
    public static let read = Self(.read)
    /// Writes to a file.
    public static let write = Self(.write)
    /// Whatever makes changes durable.
    public static let syncs: Self = [Self(.sync), Self(.syncDirectory)]
    /// Whatever alters a file or a directory, in the page cache.
    public static let changes: Self = [
        Self(.create), Self(.write), Self(.truncate), Self(.delete), Self(.createDirectory),
    ]
    /// Every operation that a crash can come before, after or in the middle of with a different outcome.
    public static let writesAndSyncs: Self = [.changes, .syncs]
    /// Everything.
    public static let all = Self(rawValue: .max)

    /// Whether `kind` is one of them.
    public func contains(_ kind: DiskOperationKind) -> Bool { contains(Self(kind)) }
}

/// One operation of a disk's trace.
public struct DiskOperation: Hashable, Sendable, CustomStringConvertible {
    /// What was asked.
    public let kind: DiskOperationKind
    /// The file or directory.
    public let path: String
    /// The first byte, for reads and writes; the new size, for a truncation.
    public let offset: Int
    /// The number of bytes, for reads and writes.
    public let length: Int
    /// What an injected fault made of it; nil if it went through.
    public let fault: DiskFault.Effect?

    /// `write node.db-wal 32+4120`, for a trace.
    public var description: String {
        "\(kind) \(path) \(offset)+\(length)" + (fault.map { " \($0)" } ?? "")
    }
}

/// How often each kind of operation was asked for.
public struct DiskOperationCounts: Hashable, Sendable {
    private var counts = [Int](repeating: 0, count: DiskOperationKind.allCases.count)

    /// Nothing yet.
    public init() {}

    mutating func add(_ kind: DiskOperationKind) { counts[Int(kind.rawValue)] += 1 }

    /// Operations of one kind.
    public subscript(_ kind: DiskOperationKind) -> Int { counts[Int(kind.rawValue)] }

    /// Operations of any of `kinds`.
    public subscript(_ kinds: DiskOperationKinds) -> Int {
        DiskOperationKind.allCases.reduce(0) { kinds.contains($1) ? $0 + self[$1] : $0 }
    }
}
