import Paxos

/// Members that move to other addresses. A careful operator moves one after another, and writes into the file of the one
/// that moves where the others are by then; the others' files stay as they were.
extension World {
    /// Whether the operator moves a member, or has yet to be told that the others know.
    var isMoving: Bool {
        faults.values.contains { $0.fault.kind == .move && !$0.struck.isEmpty }
            || steward.wishes.contains { if case .other(.change(.move)) = $0.aim { true } else { false } }
    }

    func beginMove(_ node: SimulatedNode, _ isToldFirst: Bool, _ active: ActiveFault) {
        guard steward.isPlanning, steward.isIdle, !isMoving, node.retired == nil,
            judge.void[node.index] == nil,
            let id = node.identity, judge.members.latest.members[id.rawValue] != nil
        else { return }
        active.struck = [node.index]
        counts.moves += 1
        if isToldFirst { announce(node, at: node.nextAddress) } else { move(node) }
    }

    func endMove(_ node: SimulatedNode, _ isToldFirst: Bool, _ active: ActiveFault) {
        guard !active.struck.isEmpty else { return }
        if isToldFirst { move(node) } else { announce(node, at: node.address) }
    }

    private func announce(_ node: SimulatedNode, at address: String) {
        steward.wish(.other(.change(.move(node.id, address: address))), world: self)
    }

    private func move(_ node: SimulatedNode) {
        guard node.retired == nil else { return }
        let isUp = node.isUp
        if isUp { stop(node, .kill, downNanoseconds: 100 * VirtualTime.millisecond) }
        var addresses: [NodeID: String] = [:]
        for other in nodes where other !== node {
            if let id = other.identity { addresses[id] = other.address }
        }
        node.move(knowing: addresses)
        note(.node, node.index, "moves to \(node.address)")
    }
}
