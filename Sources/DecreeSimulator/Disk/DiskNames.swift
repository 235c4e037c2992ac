import Paxos

/// The names on a disk: as a process sees them, and as they are on the medium. A name is durable when its
/// directory was synced; the sync of a file says nothing about its name (POSIX promises no more).
struct DiskNames: Sendable {
    /// What a name stands for.
    enum Target: Hashable, Sendable {
        /// The file of this number.
        case file(Int)
        case directory
    }

    private enum Change: Sendable {
        case add(String, Target)
        case remove(String)

        var path: String {
            switch self {
            case .add(let path, _), .remove(let path): path
            }
        }
    }

    private typealias Entries = [(path: String, target: Target)]

    private var current: Entries = []
    private var durable: Entries = []
    private var pending: [Change] = []

    /// Everything up to the last slash; "/" and "" are always there.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    subscript(path: String) -> Target? { Self.find(path, in: current) }

    /// Every file that has a name, with it, in the order they were named.
    var files: [(path: String, number: Int)] {
        current.compactMap { entry in
            guard case .file(let number) = entry.target else { return nil }
            return (entry.path, number)
        }
    }

    func hasName(file number: Int) -> Bool { current.contains { $0.target == .file(number) } }

    func hasDirectory(_ path: String) -> Bool {
        path.isEmpty || path == "/" || self[path] == .directory
    }

    mutating func add(_ path: String, _ target: Target) {
        Self.apply(.add(path, target), to: &current)
        pending.append(.add(path, target))
    }

    mutating func remove(_ path: String) {
        Self.apply(.remove(path), to: &current)
        pending.append(.remove(path))
    }

    mutating func sync(directory: String) {
        var rest: [Change] = []
        for change in pending {
            if Self.parent(of: change.path) == directory {
                Self.apply(change, to: &durable)
            } else {
                rest.append(change)
            }
        }
        pending = rest
    }

    mutating func powerCut(keeping survival: Survival, _ generator: inout SeededGenerator) {
        let survivors = survival.drawSurvivors(of: pending.count, &generator)
        for (change, survives) in zip(pending, survivors) where survives {
            Self.apply(change, to: &durable)
        }
        pending.removeAll()
        // A name is as durable as the directories above it, which sort before it.
        durable.sort { $0.path < $1.path }
        current = []
        for entry in durable where hasDirectory(Self.parent(of: entry.path)) { current.append(entry) }
        durable = current
    }

    private static func find(_ path: String, in entries: Entries) -> Target? {
        entries.first { $0.path == path }?.target
    }

    private static func apply(_ change: Change, to entries: inout Entries) {
        entries.removeAll { $0.path == change.path }
        if case .add(let path, let target) = change { entries.append((path, target)) }
    }
}
