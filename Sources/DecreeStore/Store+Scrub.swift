package import Paxos

/// What a scrub came to.
package struct ScrubResult: Sendable, Equatable {
    /// The slot to go on from; nil at the end of the log.
    package let next: Slot?
    /// The first damaged slot that was met.
    package let damaged: Slot?
}

extension Store {
    /// Holds at most `rows` slots, from `from` on, against their checksums, so that what rots is found while other
    /// nodes have it still. What is found is in `damage`, too.
    package func scrub(_ group: GroupID, from: Slot, rows limit: Int) throws(StoreError) -> ScrubResult {
        try checkUsable()
        precondition(limit > 0, "no row is no progress")
        var next = max(from, lifecycle.floor(group).next)
        var seen = 0
        var isAtEnd = true
        var damaged: Slot?
        func meet(_ slot: Slot, _ flaw: RowFlaw?) -> Bool {
            guard seen < limit else {
                isAtEnd = false
                return false
            }
            seen += 1
            next = slot.next
            if let flaw {
                note(flaw)
                damaged = damaged ?? slot
            }
            return true
        }
        try reading {
            var log: ChainVerifier?
            try rows.eachChosen(of: group, from: next) { slot, row in
                var flaw: RowFlaw?
                var chain = log ?? ChainVerifier(group: group, after: slot.previous, chain: nil)
                switch row {
                case .success(let row): flaw = chain.flaw(in: row)
                case .failure(let found):
                    flaw = found
                    _ = chain.skip(found)
                }
                log = chain
                return meet(slot, flaw)
            }
            guard isAtEnd else { return }
            try rows.eachVote(of: group, from: next) { slot, row in
                if case .failure(let flaw) = row { return meet(slot, flaw) }
                return meet(slot, nil)
            }
        }
        return ScrubResult(next: isAtEnd ? nil : next, damaged: damaged)
    }
}
