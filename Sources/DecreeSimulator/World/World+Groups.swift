import DecreeNode
import DecreeWire
import Paxos

/// A group that the nodes host beside the first, judged by itself: nothing of one group may reach another (invariant
/// GroupsApart). Its machine is the workload's too, with clients, accounts and a history of its own.
struct Companion {
    let group: GroupID
    var judge: Judge
    /// Everything that its clients asked and were told.
    var history: [Operation] = []
    /// What nodes said of themselves when they went on from a peer's snapshot.
    var installedStates: [NodeState] = []
}

extension World {
    /// The groups that every node hosts, ascending: the first, and in some worlds others.
    var hostedGroups: [GroupID] { [.first] + companions.map(\.group) }

    /// What is judged of one group.
    func judging<Result>(_ group: GroupID, _ body: (inout Judge) -> Result) -> Result {
        guard let place = companions.firstIndex(where: { $0.group == group }) else { return body(&judge) }
        return body(&companions[place].judge)
    }

    /// What concerns the nodes, whichever the group.
    func judgingAll(_ body: (inout Judge, GroupID) -> Void) {
        body(&judge, .first)
        for place in companions.indices { body(&companions[place].judge, companions[place].group) }
    }

    /// Judges what has happened, in every group.
    func takeFlaws() {
        for flaw in judge.takeFlaws() { violate(.invariant, flaw) }
        for place in companions.indices {
            for flaw in companions[place].judge.takeFlaws() {
                violate(.invariant, "\(flaw) (group \(companions[place].group))")
            }
        }
    }

    /// A version is raised only when every member's build understands it (invariant EntriesUnderstood).
    func judgeRaise(of group: GroupID, to version: ClusterVersion) {
        for id in judging(group, { $0.members.latest.members.keys.sorted() }) {
            guard let node = NodeID(rawValue: id).flatMap(place).map({ nodes[$0] }) else { continue }
            let understood = WireVersion.understood(by: node.core?.speaks ?? node.speaks)
            guard understood < version else { continue }
            violate(
                .invariant,
                "EntriesUnderstood: the version of group \(group) is raised to \(version), and the build of node \(id) "
                    + "understands \(understood)")
        }
    }

    func record(_ operation: Operation, in group: GroupID) {
        guard let place = companions.firstIndex(where: { $0.group == group }) else {
            history.append(operation)
            return
        }
        companions[place].history.append(operation)
    }

    /// What the nodes that run say of a group.
    func states(of group: GroupID) -> [NodeState] { nodes.compactMap { $0.state(of: group) } }

    /// Whether a node has executed all that was chosen, in every group.
    func hasAll(_ node: SimulatedNode) -> Bool {
        guard let groups = node.core?.groups else { return false }
        return groups.allSatisfy { group in
            judging(group.id) { $0.chosenThrough } == group.chosenThrough.rawValue
        }
    }
}

extension SimulatedNode {
    /// What it says of a group; nil while it is down.
    func state(of group: GroupID) -> NodeState? {
        guard let end = core?.groups.first(where: { $0.id == group })?.end.digest() else { return nil }
        return NodeState(node: index + 1, executedThrough: end.slot, chain: end.chain, digest: end.state)
    }
}

extension [Write] {
    /// Those that concern a group: its own, and what is written of nodes.
    func concerning(_ group: GroupID) -> [Write] {
        filter { row in
            switch row {
            case .promise(let other, _), .accepted(let other, _), .chosen(let other, _, _, _, _),
                .configuration(let other, _, _), .snapshotChunk(let other, _, _, _),
                .snapshotComplete(let other, _, _), .floor(let other, _):
                other == group
            case .witness, .place: true
            }
        }
    }
}
