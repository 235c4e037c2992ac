import DequeModule

/// Gathers commands into batches while earlier slots are written: a command that comes alone leaves alone,
/// and those that come while the disk is busy share its next transaction.
struct Batcher: Sendable {
    struct Batch: Sendable {
        var builder = ProposalBuilder()
        var tickets: [Ticket] = []
        var bytes = 0
    }

    private var full: Deque<Batch> = []
    private var open = Batch()
    private(set) var commands = 0
    private(set) var bytes = 0
    private let limits: Limits

    init(limits: Limits) { self.limits = limits }

    var isEmpty: Bool { commands == 0 }
    /// Whether a batch can grow no more.
    var hasFullBatch: Bool { !full.isEmpty }

    /// Adds an entry, or refuses it when the queue is full.
    mutating func append(_ entry: Entry, payloadBytes: Int, ticket: Ticket) -> Bool {
        let size = payloadBytes + ProposalBuilder.commandOverheadBytes
        guard commands < limits.pendingCommands, bytes + size <= limits.pendingBytes else { return false }
        if !open.builder.isEmpty, open.builder.byteCount + size > limits.batchBytes { seal() }
        open.builder.append(entry)
        open.tickets.append(ticket)
        open.bytes += size
        commands += 1
        bytes += size
        if open.builder.count >= limits.batchCommands { seal() }
        return true
    }

    private mutating func seal() {
        full.append(open)
        open = Batch()
    }

    /// Takes the oldest batch: a full one, or with `evenPartial` the one that is filling.
    mutating func take(evenPartial: Bool) -> (proposal: Proposal, tickets: [Ticket])? {
        var batch: Batch
        if let oldest = full.popFirst() {
            batch = oldest
        } else if evenPartial, !open.builder.isEmpty {
            batch = open
            open = Batch()
        } else {
            return nil
        }
        commands -= batch.builder.count
        bytes -= batch.bytes
        return (batch.builder.build(), batch.tickets)
    }

    /// Everybody who waits.
    var tickets: [Ticket] { full.flatMap(\.tickets) + open.tickets }
}
