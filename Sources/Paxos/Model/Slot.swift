/// A position in a log, from 1. Slot 0 stands before the first: "nothing yet" in every `…Through`.
public struct Slot: RawRepresentable, Hashable, Strideable, Sendable, CustomStringConvertible {
    /// 0 through `Slot.maximum`.
    public let rawValue: UInt64

    /// Before the first slot.
    public static let zero = Slot(0)

    /// The largest slot, 2^44 - 1: half a million years at a slot a microsecond is out of reach.
    public static let maximum = Slot((1 << 44) - 1)

    /// Fails above `maximum`.
    public init?(rawValue: UInt64) {
        guard rawValue < 1 << 44 else { return nil }
        self.rawValue = rawValue
    }

    /// For slots known to be valid; traps above `maximum`.
    public init(_ rawValue: UInt64) {
        precondition(rawValue < 1 << 44, "slot \(rawValue) is out of range")
        self.rawValue = rawValue
    }

    /// The slot after this one.
    public var next: Slot { Slot(rawValue + 1) }

    /// The slot before this one; zero stays zero.
    public var previous: Slot { Slot(rawValue == 0 ? 0 : rawValue - 1) }

    /// Orders by position.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Slots from this one to `other`.
    public func distance(to other: Slot) -> Int { Int(other.rawValue) - Int(rawValue) }

    /// The slot `offset` positions on.
    public func advanced(by offset: Int) -> Slot { Slot(UInt64(Int(rawValue) + offset)) }

    /// The number.
    public var description: String { "\(rawValue)" }
}

/// Where a command stands in its group's log: the slot, and the place within the slot's batch from 0.
public struct LogPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The slot, from 1.
    public let slot: Slot
    /// The place within the slot's batch, from 0.
    public let index: UInt32

    /// A position.
    public init(slot: Slot, index: UInt32) {
        self.slot = slot
        self.index = index
    }

    /// The first position of a slot.
    public static func first(of slot: Slot) -> LogPosition { LogPosition(slot: slot, index: 0) }

    /// The position after this one: where to go on with reading when this one was read. That the slot has it is not
    /// said.
    public var next: LogPosition {
        index == .max ? .first(of: slot.next) : LogPosition(slot: slot, index: index + 1)
    }

    /// Log order.
    public static func < (left: Self, right: Self) -> Bool {
        (left.slot, left.index) < (right.slot, right.index)
    }

    /// `slot.index`.
    public var description: String { "\(slot).\(index)" }
}
