/// The local invariants, each asserted where it could break, all written here. One that fails is a mistake
/// in this program or a store that lied: the node stops at once, with what it knows, rather than answer.
/// The numbers are those of `docs/invariants.md`.
enum Invariant {
    private static func hold(_ condition: Bool, _ name: StaticString, _ detail: @autoclosure () -> String) {
        guard condition else { fatalError("invariant \(name) is broken: \(detail())") }
    }

    /// 1. `promised` never decreases.
    static func promiseMonotone(from old: Ballot, to new: Ballot) {
        hold(new >= old, "PromiseMonotone", "promised falls from \(old) to \(new)")
    }

    /// 3. A vote is for a slot that is not known to be chosen, in a ballot at least the promise, which is
    /// afterwards no lower than the vote.
    static func acceptGuard(slot: Slot, ballot: Ballot, promised: Ballot, chosenThrough: Slot) {
        hold(slot > chosenThrough, "AcceptGuard", "a vote for slot \(slot), chosen through \(chosenThrough)")
        hold(promised >= ballot, "AcceptGuard", "a vote in \(ballot) while \(promised) is promised")
    }

    /// 4. The same ballot proposes the same in a slot, always.
    static func oneValuePerBallotSlot<Value: Equatable>(_ old: Value, _ new: Value, ballot: Ballot) {
        hold(old == new, "OneValuePerBallotSlot", "two values in ballot \(ballot)")
    }

    /// 9. What was chosen is what every higher ballot proposes.
    static func chosenStable(_ vote: Proposal, _ chosen: Proposal, ballot: Ballot, chosenIn: Ballot) {
        hold(
            vote == chosen, "ChosenStable",
            "a vote in ballot \(ballot) differs from what was chosen in \(chosenIn)")
    }

    /// 5. A new ballot of one's own is above all that were promised or used.
    static func ballotFresh(_ ballot: Ballot, promised: Ballot, seen: Ballot, node: NodeID) {
        hold(
            ballot > promised && ballot > seen && ballot.node == node, "BallotFresh",
            "node \(node) takes ballot \(ballot), promised \(promised), seen \(seen)")
    }

    /// 6. A quorum's votes are for exactly this ballot.
    static func quorumExact(vote: Ballot, counted: Ballot) {
        hold(vote == counted, "QuorumExact", "a vote of ballot \(vote) counted for \(counted)")
    }

    /// 7. Nothing is proposed at or below a slot that some member of the quorum knows to be chosen or has
    /// truncated.
    static func valueRule(firstProposed: Slot, chosenThrough: Slot, floor: Slot) {
        hold(
            firstProposed > chosenThrough && firstProposed > floor, "ValueRule",
            "slot \(firstProposed) is proposed; chosen through \(chosenThrough), floor \(floor)")
    }

    /// 10. Slots are executed without a gap, once each, in order.
    static func applyPrefix(executedThrough: Slot, next: Slot) {
        hold(next == executedThrough.next, "ApplyPrefix", "slot \(next) is executed after \(executedThrough)")
    }

    /// 12. The chain over the log is the one another reckoning found.
    static func chainMatch(_ mine: Digest, _ other: Digest, slot: Slot) {
        hold(mine == other, "ChainMatch", "the chain at slot \(slot) is \(mine), and was \(other)")
    }

    /// 12. Nodes that executed the same slots have the same state.
    static func stateMatch(_ mine: Digest, _ other: Digest, slot: Slot) {
        hold(
            mine == other, "ChainMatch",
            "the state after slot \(slot) digests to \(mine), the leader's to \(other): the machine is not deterministic, or memory is faulty"
        )
    }

    /// 15. A read is answered from a state that covers all that was chosen when it arrived, and all that
    /// phase 1 reported.
    static func readFresh(executedThrough: Slot, needed: Slot, confirmedRound: UInt64, neededRound: UInt64) {
        hold(
            executedThrough >= needed && confirmedRound >= neededRound, "ReadFresh",
            "a read that needs slot \(needed), round \(neededRound) at slot \(executedThrough), round \(confirmedRound)"
        )
    }

    /// 16. Nothing is deleted that no complete snapshot stands for.
    static func floorSafe(floor: Slot, snapshot: Slot) {
        hold(
            floor <= snapshot, "FloorSafe",
            "slots through \(floor) are deleted, the snapshot is at \(snapshot)")
    }

    /// 17. No more slots are open than alpha allows.
    static func window(nextSlot: Slot, chosenThrough: Slot, alpha: UInt32) {
        hold(
            chosenThrough.distance(to: nextSlot) <= Int(alpha), "ConfigAtSlot",
            "slot \(nextSlot) is proposed, chosen through \(chosenThrough), alpha \(alpha)")
    }

    /// 23. A slot is decided by reference only where the local vote was cast in the ballot named.
    static func decisionNamesBallot(vote: Ballot, named: Ballot, slot: Slot) {
        hold(vote == named, "DecisionNamesBallot", "slot \(slot) voted in \(vote), decided in \(named)")
    }

    /// 29. What is executed is of a version that this node understands: otherwise it would go on as if nothing had been
    /// asked, and others would not.
    static func entriesUnderstood(_ entry: Entry, by understands: ClusterVersion, slot: Slot) {
        let needed = entry.neededVersion
        hold(
            needed <= understands, "EntriesUnderstood",
            "slot \(slot) holds an entry of version \(needed), this build understands \(understands): run a newer one"
        )
    }

    /// A proposal whose digest holds is one that a leader encoded.
    static func wellFormed(_ entries: EntrySequence, slot: Slot) {
        hold(!entries.isMalformed, "WellFormed", "slot \(slot) holds bytes that are no batch")
    }
}
