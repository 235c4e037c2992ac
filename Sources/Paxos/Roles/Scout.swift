/// The worker of phase 1: gathers promises for one ballot, and remembers for each open slot the vote of the highest
/// ballot. (van Renesse and Altinbuken, section 2.4.)
///
/// It works on while its node leads: when the members change, phase 1 is due for the slots that the new
/// configuration governs, in the same ballot, with whoever has not promised yet.
struct Scout: Sendable {
    /// The parts of one acceptor's promise that have come so far.
    private struct Arriving: Sendable {
        let parts: UInt32
        let chosenThrough: Slot
        var received: Set<UInt32> = []
    }

    let ballot: Ballot
    /// Who has promised, all parts of it.
    private(set) var promised = JointQuorum()
    private var arriving: [NodeID: Arriving] = [:]
    /// Set when phase 1 is taken up again: the first slot that is asked for now.
    private var againFrom: Slot?
    // Only ever looked up by slot, never walked: a dictionary's order must not show.
    private var highest: [Slot: LogAcceptor.Vote] = [:]

    /// The highest slot any of them voted in.
    private(set) var lastVoted: Slot
    /// The highest slot any of them knows to be chosen, and who does.
    private(set) var chosenThrough: Slot
    private(set) var mostAdvanced: NodeID?
    /// The highest slot any of them has truncated.
    private(set) var floor: Slot = .zero

    init(ballot: Ballot, firstOpen: Slot) {
        self.ballot = ballot
        lastVoted = firstOpen.previous
        chosenThrough = firstOpen.previous
    }

    /// Phase 1 is taken up again, for the slots from `slot` on. Half a promise for more slots counts no more: its parts
    /// are cut at other places.
    mutating func takeUpAgain(from slot: Slot) {
        guard againFrom != slot else { return }
        againFrom = slot
        arriving = [:]
    }

    /// Counts a part of a promise. One for another ballot, however late, counts for nothing.
    ///
    /// Parts of two answers (to a prepare that came twice) make one promise only when both were given at
    /// the same chosen slot: the votes below the ballot are then the same, and so is how they are cut.
    mutating func add(_ promise: Promise, from node: NodeID) {
        guard promise.ballot == ballot, promise.part < promise.parts, isAsked(promise, of: node) else {
            return
        }
        Invariant.quorumExact(vote: promise.ballot, counted: ballot)
        var answer = arriving[node] ?? Arriving(parts: promise.parts, chosenThrough: promise.chosenThrough)
        if answer.parts != promise.parts || answer.chosenThrough != promise.chosenThrough
            || againFrom != nil && promise.part == 0
        {
            answer = Arriving(parts: promise.parts, chosenThrough: promise.chosenThrough)
        }
        answer.received.insert(promise.part)
        arriving[node] = answer

        for vote in promise.accepted {
            lastVoted = max(lastVoted, vote.slot)
            if let known = highest[vote.slot], known.ballot >= vote.ballot {
                guard known.ballot == vote.ballot else { continue }
                Invariant.oneValuePerBallotSlot(known.value, vote.proposal, ballot: vote.ballot)
                continue
            }
            highest[vote.slot] = LogAcceptor.Vote(ballot: vote.ballot, value: vote.proposal)
        }
        if promise.chosenThrough > chosenThrough {
            chosenThrough = promise.chosenThrough
            mostAdvanced = node
        }
        floor = max(floor, promise.floor)
        if answer.received.count == Int(answer.parts) { promised.add(node) }
    }

    /// Whether a part answers what was asked last. The votes from `againFrom` on stay as they are while the leader
    /// waits to propose there; an answer to an earlier prepare, which may be on its way still, begins with votes below
    /// it. So the parts of one answer are taken in their order, from a first one that begins no lower.
    private func isAsked(_ promise: Promise, of node: NodeID) -> Bool {
        guard let againFrom else { return true }
        guard promise.accepted.first.map({ $0.slot >= againFrom }) ?? true else { return false }
        return promise.part == 0 || arriving[node]?.received.count == Int(promise.part)
    }

    /// What must be proposed in `slot`: the value of the highest ballot, or a no-op where nobody who promised
    /// voted (invariant ValueRule). It is proposed once, and forgotten.
    mutating func takeProposal(for slot: Slot) -> Proposal { takeVote(for: slot) ?? .noOp }

    /// The value of the highest ballot in `slot`, which need not be remembered any more.
    mutating func takeVote(for slot: Slot) -> Proposal? { highest.removeValue(forKey: slot)?.value }

    /// Whether phase 1 obliges the leader to what it proposes in `slot`.
    func binds(_ slot: Slot) -> Bool { slot <= lastVoted }
}
