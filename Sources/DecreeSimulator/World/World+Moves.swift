import Paxos

/// Members that move to other addresses. A careful operator moves one after another, and writes into the file of the one
/// that moves where the others are by then; the others' files stay as they were. A careless one does not tell the cluster,
/// and edits nothing but the node's own entry: then the nodes must remember where they reached each other.
extension World {
    /// Whether the operator moves a member, or has yet to be told that the others know.
    var isMoving: Bool {
        faults.values.contains { $0.fault.kind == .move && !$0.struck.isEmpty }
            || steward.wishes.contains { if case .other(.change(.move)) = $0.aim { true } else { false } }
    }

    func beginMove(_ node: SimulatedNode, _ telling: Fault.Telling, _ active: ActiveFault) {
        guard steward.isPlanning, steward.isIdle, !isMoving, node.retired == nil,
            judge.void[node.index] == nil,
            let id = node.identity, judge.members.latest.members[id.rawValue] != nil,
            telling != .never || areAllRemembered
        else { return }
        active.struck = [node.index]
        counts.moves += 1
        switch telling {
        case .before: announce(node, at: node.nextAddress)
        case .after: move(node)
        case .never: move(node, isFileEdited: false)
        }
    }

    func endMove(_ node: SimulatedNode, _ telling: Fault.Telling, _ active: ActiveFault) {
        guard !active.struck.isEmpty else { return }
        switch telling {
        case .before: move(node)
        case .after: announce(node, at: node.address)
        case .never: break
        }
    }

    /// Whether each member has it in its store where all others are: two that move unannounced before they have met again
    /// can never find each other.
    private var areAllRemembered: Bool {
        let members = nodes.filter { node in
            node.retired == nil
                && node.identity.map { judge.members.latest.members[$0.rawValue] != nil } ?? false
        }
        return members.allSatisfy { node in
            judge.void[node.index] == nil && !judge.rotten.contains(node.index)
                && members.allSatisfy { other in
                    let known = NodePlace(
                        node: other.id, address: other.address, configured: node.configured[other.id] ?? "")
                    return other === node || judge.nodes[node.index].places[other.id] == known
                }
        }
    }

    private func announce(_ node: SimulatedNode, at address: String) {
        steward.wish(.other(.change(.move(node.id, address: address))), world: self)
    }

    private func move(_ node: SimulatedNode, isFileEdited: Bool = true) {
        guard node.retired == nil else { return }
        let isUp = node.isUp
        if isUp { stop(node, .kill, downNanoseconds: 100 * VirtualTime.millisecond) }
        var addresses: [NodeID: String] = [:]
        for other in nodes where other !== node {
            if let id = other.identity { addresses[id] = other.address }
        }
        node.move(knowing: isFileEdited ? addresses : node.configured)
        note(.node, node.index, "moves to \(node.address)")
    }
}
