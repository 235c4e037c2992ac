import Paxos

/// Holds the nodes' logs against one another: one value in each slot, contiguous, linked by one chain.
struct LogComparison {
    private(set) var violations: [Violation] = []
    /// The longest copy: the one to replay.
    let longest: LogCopy

    /// Stopping nodes may hand the lead over, which chooses no-ops that not every node learns any more. So
    /// the copies must be alike through `settled`, the slot all had executed when the load was over, and
    /// beyond it wherever two of them hold a slot. Where they never settled, that is said elsewhere.
    init(_ copies: [LogCopy], settled: Slot?) {
        longest = copies.max { $0.through < $1.through } ?? LogCopy(node: 0)
        for copy in copies {
            checkChain(copy)
            if let settled, copy.through < settled {
                note("node \(copy.node) ends at slot \(copy.through), and all had executed \(settled)")
            }
            compare(copy, with: longest)
        }
        guard let settled else { return }
        for row in longest.rows where row.slot > settled && !row.proposal.isNoOp {
            note("slot \(row.slot) of node \(longest.node) holds commands after the load was over")
        }
    }

    /// The chain, made anew from the values.
    private mutating func checkChain(_ copy: LogCopy) {
        var chain = Digest.zero
        var expected = Slot(1)
        for row in copy.rows {
            guard row.slot == expected else {
                note("node \(copy.node) holds slot \(row.slot) where \(expected) is due")
                return
            }
            chain = chain.chained(row.slot, Digest(of: row.proposal.bytes))
            guard row.chain == chain else {
                note("the chain of node \(copy.node) breaks at slot \(row.slot)")
                return
            }
            expected = expected.next
        }
    }

    private mutating func compare(_ copy: LogCopy, with other: LogCopy) {
        guard copy.node != other.node else { return }
        for (row, otherRow) in zip(copy.rows, other.rows)
        where row.slot != otherRow.slot || row.proposal.bytes != otherRow.proposal.bytes {
            note("nodes \(copy.node) and \(other.node) hold different values in slot \(row.slot)")
            return
        }
    }

    private mutating func note(_ detail: String) { violations.append(Violation(.logs, detail)) }
}
