public import Paxos

/// Holds the nodes' logs against one another: one value in each slot, contiguous, linked by one chain.
public struct LogComparison: Sendable {
    /// What is wrong.
    public private(set) var violations: [Violation] = []
    /// What the copies hold together, ascending: the log to replay. Where they differ, the value of the copy
    /// that comes first.
    public let chosen: [ChosenSlot]

    /// Compares copies.
    ///
    /// - Parameter settled: the slot all had executed when the load was over: the copies must be alike
    ///   through it, and beyond it wherever two of them hold a slot, which holds no commands there. (Stopping
    ///   nodes may hand the lead over, which chooses no-ops that not every node learns any more.) Nil where
    ///   nothing settled: that nodes differ in how far they are is then no violation.
    public init(_ copies: [LogCopy], settled: Slot? = nil) {
        var values: [Slot: (node: Int, proposal: Proposal)] = [:]
        for copy in copies {
            var differs = false
            for row in copy.rows {
                guard let known = values[row.slot] else {
                    values[row.slot] = (copy.node, row.proposal)
                    continue
                }
                if !differs && known.proposal.bytes != row.proposal.bytes {
                    violations.append(
                        Violation(
                            .logs,
                            "nodes \(copy.node) and \(known.node) hold different values in slot \(row.slot)"))
                    // One slot is enough: replay and chain tell the rest.
                    differs = true
                }
            }
        }
        chosen = values.sorted { $0.key < $1.key }.map { ChosenSlot($0.key, $0.value.proposal) }
        for copy in copies {
            checkChain(copy)
            if let settled, copy.through < settled {
                note("node \(copy.node) ends at slot \(copy.through), and all had executed \(settled)")
            }
        }
        guard let settled else { return }
        for row in chosen where row.slot > settled && !row.proposal.isNoOp {
            let node = values[row.slot]?.node ?? 0
            note("slot \(row.slot) of node \(node) holds commands after the load was over")
        }
    }

    /// The chain, made anew from the values.
    private mutating func checkChain(_ copy: LogCopy) {
        var chain = copy.floorChain
        var expected = copy.floor.next
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

    private mutating func note(_ detail: String) { violations.append(Violation(.logs, detail)) }
}
