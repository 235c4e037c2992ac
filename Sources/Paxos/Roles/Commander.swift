import DequeModule

/// The worker of phase 2: counts the votes for the slots proposed and not yet chosen. One commander serves
/// all of them, for slots are pipelined and votes come in ranges. (van Renesse and Altinbuken, section 2.3,
/// where there is one for each slot.)
struct Commander: Sendable {
    /// A slot on its way.
    struct Flight: Sendable {
        let proposal: Proposal
        /// Who waits for the batch's entries, by index. Empty for what an earlier leader proposed.
        let tickets: [Ticket]
        var quorum = Quorum()
        var sentAtTick: UInt64
    }

    let ballot: Ballot
    /// The first slot in flight.
    private(set) var first: Slot
    private var flights: Deque<Flight> = []
    private(set) var bytes = 0

    init(ballot: Ballot, first: Slot) {
        self.ballot = ballot
        self.first = first
    }

    var count: Int { flights.count }
    var isEmpty: Bool { flights.isEmpty }
    /// What is proposed in the first slot in flight.
    var firstProposal: Proposal? { flights.first?.proposal }
    /// The slot that is proposed next.
    var next: Slot { first.advanced(by: flights.count) }

    /// Puts the next slot in flight.
    mutating func propose(_ proposal: Proposal, tickets: [Ticket], atTick tick: UInt64) {
        bytes += proposal.bytes.count
        flights.append(Flight(proposal: proposal, tickets: tickets, sentAtTick: tick))
    }

    /// Counts the votes of `node`, as far as it votes in a slot's configuration. Slots that are chosen already
    /// need them no more.
    mutating func count(_ accepted: Accepted, from node: NodeID, of configurations: ConfigurationLog) {
        Invariant.quorumExact(vote: accepted.ballot, counted: ballot)
        let from = max(0, first.distance(to: accepted.from))
        let through = min(flights.count - 1, first.distance(to: accepted.through))
        guard from <= through else { return }
        let governing = configurations.governing(from: first.advanced(by: from))
        for (number, entry) in governing.enumerated() {
            // Below the next one's first slot.
            let end =
                number + 1 < governing.count
                ? first.distance(to: governing[governing.startIndex + number + 1].from) - 1 : through
            let start = number == 0 ? from : max(from, first.distance(to: entry.from))
            guard let index = entry.configuration.index(of: node), start <= min(through, end) else {
                continue
            }
            for position in start...min(through, end) { flights[position].quorum.add(index: index) }
        }
    }

    /// Takes the first slot in flight if a quorum voted for it.
    mutating func takeChosen(of configurations: ConfigurationLog) -> (slot: Slot, flight: Flight)? {
        guard let flight = flights.first, flight.quorum.isReached(in: configurations[first]) else {
            return nil
        }
        return remove()
    }

    /// Takes the first slot in flight because a decision for it has come from elsewhere.
    mutating func remove() -> (slot: Slot, flight: Flight)? {
        guard let flight = flights.popFirst() else { return nil }
        bytes -= flight.proposal.bytes.count
        defer { first = first.next }
        return (first, flight)
    }

    /// Leaves out the slot that would be proposed next, while none is in flight.
    mutating func skip() {
        precondition(flights.isEmpty, "slot \(first) is in flight")
        first = first.next
    }

    /// The slots whose accepts have waited `ticks` for a quorum; they count as sent again.
    mutating func takeOverdue(atTick tick: UInt64, after ticks: Int) -> [(slot: Slot, flight: Flight)] {
        var overdue: [(Slot, Flight)] = []
        for position in flights.indices where tick - flights[position].sentAtTick >= UInt64(ticks) {
            flights[position].sentAtTick = tick
            overdue.append((first.advanced(by: position), flights[position]))
        }
        return overdue
    }

    /// Everybody who waits.
    var tickets: [Ticket] { flights.flatMap(\.tickets) }
}
