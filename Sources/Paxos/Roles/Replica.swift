/// Learns chosen slots and executes them in order: the state machine, the sessions that keep its effects
/// exactly-once, and the chain over what was executed, which are always of one slot.
struct Replica: Sendable {
    private(set) var machine: any StateMachine
    private(set) var sessions: SessionTable
    private(set) var executedThrough: Slot = .zero
    private(set) var chain: Digest = .zero
    /// The state's digest at the last slots divisible by `checkpointSlots`, latest first.
    private(set) var checkpoints: [StateCheckpoint] = []
    /// The state at the last such slot, until the host takes it to make the digest.
    private var undigested: UndigestedState?
    /// How many slots lie between two digests of the state that nodes compare.
    private let checkpointSlots: UInt64

    /// Who belongs to the group, from the first open slot on.
    private(set) var configurations: ConfigurationLog
    /// What the log has grown by since a snapshot was last due. It depends on the log alone, so all replicas take
    /// theirs at the same slots.
    private(set) var growth = LogGrowth()
    /// Commands of the slot's batches, beyond their entries: zero between slots.
    private var inBatches = 0
    /// Entries of later versions must not come.
    private let understands: ClusterVersion

    init(
        machine: any StateMachine, genesis: Configuration, understands: ClusterVersion = .newest,
        checkpointSlots: UInt64 = Limits().checkpointSlots
    ) {
        self.machine = machine
        self.understands = understands
        self.checkpointSlots = checkpointSlots
        configurations = ConfigurationLog(genesis: genesis)
        sessions = SessionTable(configuration: genesis)
    }

    /// A replica as it was when the snapshot was taken.
    init(
        _ capture: Capture, understands: ClusterVersion = .newest,
        checkpointSlots: UInt64 = Limits().checkpointSlots
    ) {
        self.understands = understands
        self.checkpointSlots = checkpointSlots
        machine = capture.machine
        sessions = capture.sessions
        configurations = capture.configurations
        growth = capture.growth
        executedThrough = capture.slot
        chain = capture.chain
    }

    /// A copy of everything, to be made a snapshot: it costs nothing until the original goes on.
    func capture() -> Capture {
        Capture(
            slot: executedThrough, chain: chain, configurations: configurations, sessions: sessions,
            growth: growth, machine: machine)
    }

    /// Whether the log has grown enough for a snapshot. Asked once after each slot.
    mutating func isSnapshotDue(after limits: Limits) -> Bool {
        growth.isDue(bytes: limits.snapshotBytes, commands: limits.snapshotCommands)
    }

    /// Executes the next slot. `tickets` are those who wait for its entries, by index, or nobody.
    ///
    /// - Returns: the indexes of the commands that are not executed here: repetitions of what stands in the log before,
    ///   and those that their sessions do not admit. It depends on the log alone.
    @discardableResult
    mutating func execute(
        _ proposal: Proposal, in slot: Slot, tickets: [Ticket], into step: inout Step
    ) -> [UInt32] {
        Invariant.applyPrefix(executedThrough: executedThrough, next: slot)
        var entries = proposal.entries
        var index: UInt32 = 0
        var unexecuted: [UInt32] = []
        while let entry = entries.next() {
            let position = LogPosition(slot: slot, index: index)
            Invariant.entriesUnderstood(entry, by: understands, slot: slot)
            let response = execute(entry, at: position, unexecuted: &unexecuted)
            if Int(index) < tickets.count { step.respond(tickets[Int(index)], response) }
            index += 1
        }
        Invariant.wellFormed(entries, slot: slot)
        executedThrough = slot
        growth.add(bytes: proposal.bytes.count, commands: Int(index) + inBatches)
        inBatches = 0
        configurations.forget(through: slot)
        chain = chain.chained(slot, proposal.digest)
        if slot.rawValue % checkpointSlots == 0 { undigested = end }
        return unexecuted
    }

    private mutating func executeBatch(_ payload: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        // Who leads lets nothing else in.
        guard let batch = CommandBatch(bytes: payload) else { return .rejected("malformed batch") }
        inBatches += batch.commands.count - 1
        return machine.execute(batch, at: position)
    }

    private mutating func execute(
        _ entry: Entry, at position: LogPosition, unexecuted: inout [UInt32]
    ) -> ClientResponse {
        switch entry {
        case .change(let change):
            do throws(ConfigurationRefusal) {
                return .admin(.changed(try configurations.apply(change, in: position.slot)))
            } catch {
                return .admin(.changeRefused(error))
            }
        case .openSession: return .opened(sessions.open(at: position))
        case .command(let session, let sequence, let firstUnacknowledged, let payload),
            .batch(let session, let sequence, let firstUnacknowledged, let payload):
            let admission = sessions.admit(
                session, sequence: sequence, firstUnacknowledged: firstUnacknowledged, at: position)
            if admission != .execute { unexecuted.append(position.index) }
            switch admission {
            case .execute:
                let reply: Reply
                if case .batch = entry {
                    reply = executeBatch(payload, at: position)
                } else {
                    reply = machine.execute(payload, at: position)
                }
                sessions.keep(reply, of: session, sequence: sequence, at: position)
                return .executed(reply, position)
            case .repeated(let kept): return .executed(kept.reply, kept.position)
            case .expired: return .sessionExpired
            case .alreadyAcknowledged: return .alreadyAcknowledged
            case .outsideWindow: return .refused(.outsideWindow)
            }
        }
    }

    /// A copy of what it has come to.
    var end: UndigestedState { UndigestedState(slot: executedThrough, chain: chain, machine: machine) }

    /// Takes the state whose digest is to be made, if there is one.
    mutating func takeUndigested() -> UndigestedState? {
        guard let state = undigested else { return nil }
        undigested = nil
        return state
    }

    /// The digest of a state that was taken is made.
    mutating func digested(_ checkpoint: StateCheckpoint) {
        checkpoints = [checkpoint] + checkpoints.prefix(3)
    }

    /// Compares the leader's digest with this node's at the same slot, if both have one.
    func compare(with other: StateCheckpoint) {
        guard let mine = checkpoints.first(where: { $0.slot == other.slot }) else { return }
        Invariant.chainMatch(mine.chain, other.chain, slot: other.slot)
        Invariant.stateMatch(mine.state, other.state, slot: other.slot)
    }
}

/// A state of which a digest is to be made, which may cost as much as reading it: a copy, so that the replica goes on
/// meanwhile.
public struct UndigestedState: Sendable {
    let slot: Slot
    let chain: Digest
    let machine: any StateMachine

    /// Makes the digest.
    public func digest() -> StateCheckpoint {
        StateCheckpoint(slot: slot, chain: chain, state: machine.digest())
    }
}

/// The digests after a slot that nodes compare while they run.
public struct StateCheckpoint: Sendable, Hashable {
    /// The slot.
    public let slot: Slot
    /// The chain over the log through the slot.
    public let chain: Digest
    /// The state machine's digest.
    public let state: Digest
    /// A checkpoint.
    public init(slot: Slot, chain: Digest, state: Digest) {
        self.slot = slot
        self.chain = chain
        self.state = state
    }
}
