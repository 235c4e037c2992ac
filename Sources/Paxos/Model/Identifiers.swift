/// A node's name within its cluster: 1 through 32,767, given once and never given again.
public struct NodeID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number, 1 through `NodeID.maximum`.
    public let rawValue: UInt16

    /// The largest id: a ballot keeps the node in its low 16 bits and stays a positive Int64.
    public static let maximum: UInt16 = 32_767

    /// The largest id that a member may have: the one above it is the name of what belongs to no member, as a backup.
    public static let maximumMember: UInt16 = maximum - 1

    /// Fails outside 1 through 32,767.
    public init?(rawValue: UInt16) {
        guard (1...Self.maximum).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// For ids known to be valid; traps outside 1 through 32,767.
    public init(_ rawValue: UInt16) {
        precondition((1...Self.maximum).contains(rawValue), "node id \(rawValue) is not in 1...32767")
        self.rawValue = rawValue
    }

    /// Orders by number.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The number.
    public var description: String { "\(rawValue)" }
}

/// One of the independent logs a node hosts. Every row and every message carries its group.
public struct GroupID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number, 1 through `GroupID.maximum`.
    public let rawValue: UInt32

    /// The largest id: a stored key is `group << 44 | slot` in a positive Int64.
    public static let maximum: UInt32 = (1 << 19) - 1

    /// The group a node with a single log uses.
    public static let first = GroupID(1)

    /// Fails outside 1 through `maximum`.
    public init?(rawValue: UInt32) {
        guard (1...Self.maximum).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// For ids known to be valid; traps outside 1 through `maximum`.
    public init(_ rawValue: UInt32) {
        precondition((1...Self.maximum).contains(rawValue), "group id \(rawValue) is out of range")
        self.rawValue = rawValue
    }

    /// Orders by number.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The number.
    public var description: String { "\(rawValue)" }
}

/// The random name a store was born with. A node that comes back with another store is another node.
public struct StoreID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// 63 random bits (a positive SQLite INTEGER).
    public let rawValue: UInt64

    /// Keeps the low 63 bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue & (UInt64.max >> 1) }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Counts a store's durable transactions. It never falls while a store is sound, so a peer that has seen
/// a higher one knows that the store went back in time (invariant NoRegression).
public typealias PersistSequence = UInt64
