/// The configurations of a log's slots: one from the beginning, or from where a snapshot was taken, and those that
/// came after. The configuration of slot s is fixed by the slots up to s - alpha (Lamport, "Paxos Made Simple",
/// section 3; Lamport, Malkhi, Zhou, "Reconfiguring a State Machine", section 4), and with one change in flight no
/// more than two govern open slots.
public struct ConfigurationLog: Hashable, Sendable {
    /// A configuration and the first slot it governs.
    public struct Entry: Hashable, Sendable {
        /// The first slot.
        public let from: Slot
        /// What governs it, and those after it.
        public let configuration: Configuration
        /// An entry.
        public init(from: Slot, configuration: Configuration) {
            self.from = from
            self.configuration = configuration
        }
    }

    /// Ascending; the first governs all slots below the second's.
    public private(set) var entries: [Entry]

    /// A log that starts with `genesis`.
    public init(genesis: Configuration) { entries = [Entry(from: .zero, configuration: genesis)] }

    /// A log of entries that were read; nil if there are none, or they are out of order.
    public init?(entries: [Entry]) {
        guard !entries.isEmpty, zip(entries, entries.dropFirst()).allSatisfy({ $0.from < $1.from }) else {
            return nil
        }
        self.entries = entries
    }

    /// What governs a slot.
    public subscript(slot: Slot) -> Configuration {
        for entry in entries.reversed() where entry.from <= slot { return entry.configuration }
        return entries[0].configuration
    }

    /// The latest, whether or not it is in force yet.
    public var latest: Configuration { entries[entries.count - 1].configuration }

    /// The first slot the latest governs.
    public var latestFrom: Slot { entries[entries.count - 1].from }

    /// Every configuration that governs `slot` or one after it, ascending.
    public func governing(from slot: Slot) -> ArraySlice<Entry> {
        let first = entries.lastIndex { $0.from <= slot } ?? 0
        return entries[first...]
    }

    /// Everybody who belongs to one of those, ascending.
    public func members(from slot: Slot) -> [Member] {
        let governing = governing(from: slot)
        guard governing.count > 1 else { return governing[governing.startIndex].configuration.members }
        var members: [NodeID: Member] = [:]
        for entry in governing {
            for member in entry.configuration.members { members[member.node] = member }
        }
        return members.values.sorted { $0.node < $1.node }
    }

    /// Judges a change that stands in `slot`, and takes it up if it may be made.
    mutating func apply(
        _ change: ConfigurationChange, in slot: Slot
    ) throws(ConfigurationRefusal) -> ConfigurationOutcome {
        guard latestFrom <= slot else { throw .changeInFlight }
        let (configuration, node) = try latest.applying(change)
        guard configuration != latest else { return ConfigurationOutcome(node: node, from: nil) }
        let from = slot.advanced(by: Int(latest.alpha))
        entries.append(Entry(from: from, configuration: configuration))
        return ConfigurationOutcome(node: node, from: from)
    }

    /// Forgets what governs no slot after `slot`.
    mutating func forget(through slot: Slot) {
        guard entries.count > 1 else { return }
        entries = Array(governing(from: slot.next))
    }
}

extension ConfigurationLog {
    /// The bytes: how many entries, then for each its slot, the length of its configuration, and the
    /// configuration.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(UInt16(entries.count))
        for entry in entries {
            let configuration = entry.configuration.bytes
            bytes.appendInteger(entry.from.rawValue)
            bytes.appendInteger(UInt32(configuration.count))
            bytes.append(contentsOf: configuration)
        }
        return bytes
    }

    /// Reads what `bytes` wrote; nil for anything else.
    package init?(from reader: inout ByteReader) {
        guard let count = reader.readInteger(UInt16.self) else { return nil }
        var entries: [Entry] = []
        for _ in 0..<count {
            guard let from = reader.readInteger(UInt64.self).flatMap(Slot.init(rawValue:)),
                let length = reader.readInteger(UInt32.self), let bytes = reader.readBytes(Int(length)),
                let configuration = Configuration(bytes: Array(bytes))
            else { return nil }
            entries.append(Entry(from: from, configuration: configuration))
        }
        self.init(entries: entries)
    }
}
