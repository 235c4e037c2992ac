import DequeModule

/// Reads that wait until this node is known to have led after they arrived. A confirmation is a numbered
/// round of heartbeats; one that starts after a read, answered by a quorum of everyone who governs when it is
/// answered, vouches for it, and for every read that waited with it. No clock is trusted. (Ongaro's thesis,
/// section 6.4.)
struct Confirmation: Sendable {
    struct Read: Sendable {
        let ticket: Ticket
        let payload: ArraySlice<UInt8>
        /// The round that vouches for it, or any later one: it starts after the read arrived.
        var round: UInt64
        /// What must be executed before it is answered.
        var needed: Slot
    }

    /// The last round started.
    private(set) var round: UInt64 = 0
    /// The last round a quorum answered.
    private(set) var confirmedRound: UInt64 = 0
    /// The last round each node answered.
    private var answered: [(node: NodeID, round: UInt64)] = []
    private var waiting: Deque<Read> = []
    private var waitingBytes = 0
    private let node: NodeID
    private let limits: Limits

    init(node: NodeID, limits: Limits) {
        self.node = node
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
    mutating func startRound(of governing: ArraySlice<ConfigurationLog.Entry>) -> UInt64 {
        round += 1
        answer(round, from: node, of: governing)
        return round
    }

    /// Counts a node's answer, which stands for all rounds before it too. A round is confirmed by a quorum of each
    /// configuration that governs open slots.
    mutating func answer(
        _ answeredRound: UInt64, from node: NodeID, of governing: ArraySlice<ConfigurationLog.Entry>
    ) {
        guard answeredRound <= round else { return }
        if let index = answered.firstIndex(where: { $0.node == node }) {
            guard answeredRound > answered[index].round else { return }
            answered[index].round = answeredRound
        } else {
            answered.append((node, answeredRound))
        }
        let reached = governing.map { self.reached(by: $0.configuration) }.min() ?? 0
        confirmedRound = max(confirmedRound, reached)
    }

    /// The round that at least a quorum has reached.
    private func reached(by configuration: Configuration) -> UInt64 {
        let rounds = configuration.voters.map { voter in answered.first { $0.node == voter }?.round ?? 0 }
        return rounds.sorted(by: >)[configuration.quorumSize - 1]
    }

    /// Others govern some slots from now on: rounds that were answered, or will be, were judged by who governed then. A
    /// write may have been acknowledged by a quorum of the new members whom nobody has asked since. All that waits needs
    /// a round that starts now.
    mutating func startOver() {
        for index in waiting.indices { waiting[index].round = round + 1 }
    }

    /// What waits needs `slot` executed, too: phase 1 of a new configuration reported it.
    mutating func require(_ slot: Slot) {
        for index in waiting.indices where waiting[index].needed < slot { waiting[index].needed = slot }
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
