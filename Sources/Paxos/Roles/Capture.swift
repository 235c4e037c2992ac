/// Everything a replica had come to when it had executed the log through a slot: the state, the session table with its
/// replies, the configurations, all of one point (invariant ApplyAtomic).
///
/// A capture is a value: the replica goes on while somebody else encodes it.
public struct Capture: Sendable {
    /// Everything through this slot is in it.
    public let slot: Slot
    let chain: Digest
    let configurations: ConfigurationLog
    let sessions: SessionTable
    let growth: LogGrowth
    let machine: any StateMachine

    private static let format: UInt8 = 1

    /// The snapshot. Costs what the machine's own snapshot costs, and twice its memory.
    public func encode() -> Snapshot {
        let state = machine.snapshot()
        var bytes: [UInt8] = [Self.format]
        bytes.reserveCapacity(state.count + sessions.byteCount + 4_096)
        bytes.appendInteger(slot.rawValue)
        bytes.appendInteger(chain.rawValue)
        growth.append(to: &bytes)
        bytes.append(contentsOf: configurations.bytes)
        sessions.append(to: &bytes)
        bytes.appendInteger(UInt64(state.count))
        bytes.append(contentsOf: state)
        return Snapshot(slot: slot, chain: chain, bytes: bytes)
    }

    init(
        slot: Slot, chain: Digest, configurations: ConfigurationLog, sessions: SessionTable,
        growth: LogGrowth,
        machine: any StateMachine
    ) {
        self.slot = slot
        self.chain = chain
        self.configurations = configurations
        self.sessions = sessions
        self.growth = growth
        self.machine = machine
    }

    /// Reads a snapshot that was encoded. `machine` is the machine in any state; it becomes the snapshot's.
    ///
    /// - Throws: if the bytes are no snapshot of this machine.
    public init(
        decoding snapshot: Snapshot, machine: any StateMachine
    ) throws(MachineRestoreError) {
        var reader = ByteReader(snapshot.bytes[...])
        guard reader.readInteger(UInt8.self) == Self.format,
            reader.readInteger(UInt64.self) == snapshot.header.slot.rawValue,
            reader.readInteger(UInt64.self) == snapshot.header.chain.rawValue,
            let growth = LogGrowth(from: &reader), let configurations = ConfigurationLog(from: &reader),
            let sessions = SessionTable(from: &reader, configuration: configurations.latest),
            let count = reader.readInteger(UInt64.self), let state = reader.readBytes(Int(clamping: count)),
            reader.isAtEnd
        else { throw MachineRestoreError("the snapshot at slot \(snapshot.header.slot) cannot be read") }
        var machine = machine
        try machine.restore(from: state)
        self.init(
            slot: snapshot.header.slot, chain: snapshot.header.chain, configurations: configurations,
            sessions: sessions, growth: growth, machine: machine)
    }
}

/// What a log has grown by since a snapshot was last due.
struct LogGrowth: Sendable, Hashable {
    private var bytes: UInt64 = 0
    private var commands: UInt64 = 0

    init() {}

    /// Counts no further than it can: what a peer's snapshot says it begins with may be anything.
    mutating func add(bytes more: Int, commands count: Int) {
        bytes = Self.sum(bytes, UInt64(more))
        commands = Self.sum(commands, UInt64(count))
    }

    private static func sum(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let (sum, isOver) = one.addingReportingOverflow(other)
        return isOver ? .max : sum
    }

    /// Whether that is enough; then it counts anew, whether or not a snapshot is taken.
    mutating func isDue(bytes limit: Int, commands commandLimit: Int) -> Bool {
        guard bytes >= UInt64(limit) || commands >= UInt64(commandLimit) else { return false }
        self = LogGrowth()
        return true
    }

    func append(to buffer: inout [UInt8]) {
        buffer.appendInteger(bytes)
        buffer.appendInteger(commands)
    }

    init?(from reader: inout ByteReader) {
        guard let bytes = reader.readInteger(UInt64.self), let commands = reader.readInteger(UInt64.self)
        else { return nil }
        self.bytes = bytes
        self.commands = commands
    }
}
