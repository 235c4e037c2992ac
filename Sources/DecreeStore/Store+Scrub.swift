package import Paxos

/// What a scrub came to.
package struct ScrubResult: Sendable, Equatable {
    /// The slot to go on from; nil at the end of the log.
    package let next: Slot?
    /// The first damaged slot that was met.
    package let damaged: Slot?
}

extension Store {
    /// Bytes of values with which a scrub stops, for a vote may wait for the disk.
    package static let scrubBytes = 256 << 10

    /// Holds at most `rows` slots, and about `scrubBytes` of values, from `from` on, against their checksums, so
    /// that what rots is found while other nodes have it still. What is found is in `damage`, too.
    package func scrub(_ group: GroupID, from: Slot, rows limit: Int) throws(StoreError) -> ScrubResult {
        try checkUsable()
        precondition(limit > 0, "no row is no progress")
        var next = max(from, lifecycle.floor(group).next)
        var seen = 0
        var bytes = 0
        var isAtEnd = true
        var damaged: Slot?
        func meet(_ slot: Slot, _ value: Proposal?, _ flaw: RowFlaw?) -> Bool {
            guard seen < limit else {
                isAtEnd = false
                return false
            }
            seen += 1
            bytes += value?.bytes.count ?? 0
            next = slot.next
            if let flaw {
                note(flaw)
                damaged = damaged ?? slot
            }
            // Not one row more: it would have to be read to be left for the next time.
            if bytes >= Self.scrubBytes { isAtEnd = false }
            return isAtEnd
        }
        try reading {
            var log: ChainVerifier?
            try rows.eachChosen(of: group, from: next) { slot, row in
                var flaw: RowFlaw?
                var value: Proposal?
                var chain = log ?? ChainVerifier(group: group, after: slot.previous, chain: nil)
                switch row {
                case .success(let row):
                    flaw = chain.flaw(in: row)
                    value = row.decision.proposal
                case .failure(let found):
                    flaw = found
                    _ = chain.skip(found)
                }
                log = chain
                return meet(slot, value, flaw)
            }
            guard isAtEnd else { return }
            try rows.eachVote(of: group, from: next) { slot, row in
                switch row {
                case .success(let vote): meet(slot, vote.proposal, nil)
                case .failure(let flaw): meet(slot, nil, flaw)
                }
            }
        }
        return ScrubResult(next: isAtEnd ? nil : next, damaged: damaged)
    }
}
