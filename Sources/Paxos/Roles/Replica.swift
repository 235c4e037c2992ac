/// Learns chosen slots and executes them in order: the state machine, the sessions that keep its effects
/// exactly-once, and the chain over what was executed, which are always of one slot.
struct Replica: Sendable {
    private(set) var machine: any StateMachine
    private(set) var sessions: SessionTable
    private(set) var executedThrough: Slot = .zero
    private(set) var chain: Digest = .zero
    /// The state's digest at the last slots divisible by `checkpointInterval`, latest first.
    private(set) var checkpoints: [StateCheckpoint] = []

    /// How many slots lie between two digests of the state that nodes compare.
    static let checkpointInterval: UInt64 = 65_536

    init(machine: any StateMachine, configuration: Configuration) {
        self.machine = machine
        sessions = SessionTable(configuration: configuration)
    }

    /// Executes the next slot. `tickets` are those who wait for its entries, by index, or nobody.
    mutating func execute(
        _ proposal: Proposal, in slot: Slot, tickets: [Ticket], into step: inout Step
    ) {
        Invariant.applyPrefix(executedThrough: executedThrough, next: slot)
        var entries = proposal.entries
        var index: UInt32 = 0
        while let entry = entries.next() {
            let response = execute(entry, at: LogPosition(slot: slot, index: index))
            if Int(index) < tickets.count { step.respond(tickets[Int(index)], response) }
            index += 1
        }
        Invariant.wellFormed(entries, slot: slot)
        executedThrough = slot
        chain = chain.chained(slot, proposal.digest)
        if slot.rawValue % Self.checkpointInterval == 0 {
            checkpoints =
                [StateCheckpoint(slot: slot, chain: chain, state: machine.digest())]
                + checkpoints.prefix(3)
        }
    }

    private mutating func execute(_ entry: Entry, at position: LogPosition) -> ClientResponse {
        switch entry {
        case .change: return .admin(.changeRefused(.malformed))
        case .openSession: return .opened(sessions.open(at: position))
        case .command(let session, let sequence, let firstUnacknowledged, let payload):
            switch sessions.admit(
                session, sequence: sequence, firstUnacknowledged: firstUnacknowledged, at: position)
            {
            case .execute:
                let reply = machine.execute(payload, at: position)
                sessions.keep(reply, of: session, sequence: sequence, at: position)
                return .executed(reply, position)
            case .repeated(let kept): return .executed(kept.reply, kept.position)
            case .expired: return .sessionExpired
            case .alreadyAcknowledged: return .alreadyAcknowledged
            case .outsideWindow: return .refused(.outsideWindow)
            }
        }
    }

    /// Compares the leader's digest with this node's at the same slot, if both have one.
    func compare(with other: StateCheckpoint) {
        guard let mine = checkpoints.first(where: { $0.slot == other.slot }) else { return }
        Invariant.chainMatch(mine.chain, other.chain, slot: other.slot)
        Invariant.stateMatch(mine.state, other.state, slot: other.slot)
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
