import Paxos

/// What one node's store holds: the rows that survive a crash. Stands in for SQLite, and objects to rows
/// that no core may write.
struct DurableRows {
    private(set) var promised = Ballot.zero
    private(set) var accepted: [Slot: AcceptedProposal] = [:]
    /// Ballot and chain of the chosen slots, from slot 1 on.
    private(set) var chosen: [(ballot: Ballot, chain: Digest)] = []

    var chosenThrough: Slot { Slot(UInt64(chosen.count)) }

    /// Writes one row. Returns what is wrong with it, if anything.
    mutating func apply(_ row: Write) -> String? {
        switch row {
        case .promise(_, let ballot):
            defer { promised = ballot }
            return ballot > promised ? nil : "PromiseMonotone: promise row \(ballot) after \(promised)"
        case .accepted(_, let vote):
            let before = accepted[vote.slot]
            accepted[vote.slot] = vote
            if vote.ballot > promised { return "AcceptGuard: vote row \(vote.ballot), promised \(promised)" }
            if vote.slot <= chosenThrough { return "AcceptGuard: vote row for chosen slot \(vote.slot)" }
            if let before, before.ballot > vote.ballot {
                return "vote row of slot \(vote.slot) falls from \(before.ballot) to \(vote.ballot)"
            }
            if let before, before.ballot == vote.ballot, before.proposal != vote.proposal {
                return "OneValuePerBallotSlot: two values in \(vote.ballot), slot \(vote.slot)"
            }
            return nil
        case .chosen(_, let slot, let ballot, let chain):
            if slot != chosenThrough.next { return "ApplyPrefix: chosen row \(slot) after \(chosenThrough)" }
            chosen.append((ballot, chain))
            return accepted[slot] == nil ? "chosen row \(slot) without its value" : nil
        }
    }

    /// A chosen slot, as the store would read it.
    func decision(in slot: Slot) -> AcceptedProposal? {
        guard slot > .zero, slot <= chosenThrough, let vote = accepted[slot] else { return nil }
        return AcceptedProposal(
            slot: slot, ballot: chosen[Int(slot.rawValue) - 1].ballot, proposal: vote.proposal)
    }

    func chain(at slot: Slot) -> Digest { chosen[Int(slot.rawValue) - 1].chain }

    /// What `Group.restore` takes after the replay.
    var votes: RecoveredVotes {
        RecoveredVotes(
            promised: promised,
            accepted: accepted.values.filter { $0.slot > chosenThrough }.sorted { $0.slot < $1.slot })
    }
}
