/// The name of a log: the first eight hexadecimal digits of its cluster's genesis, moved by the group's number, so that two
/// groups of a cluster never have the same.
///
/// Thirty-two bits tell logs apart that were mixed up by accident: a position of another log passes once in four thousand
/// million times. They stop no forger; nothing here does.
public struct LogID: RawRepresentable, Hashable, Sendable, LosslessStringConvertible {
    /// The 32 bits.
    public let rawValue: UInt32

    /// A name from a number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The log of a group of the cluster that was created as `genesis`.
    public init(genesis: Digest, group: GroupID) {
        // An odd factor: no two groups are moved by the same.
        rawValue = UInt32(genesis.rawValue >> 32) &+ (group.rawValue - 1) &* 0x9E37_79B1
    }

    /// Reads eight hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        let isHexadecimal = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0 | 0x20)
        }
        guard text.utf8.count == 8, isHexadecimal, let number = UInt32(text, radix: 16) else { return nil }
        rawValue = number
    }

    /// Eight hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// A position and the log it is of: what a reader keeps to go on from later. Another log refuses it (invariant
/// PositionNamesItsLog).
public struct LogBookmark: Hashable, Sendable, LosslessStringConvertible {
    /// The log.
    public let log: LogID
    /// The position in it.
    public let position: LogPosition

    /// A bookmark.
    public init(log: LogID, position: LogPosition) {
        self.log = log
        self.position = position
    }

    /// The bookmark after this one: where to go on with reading when this one was read.
    public var next: LogBookmark { LogBookmark(log: log, position: position.next) }

    /// Reads `slot.index@log` or `slot@log`; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let position = LogPosition(String(parts[0])),
            let log = LogID(String(parts[1]))
        else { return nil }
        self.init(log: log, position: position)
    }

    /// `slot.index@log`, as in `12.4@1a2b3c4d`.
    public var description: String { "\(position)@\(log)" }
}

extension LogBookmark: Codable {
    /// Reads what `description` says.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let bookmark = LogBookmark(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) is no position of a log, as 12.4@1a2b3c4d")
        }
        self = bookmark
    }

    /// Writes what `description` says.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension LogPosition: LosslessStringConvertible {
    /// Reads `slot.index`, or `slot` for its first position; nil for anything else, and for slot 0.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let slot = UInt64(parts[0]).flatMap(Slot.init(rawValue:)), slot > .zero,
            let index = parts.count == 1 ? 0 : UInt32(parts[1])
        else { return nil }
        self.init(slot: slot, index: index)
    }
}
