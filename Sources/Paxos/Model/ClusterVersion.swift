/// Which kinds of entries a group's log may hold: each version adds some, and every member understands them (invariant
/// EntriesUnderstood). It stands in the configuration. The leader raises it when all members can; nothing lowers it.
///
/// A new kind of entry takes a new version here, and a new version of the wire's protocol with it: by that, nodes know
/// of each other what they understand.
public struct ClusterVersion: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number, from 1.
    public let rawValue: UInt16

    /// Sessions, commands, and changes of the members.
    public static var first: ClusterVersion { ClusterVersion(1) }
    /// Batches of commands.
    public static var batches: ClusterVersion { ClusterVersion(2) }
    /// The version itself: that it is raised, and that a configuration tells it.
    public static var raises: ClusterVersion { ClusterVersion(3) }
    /// The newest that this build understands.
    public static var newest: ClusterVersion { raises }

    /// Fails for 0.
    public init?(rawValue: UInt16) {
        guard rawValue > 0 else { return nil }
        self.rawValue = rawValue
    }

    private init(_ rawValue: UInt16) { self.rawValue = rawValue }

    /// Orders by number.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The number.
    public var description: String { "\(rawValue)" }
}

extension Entry {
    /// The version that a node must understand to execute it: the first that has it, and for one that raises the version
    /// that one.
    public var neededVersion: ClusterVersion {
        switch self {
        case .openSession, .command: .first
        case .batch: .batches
        case .change(.raise(let version)): max(.raises, version)
        case .change: .first
        }
    }
}
