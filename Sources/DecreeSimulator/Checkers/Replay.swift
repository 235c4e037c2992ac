import Paxos

/// The log, executed by the model: which entry has an effect, and which.
struct Replay {
    /// A client's name for a command.
    struct CommandID: Hashable {
        let session: SessionID
        let sequence: UInt64

        init(session: SessionID, sequence: UInt64) {
            self.session = session
            self.sequence = sequence
        }

        /// The name a receipt gives; nil if it gives none.
        init?(_ receipt: Receipt) {
            guard let session = receipt.session, let sequence = receipt.sequence else { return nil }
            self.init(session: session, sequence: sequence)
        }
    }

    /// A command as it stands in the log.
    struct Entry {
        let id: CommandID
        let payload: ArraySlice<UInt8>
        let isBatch: Bool
    }

    /// The one execution of a command.
    struct Effect {
        let position: LogPosition
        let payload: [UInt8]
        let isBatch: Bool
        let reply: Reply
    }

    private(set) var model: any StateMachine
    /// What the nodes run, given what the model executes.
    private(set) var machine: (any StateMachine)?
    private var sessions: ModelSessions
    /// Every command in the log, with or without effect.
    private(set) var entries: [LogPosition: Entry] = [:]
    private(set) var effects: [CommandID: Effect] = [:]
    private(set) var through = Slot.zero
    private(set) var chain = Digest.zero
    private(set) var violations: [Violation] = []

    init(model: any StateMachine, machine: (any StateMachine)?, limits: Configuration?) {
        self.model = model
        self.machine = machine
        sessions = ModelSessions(limits: limits)
    }

    /// Where commands stand that had no effect there.
    var unexecuted: Set<LogPosition> {
        Set(entries.lazy.filter { effects[$0.value.id]?.position != $0.key }.map(\.key))
    }

    /// Executes the next slot. Returns false where it is not the next: there is no going on then.
    mutating func execute(_ chosen: ChosenSlot) -> Bool {
        guard chosen.slot == through.next else {
            note("the log holds slot \(chosen.slot) where \(through.next) is due")
            return false
        }
        var entries = chosen.proposal.entries
        var index: UInt32 = 0
        while let entry = entries.next() {
            execute(entry, at: LogPosition(slot: chosen.slot, index: index))
            index += 1
        }
        if entries.isMalformed { note("slot \(chosen.slot) holds bytes that are no batch") }
        through = chosen.slot
        chain = chain.chained(chosen.slot, Digest(of: chosen.proposal.bytes))
        return true
    }

    private mutating func execute(_ entry: Paxos.Entry, at position: LogPosition) {
        switch entry {
        case .openSession: sessions.open(at: position)
        // Who belongs to the group is no part of the state.
        case .change: break
        case .command(let session, let sequence, let firstUnacknowledged, let payload):
            execute(
                payload, isBatch: false, of: session, sequence, firstUnacknowledged, at: position,
                model: { model in model.execute(payload, at: position) },
                machine: { machine in _ = machine.execute(payload, at: position) })
        case .batch(let session, let sequence, let firstUnacknowledged, let payload):
            execute(
                payload, isBatch: true, of: session, sequence, firstUnacknowledged, at: position,
                model: { model in model.executeAsSpecified(batch: payload, at: position) },
                machine: { machine in
                    if let batch = CommandBatch(bytes: payload) { _ = machine.execute(batch, at: position) }
                })
        }
    }

    private mutating func execute(
        _ payload: ArraySlice<UInt8>, isBatch: Bool, of session: SessionID, _ sequence: UInt64,
        _ firstUnacknowledged: UInt64,
        at position: LogPosition, model body: (inout any StateMachine) -> Reply,
        machine machineBody: (inout any StateMachine) -> Void
    ) {
        let id = CommandID(session: session, sequence: sequence)
        entries[position] = Entry(id: id, payload: payload, isBatch: isBatch)
        guard
            sessions.admits(
                session, sequence: sequence, firstUnacknowledged: firstUnacknowledged, at: position)
        else { return }
        let reply = body(&model)
        sessions.keep(reply, of: session, sequence: sequence)
        effects[id] = Effect(
            position: position, payload: Array(payload), isBatch: isBatch, reply: reply)
        if var machine {
            // Moved out and in again, lest changing it copy it.
            self.machine = nil
            machineBody(&machine)
            self.machine = machine
        }
    }

    private mutating func note(_ detail: String) { violations.append(Violation(.logs, detail)) }
}
