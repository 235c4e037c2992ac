import DequeModule

/// Reads that wait until this node is known to have led after they arrived. A confirmation is a numbered
/// round of heartbeats; one that starts after a read, answered by a quorum, vouches for it, and for every
/// read that waited with it. No clock is trusted. (Ongaro's thesis, section 6.4.)
struct Confirmation: Sendable {
    struct Read: Sendable {
        let ticket: Ticket
        let payload: ArraySlice<UInt8>
        /// The first round that started after the read arrived.
        let round: UInt64
        /// What must be executed before it is answered.
        let needed: Slot
    }

    /// The last round started.
    private(set) var round: UInt64 = 0
    /// The last round a quorum answered.
    private(set) var confirmedRound: UInt64 = 0
    /// The last round each voter answered, by its index.
    private var answered: [UInt64]
    private var waiting: Deque<Read> = []
    private var waitingBytes = 0
    private let quorumSize: Int
    private let selfIndex: Int?
    private let limits: Limits

    init(configuration: Configuration, node: NodeID, limits: Limits) {
        answered = Array(repeating: 0, count: configuration.voters.count)
        quorumSize = configuration.quorumSize
        selfIndex = configuration.index(of: node)
        self.limits = limits
    }

    /// Whether a read waits for a round that was not started, and none is on its way. A read that was
    /// vouched for and only waits for its slot needs no other.
    var wantsRound: Bool { round == confirmedRound && waiting.last.map { $0.round > round } ?? false }

    /// Adds a read, or refuses it when the queue is full.
    mutating func append(ticket: Ticket, payload: ArraySlice<UInt8>, needed: Slot) -> Bool {
        guard waiting.count < limits.pendingReads, waitingBytes + payload.count <= limits.pendingReadBytes
        else { return false }
        waitingBytes += payload.count
        waiting.append(Read(ticket: ticket, payload: payload, round: round + 1, needed: needed))
        return true
    }

    /// Starts a round. The node itself answers at once: it would have stepped down before it promised more.
    mutating func startRound() -> UInt64 {
        round += 1
        if let selfIndex { answer(round, byVoterAt: selfIndex) }
        return round
    }

    /// Counts a voter's answer, which stands for all rounds before it too.
    mutating func answer(_ answeredRound: UInt64, byVoterAt index: Int) {
        guard answeredRound <= round, answeredRound > answered[index] else { return }
        answered[index] = answeredRound
        // The round that at least a quorum has reached.
        confirmedRound = max(confirmedRound, answered.sorted(by: >)[quorumSize - 1])
    }

    /// Takes the next read that may be answered from the state after `executedThrough`.
    mutating func takeReady(executedThrough: Slot) -> Read? {
        guard let read = waiting.first, read.round <= confirmedRound, read.needed <= executedThrough else {
            return nil
        }
        Invariant.readFresh(
            executedThrough: executedThrough, needed: read.needed, confirmedRound: confirmedRound,
            neededRound: read.round)
        waitingBytes -= read.payload.count
        return waiting.removeFirst()
    }

    /// Everybody who waits.
    var tickets: [Ticket] { waiting.map(\.ticket) }
}
