package import Paxos

/// Where a store's log ends, executed.
package struct RestoredGroup {
    /// Everything it came to.
    package let end: Restoration
    /// The configuration the group was created with.
    package let genesis: Configuration
    /// Slots known to be chosen, through this one.
    package let chosenThrough: Slot
    /// Slots above that were accepted here, and may have been chosen: executed too, if they were asked for.
    package let votes: Int
    /// Slots among those that hold nothing here: no-ops stand in for them.
    package let gaps: Int
}

extension StoreInspector {
    /// Executes a group's log: the latest snapshot, the chosen slots behind it, and, if wanted, what this node alone is
    /// known to have accepted. Nothing is written.
    ///
    /// - Throws: `StoreError` at a row that is not what was written; `MachineRestoreError`.
    package func restore(
        _ group: GroupID, on machine: any StateMachine, includingVotes: Bool
    ) throws -> RestoredGroup {
        guard let genesis = try configurations(of: group).first?.configuration else {
            throw StoreError.corrupt(
                place: "configuration", group: group, slot: .zero, detail: "the row is missing")
        }
        var end = Restoration(machine: machine, genesis: genesis)
        if let header = try latestSnapshot(of: group) {
            end = Restoration(try Capture(decoding: snapshot(header, of: group), machine: machine))
        }
        var chosenThrough = end.executedThrough
        var (votes, gaps) = (0, 0)
        try forEachSlot(of: group) { slot in
            guard slot.slot > end.executedThrough else { return }
            if slot.chosen == nil {
                guard includingVotes else {
                    votes += 1
                    return
                }
                votes += 1
                while end.executedThrough.next < slot.slot {
                    end.execute(.noOp, in: end.executedThrough.next)
                    gaps += 1
                }
            } else {
                chosenThrough = slot.slot
            }
            end.execute(slot.proposal, in: slot.slot)
        }
        return RestoredGroup(
            end: end, genesis: genesis, chosenThrough: chosenThrough, votes: votes, gaps: gaps)
    }
}
