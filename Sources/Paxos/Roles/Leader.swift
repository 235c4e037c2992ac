/// What a node knows beyond a follower while it leads: the slots in flight, the commands and reads that
/// wait, and what it hears of the others.
struct Leader: Sendable {
    let ballot: Ballot
    /// When it began to lead.
    let sinceTick: UInt64
    private let limits: Limits
    /// Phase 1 of this ballot: done for the slots that are governed as when it began, and taken up again when the
    /// members change.
    var scout: Scout
    var commander: Commander
    var batcher: Batcher
    var confirmation: Confirmation
    /// What is heard of the others.
    var followers = Followers()
    /// Whether it may propose: everything phase 1 knew to be chosen has been learnt.
    private(set) var isReady = false
    /// The slots from this one on wait for promises of a quorum of those who govern them; nil if none do.
    private(set) var unpromisedFrom: Slot?
    /// Reads wait for this slot: the highest that phase 1 reported (invariant ReadFresh).
    private(set) var barrier: Slot
    /// Whether a proposal of this ballot was chosen: before that, members do not change (invariant ConfigAtSlot).
    private(set) var hasChosen = false
    /// Whether somebody waits for that, and nothing else may come to be proposed.
    var wantsNoOp = false
    /// Somebody votes for nothing until it has learnt the slots through this one, and nobody may have voted there but
    /// itself: no-ops fill them when there is nothing else.
    private var noOpsThrough: Slot = .zero
    private var progressAtTick: UInt64
    /// When a member was last promoted, lest it be done again before the first time shows.
    var promotedAtTick: UInt64 = 0
    /// When the cluster's version was last raised, likewise.
    var raisedAtTick: UInt64 = 0

    init(scout: Scout, node: NodeID, limits: Limits, tick: UInt64) {
        ballot = scout.ballot
        sinceTick = tick
        self.limits = limits
        self.scout = scout
        barrier = max(scout.lastVoted, scout.chosenThrough)
        // No slot is in flight before phase 1's chosen slots have been fetched; then this starts afresh.
        commander = Commander(ballot: scout.ballot, first: scout.chosenThrough.next)
        batcher = Batcher(limits: limits)
        confirmation = Confirmation(node: node, limits: limits)
        progressAtTick = tick
    }

    /// Starts to propose after `chosenThrough`, if phase 1 knows of no chosen slot beyond it.
    mutating func startProposing(chosenThrough: Slot) {
        guard !isReady, chosenThrough >= scout.chosenThrough, chosenThrough >= scout.floor else { return }
        let first = chosenThrough.next
        Invariant.valueRule(firstProposed: first, chosenThrough: scout.chosenThrough, floor: scout.floor)
        commander = Commander(ballot: ballot, first: first)
        isReady = true
    }

    // MARK: Phase 1, again

    /// Looks whether whoever governs the slots after `chosenThrough` has promised, for each of them.
    mutating func reviewPromises(governing: ArraySlice<ConfigurationLog.Entry>) {
        unpromisedFrom = governing.first { !scout.promised.isReached(in: $0.configuration) }?.from
        barrier = max(barrier, scout.lastVoted, scout.chosenThrough)
        confirmation.require(barrier)
    }

    // MARK: Proposing

    /// A member votes again when it has learnt the slots through `slot`. It had no room for votes further than that.
    mutating func fill(through slot: Slot, chosenThrough: Slot) {
        let farthest = chosenThrough.advanced(by: limits.voteSlots)
        noOpsThrough = max(noOpsThrough, min(slot, farthest))
    }

    /// The next proposal that may go, if the window has room. What phase 1 obliges to goes first. Where the members
    /// are about to change, or somebody abstains, no-ops go when there is nothing else, so that that ends.
    mutating func nextProposal(
        evenPartial: Bool, alpha: UInt32, changeFrom: Slot
    ) -> (proposal: Proposal, tickets: [Ticket])? {
        let next = commander.next
        guard isReady, commander.count < min(limits.slotsInFlight, Int(alpha)),
            commander.bytes < limits.bytesInFlight, unpromisedFrom.map({ next < $0 }) ?? true,
            next > scout.chosenThrough, next > scout.floor
        else { return nil }
        if scout.binds(next) {
            Invariant.valueRule(firstProposed: next, chosenThrough: scout.chosenThrough, floor: scout.floor)
            return (scout.takeProposal(for: next), [])
        }
        if let batch = batcher.take(evenPartial: evenPartial) { return batch }
        guard next < changeFrom || next <= noOpsThrough || (wantsNoOp && commander.isEmpty) else {
            return nil
        }
        wantsNoOp = false
        return (.noOp, [])
    }

    /// What it has proposed in its first slot, or is to propose by what phase 1 found.
    func obligation(in slot: Slot) -> Proposal? {
        guard isReady, commander.first == slot else { return nil }
        if let proposal = commander.firstProposal { return proposal }
        guard slot > scout.chosenThrough, unpromisedFrom.map({ slot < $0 }) ?? true else { return nil }
        return scout.vote(for: slot)
    }

    /// `slot`, chosen before this leader's own votes could choose it, is proposed no more. Returns what it
    /// had proposed there, or was to propose, and who waits for it.
    mutating func passOver(_ slot: Slot) -> (proposal: Proposal, tickets: [Ticket])? {
        guard isReady, commander.first == slot else { return nil }
        if let flight = commander.remove()?.flight { return (flight.proposal, flight.tickets) }
        commander.skip()
        let vote = scout.takeVote(for: slot)
        // It was to be proposed only if phase 1 is done there, and nobody who promised knew better.
        guard slot > scout.chosenThrough, unpromisedFrom.map({ slot < $0 }) ?? true else { return nil }
        return vote.map { ($0, []) }
    }

    /// A proposal of this ballot is chosen.
    mutating func noteChosen() { hasChosen = true }

    // MARK: Stalling

    /// A decision, or a part of a snapshot, that was missing has come.
    mutating func noteProgress(atTick tick: UInt64) { progressAtTick = tick }

    /// Whether nobody sends the decisions it lacks, above `chosenThrough`: another, with another quorum, may not need
    /// them.
    func isStalled(chosenThrough: Slot, atTick tick: UInt64, after ticks: Int) -> Bool {
        (!isReady || chosenThrough < scout.chosenThrough) && tick - progressAtTick > UInt64(ticks)
    }
}
