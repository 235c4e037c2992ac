public import Paxos

/// The state machine of those who want the log itself: any command is a value, appended and never looked at. Of the
/// values it keeps their count, their bytes and a digest over them in order; the values are in the log, where whoever
/// follows it reads them (`DecreeClient.tail(from:of:through:)`).
///
///     let node = try Node(configuration: configuration, machine: ValueLog(), kind: ValueLog.kind)
///
/// The reply to a value is its number, from 1, in 8 bytes, little-endian: `ValueLog.number(in:)`. Any query is answered
/// with the number of the last one.
public struct ValueLog: StateMachine {
    /// What a store is told that the log is executed on. The tool's nodes say the same.
    public static let kind = "append"

    /// Values so far.
    public private(set) var count: UInt64 = 0
    /// Bytes of all values.
    public private(set) var bytes: UInt64 = 0
    private var chain = Digest.zero

    /// A log without a value.
    public init() {}

    /// The number in a reply; nil if the reply is not of this machine.
    public static func number(in reply: some Collection<UInt8>) -> UInt64? {
        var reader = ByteReader(Array(reply)[...])
        guard let number = reader.readInteger(UInt64.self), reader.isAtEnd else { return nil }
        return number
    }

    private static let snapshotVersion: UInt8 = 1

    /// Counts a value.
    public mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        count += 1
        bytes += UInt64(command.count)
        chain = Digest(of: command, seed: chain.rawValue)
        return .ok(countBytes)
    }

    /// How many values there are.
    public func query(_ query: ArraySlice<UInt8>) -> Reply { .ok(countBytes) }

    /// Over the values, in order.
    public func digest() -> Digest { Digest(of: count, bytes, chain.rawValue, 0) }

    /// Their count, their bytes and the digest.
    public func snapshot() -> [UInt8] {
        var snapshot = [Self.snapshotVersion]
        snapshot.appendInteger(count)
        snapshot.appendInteger(bytes)
        snapshot.appendInteger(chain.rawValue)
        return snapshot
    }

    /// The same, read back.
    public mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        var reader = ByteReader(snapshot)
        guard reader.readInteger(UInt8.self) == Self.snapshotVersion,
            let count = reader.readInteger(UInt64.self), let bytes = reader.readInteger(UInt64.self),
            let chain = reader.readInteger(UInt64.self), reader.isAtEnd
        else { throw MachineRestoreError("no snapshot of a log of values") }
        (self.count, self.bytes, self.chain) = (count, bytes, Digest(rawValue: chain))
    }

    private var countBytes: [UInt8] {
        var reply: [UInt8] = []
        reply.reserveCapacity(8)
        reply.appendInteger(count)
        return reply
    }
}
