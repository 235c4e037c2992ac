import DequeModule

/// What a node knows beyond a follower while it leads: the slots in flight, the commands and reads that
/// wait, and when it last heard each voter.
struct Leader: Sendable {
    let ballot: Ballot
    private let configuration: Configuration
    private let limits: Limits
    var commander: Commander
    var batcher: Batcher
    var confirmation: Confirmation
    /// Proposals that phase 1 obliges this leader to repeat, for the slots after the last chosen one.
    private var inherited: Deque<Proposal> = []
    /// What phase 1 found, until the slots it knows to be chosen have been fetched.
    private(set) var scout: Scout?
    /// Reads wait for this slot: the highest that phase 1 reported (invariant ReadFresh).
    let barrier: Slot
    private var heardAtTick: [UInt64]
    /// What each voter has executed, by index: the best successor is the furthest.
    private var executedThrough: [Slot]
    private var progressAtTick: UInt64

    init(scout: Scout, node: NodeID, configuration: Configuration, limits: Limits, tick: UInt64) {
        ballot = scout.ballot
        self.configuration = configuration
        self.limits = limits
        self.scout = scout
        barrier = max(scout.lastVoted, scout.chosenThrough)
        // No slot is in flight before phase 1's chosen slots have been fetched; then this starts afresh.
        commander = Commander(ballot: scout.ballot, first: scout.firstOpen, configuration: configuration)
        batcher = Batcher(limits: limits)
        confirmation = Confirmation(configuration: configuration, node: node, limits: limits)
        heardAtTick = Array(repeating: tick, count: configuration.voters.count)
        executedThrough = Array(repeating: .zero, count: configuration.voters.count)
        progressAtTick = tick
    }

    /// Whether it may propose: everything phase 1 knows to be chosen has been learnt.
    var isReady: Bool { scout == nil }

    /// Starts to propose after `chosenThrough`, if phase 1 knows of no chosen slot beyond it.
    mutating func startProposing(chosenThrough: Slot) {
        guard let scout, chosenThrough >= scout.chosenThrough, chosenThrough >= scout.floor else { return }
        let first = chosenThrough.next
        Invariant.valueRule(firstProposed: first, chosenThrough: scout.chosenThrough, floor: scout.floor)
        commander = Commander(ballot: ballot, first: first, configuration: configuration)
        if scout.lastVoted >= first {
            for slot in first...scout.lastVoted { inherited.append(scout.proposal(for: slot)) }
        }
        self.scout = nil
    }

    /// The next proposal that may go, if the window has room. What was inherited goes first.
    mutating func nextProposal(evenPartial: Bool) -> (proposal: Proposal, tickets: [Ticket])? {
        guard isReady, commander.count < min(limits.slotsInFlight, Int(configuration.alpha)),
            commander.bytes < limits.bytesInFlight
        else { return nil }
        if let proposal = inherited.popFirst() { return (proposal, []) }
        return batcher.take(evenPartial: evenPartial)
    }

    /// `slot`, chosen before this leader's own votes could choose it, is proposed no more. Returns what it
    /// had proposed there, or was to propose, and who waits for it.
    mutating func passOver(_ slot: Slot) -> (proposal: Proposal, tickets: [Ticket])? {
        guard isReady, commander.first == slot else { return nil }
        if let flight = commander.remove()?.flight { return (flight.proposal, flight.tickets) }
        commander.skip()
        return inherited.popFirst().map { ($0, []) }
    }

    /// A decision that was missing has come.
    mutating func noteProgress(atTick tick: UInt64) { progressAtTick = tick }

    /// Whether nobody sends the decisions it lacks: another, with another quorum, may not need them.
    func isStalled(atTick tick: UInt64, after ticks: Int) -> Bool {
        !isReady && tick - progressAtTick > UInt64(ticks)
    }

    mutating func note(executedThrough slot: Slot, ofVoterAt index: Int) { executedThrough[index] = slot }

    mutating func hear(voterAt index: Int, atTick tick: UInt64) { heardAtTick[index] = tick }

    /// Whether a quorum, this node among it, was heard within `ticks` (invariant QuorumContact).
    func hasQuorumContact(atTick tick: UInt64, within ticks: Int, selfIndex: Int) -> Bool {
        let heard = heardAtTick.indices.count { index in
            index == selfIndex || tick - heardAtTick[index] <= UInt64(ticks)
        }
        return heard >= configuration.quorumSize
    }

    /// The voter that has executed most and was heard lately: who should lead next.
    func successor(atTick tick: UInt64, within ticks: Int, selfIndex: Int) -> NodeID? {
        heardAtTick.indices
            .filter { $0 != selfIndex && tick - heardAtTick[$0] <= UInt64(ticks) }
            .max { (executedThrough[$0], $1) < (executedThrough[$1], $0) }
            .map { configuration.voters[$0] }
    }
}
