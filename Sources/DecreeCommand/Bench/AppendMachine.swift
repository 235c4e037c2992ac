import Paxos

/// A state machine that keeps a log of opaque values and nothing of them: their count, their bytes and a
/// digest over them in order. What it costs to execute is next to nothing, so that `decree bench --work
/// append` measures the log.
///
/// Any command is a value; the reply is its number in 8 bytes, little-endian. Any query is answered with
/// the count.
struct AppendMachine: StateMachine {
    private(set) var count: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    private var chain = Digest.zero

    private static let snapshotVersion: UInt8 = 1

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        count += 1
        bytes += UInt64(command.count)
        chain = Digest(of: command, seed: chain.rawValue)
        return .ok(countBytes)
    }

    func query(_ query: ArraySlice<UInt8>) -> Reply { .ok(countBytes) }

    func digest() -> Digest { Digest(of: count, bytes, chain.rawValue, 0) }

    func snapshot() -> [UInt8] {
        var snapshot = [Self.snapshotVersion]
        snapshot.appendInteger(count)
        snapshot.appendInteger(bytes)
        snapshot.appendInteger(chain.rawValue)
        return snapshot
    }

    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
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
