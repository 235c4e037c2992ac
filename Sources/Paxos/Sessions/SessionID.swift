/// A client session's name: the position of the entry that opened it, so that no two are ever alike.
public struct SessionID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// `slot << 20 | index`.
    public let rawValue: UInt64

    /// A session id from a frame or a row; whether it exists is for the session table to say.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The session opened at `position`.
    public init(openedAt position: LogPosition) {
        precondition(position.index < 1 << 20, "an index has 20 bits")
        rawValue = position.slot.rawValue << 20 | UInt64(position.index)
    }

    /// The slot of the entry that opened it.
    var slot: Slot { Slot(rawValue >> 20) }

    /// Orders by the position that opened them.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// `slot.index`, as the log's listing and a client's results show it.
    public var description: String { "\(rawValue >> 20).\(rawValue & 0xfffff)" }
}
