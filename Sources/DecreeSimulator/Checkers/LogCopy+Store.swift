internal import DecreeStore
internal import Paxos

extension LogCopy {
    /// Reads and verifies a stopped node's store; whatever is wrong with it is added to `violations`.
    public init(node: Int, directory: String, violations: inout [Violation]) {
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
