/// Chosen slots, and what of them was executed.
public struct ExecutedSlots: Sendable, Equatable {
    /// The slots, ascending and without a gap, as many as fit.
    public let decided: [AcceptedProposal]
    /// Where in them commands stand that were not executed, ascending: repetitions of what stands in the log before, and
    /// what its session did not admit. All others were.
    public let unexecuted: [LogPosition]
    /// Slots chosen by now, as far as the node knows.
    public let chosenThrough: Slot
    /// Slots.
    public init(decided: [AcceptedProposal], unexecuted: [LogPosition], chosenThrough: Slot) {
        self.decided = decided
        self.unexecuted = unexecuted
        self.chosenThrough = chosenThrough
    }
}

/// A command of the log that was executed, as whoever follows the log is given it.
public struct LogEntry: Sendable, Hashable {
    /// The log it is of.
    public let log: LogID
    /// Where it stands: as the receipt says that its client was given.
    public let position: LogPosition
    /// The session in which it was submitted.
    public let session: SessionID
    /// Its number in the session.
    public let sequence: UInt64
    /// The command, or the bytes of the `CommandBatch`.
    public let payload: [UInt8]
    /// Whether it is many commands as one.
    public let isBatch: Bool
    /// An entry.
    public init(
        log: LogID, position: LogPosition, session: SessionID, sequence: UInt64, payload: [UInt8],
        isBatch: Bool = false
    ) {
        self.log = log
        self.position = position
        self.session = session
        self.sequence = sequence
        self.payload = payload
        self.isBatch = isBatch
    }

    /// Where it stands, with the log's name. To go on behind it later, keep `bookmark.next`: another log, as that of a
    /// restored cluster, refuses it.
    public var bookmark: LogBookmark { LogBookmark(log: log, position: position) }

    /// The command, or those of a batch, in order.
    public var commands: [ArraySlice<UInt8>] {
        isBatch ? CommandBatch(bytes: payload[...])?.commands ?? [] : [payload[...]]
    }
}

/// The executed commands of some slots from a position on, one after another, and the position to go on from. They are
/// decoded as they are taken: what is in memory is the slots.
package struct LogEntries: Sendable {
    private let slots: ExecutedSlots
    private let log: LogID
    /// The slot whose commands are given out, among `slots.decided`.
    private var place = 0
    private var entries: EntrySequence?
    /// The first of `slots.unexecuted` that may come yet.
    private var skipped = 0
    /// Where to go on from: what stands before was given out, or is nothing to give out.
    package private(set) var position: LogPosition

    /// - Precondition: the position is in the first slot, or there is no slot.
    package init(_ slots: ExecutedSlots, of log: LogID, from position: LogPosition) {
        self.log = log
        self.slots = slots
        self.position = position
        guard let first = slots.decided.first else { return }
        precondition(first.slot == position.slot, "slot \(position.slot) was asked for, not \(first.slot)")
        entries = first.proposal.entries
        for _ in 0..<position.index where entries?.next() == nil { break }
    }

    /// The next command; nil when all slots were gone through.
    package mutating func next() -> LogEntry? {
        while place < slots.decided.count {
            guard let entry = entries?.next() else {
                place += 1
                position = LogPosition(slot: position.slot.next, index: 0)
                entries = place < slots.decided.count ? slots.decided[place].proposal.entries : nil
                continue
            }
            let found = position
            position = found.next
            guard !isSkipped(found) else { continue }
            switch entry {
            case .command(let session, let sequence, _, let payload):
                return LogEntry(
                    log: log, position: found, session: session, sequence: sequence, payload: Array(payload))
            case .batch(let session, let sequence, _, let payload):
                return LogEntry(
                    log: log, position: found, session: session, sequence: sequence, payload: Array(payload),
                    isBatch: true)
            case .openSession, .change: continue
            }
        }
        return nil
    }

    private mutating func isSkipped(_ position: LogPosition) -> Bool {
        while skipped < slots.unexecuted.count, slots.unexecuted[skipped] < position { skipped += 1 }
        return skipped < slots.unexecuted.count && slots.unexecuted[skipped] == position
    }
}
