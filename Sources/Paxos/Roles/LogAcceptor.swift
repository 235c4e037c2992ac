/// The acceptors of a log's open slots. They share one promise, so that phase 1 is done once for all; each
/// slot's vote follows the rule of `Acceptor`. Slots known to be chosen need no vote any more, and leave.
struct LogAcceptor: Sendable {
    typealias Vote = Acceptor<Proposal>.Vote

    enum AcceptAnswer: Equatable {
        case accepted, repeated
        case rejection(promised: Ballot)
        /// The slot is known to be chosen: the sender is to be told.
        case chosen
        /// The ballot came with another value before: its leader is broken.
        case contradiction
        /// Too far ahead of the last chosen slot: silence, until this node has caught up.
        case outsideWindow
    }

    private(set) var promised: Ballot = .zero
    private var votes = SlotWindow<Vote>(after: .zero)
    private var voteBytes = 0
    private let limits: Limits

    init(limits: Limits) { self.limits = limits }

    /// Slots up to this one are chosen.
    var chosenThrough: Slot { votes.base }

    /// The highest slot that was voted in.
    var lastVoted: Slot { votes.last }

    func vote(in slot: Slot) -> Vote? { votes[slot] }

    /// Slots through this one are closed: a snapshot stands for them. Votes above it are kept.
    mutating func install(through slot: Slot) {
        for vote in votes.removeThrough(slot) { voteBytes -= vote.value.bytes.count }
    }

    /// Takes up what the store kept.
    mutating func restore(promised: Ballot, votes kept: [AcceptedProposal]) {
        self.promised = promised
        for vote in kept { record(Vote(ballot: vote.ballot, value: vote.proposal), in: vote.slot) }
    }

    /// Promises `ballot` for every open slot. Returns the votes from `first` on, or nil if a higher ballot
    /// is promised.
    mutating func prepare(_ ballot: Ballot, from first: Slot) -> [AcceptedProposal]? {
        guard ballot >= promised else { return nil }
        promise(ballot)
        return votes.present(from: first).map {
            AcceptedProposal(slot: $0.slot, ballot: $0.element.ballot, proposal: $0.element.value)
        }
    }

    /// Raises the promise to `ballot`. Returns whether it was lower.
    @discardableResult
    mutating func promise(_ ballot: Ballot) -> Bool {
        guard ballot > promised else { return false }
        Invariant.promiseMonotone(from: promised, to: ballot)
        promised = ballot
        return true
    }

    /// Votes for `proposal` in `slot`, if the promise allows.
    mutating func accept(_ ballot: Ballot, _ slot: Slot, _ proposal: Proposal) -> AcceptAnswer {
        guard ballot >= promised else { return .rejection(promised: promised) }
        guard slot > chosenThrough else { return .chosen }
        guard chosenThrough.distance(to: slot) <= limits.voteSlots, hasRoom(for: proposal, in: slot) else {
            return .outsideWindow
        }
        if let vote = votes[slot], vote.ballot == ballot, vote.value != proposal { return .contradiction }
        var acceptor = Acceptor(promised: promised, vote: votes[slot])
        let answer = acceptor.accept(ballot, proposal)
        switch answer {
        case .rejection(let promised): return .rejection(promised: promised)
        case .repeated:
            promised = acceptor.promised
            return .repeated
        case .accepted:
            Invariant.promiseMonotone(from: promised, to: acceptor.promised)
            promised = acceptor.promised
            Invariant.acceptGuard(
                slot: slot, ballot: ballot, promised: promised, chosenThrough: chosenThrough)
            record(Vote(ballot: ballot, value: proposal), in: slot)
            return .accepted
        }
    }

    /// The next slot always finds room: later ones that fill the window cannot leave it before.
    private func hasRoom(for proposal: Proposal, in slot: Slot) -> Bool {
        let replaced = votes[slot]?.value.bytes.count ?? 0
        return slot == chosenThrough.next
            || voteBytes - replaced + proposal.bytes.count <= limits.voteBytes
    }

    private mutating func record(_ vote: Vote, in slot: Slot) {
        voteBytes += vote.value.bytes.count - (votes[slot]?.value.bytes.count ?? 0)
        votes[slot] = vote
    }

    /// The next slot is chosen: its vote has done its work.
    mutating func close(_ slot: Slot) {
        Invariant.applyPrefix(executedThrough: chosenThrough, next: slot)
        for vote in votes.removeThrough(slot) { voteBytes -= vote.value.bytes.count }
    }
}
