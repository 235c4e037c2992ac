import DecreeStore
import Paxos

/// The chosen slots of one node's store, read while the node is stopped.
struct LogCopy: Sendable {
    /// A chosen slot.
    struct Row: Sendable {
        let slot: Slot
        let proposal: Proposal
        /// The chain through this slot.
        let chain: Digest
    }

    let node: Int
    var rows: [Row] = []
    /// Transactions made durable since the store was created.
    var persistSequence: UInt64 = 0

    /// The last chosen slot.
    var through: Slot { rows.last?.slot ?? .zero }

    /// The chain through a slot; nil if the copy does not hold it.
    func chain(through slot: Slot) -> Digest? {
        slot == .zero ? .zero : rows.last { $0.slot == slot }?.chain
    }
}

extension LogCopy {
    /// Reads and verifies a stopped node's store; whatever is wrong with it is added to `violations`.
    init(node: Int, directory: String, violations: inout [Violation]) {
        self.init(node: node)
        do {
            let inspector = try StoreInspector(directory: directory)
            let report = inspector.verify()
            violations += report.findings.map { Violation(.store, "node \(node): \($0)") }
            try inspector.forEachSlot(of: .first) { slot in
                guard let fact = slot.chosen else { return }
                rows.append(Row(slot: slot.slot, proposal: slot.proposal, chain: fact.chain))
            }
            persistSequence = try inspector.node().persistSequence
        } catch {
            violations.append(Violation(.store, "node \(node): \(error)"))
        }
    }
}
