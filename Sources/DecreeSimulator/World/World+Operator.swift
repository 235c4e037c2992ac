import DecreeNode
import DecreeWire
import Paxos

/// What the operator does, and how far it may go: of those who vote, enough must always be left whose disks nothing will
/// ever destroy.
extension World {
    func operatorActs() {
        for node in nodes where node.identity != nil { dial(steward.endpoint, to: node.index) }
        if steward.isPlanning { replaceWhoIsGone() }
        steward.act(self)
        plan(.operatorActs, in: 50 * VirtualTime.millisecond)
    }

    /// A machine that stands ready.
    private var spare: SimulatedNode? {
        // A node that joined meanwhile would be told where a member was.
        guard !isMoving else { return nil }
        let taken = steward.joining
        return nodes.first { $0.identity == nil && !taken.contains($0.index) && $0 !== copyMachine }
    }

    /// A voter that will never come back is replaced, or, where there is no machine, taken out.
    private func replaceWhoIsGone() {
        let latest = judge.members.latest
        for node in nodes
        where node.retired != nil && latest.voters.contains(node.id.rawValue)
            && !isRunElsewhere(node)
        {
            let isUnderWay =
                steward.removing.contains(node.id)
                || latest.members.values.contains { $0.isJoining && $0.replaces == node.id.rawValue }
            guard !isUnderWay else { continue }
            if let spare {
                counts.replacements += 1
                steward.wish(.welcome(machine: spare.index, .joining(replacing: node.id)), world: self)
            } else {
                steward.wish(.removal(node.id), world: self)
            }
        }
    }

    func operate(_ task: OperatorTask, _ active: ActiveFault) {
        guard steward.isPlanning else { return }
        let latest = judge.members.latest
        switch task {
        case .join(let isVoter):
            guard let spare, latest.members.count + steward.joining.count < Configuration.maximumVoters else {
                return
            }
            steward.wish(
                .welcome(machine: spare.index, isVoter ? .joining(replacing: nil) : .nonVoter), world: self)
        case .replace:
            guard let spare, let node = dispensable(active) else { return }
            counts.replacements += 1
            steward.wish(.welcome(machine: spare.index, .joining(replacing: node)), world: self)
        case .promote:
            let others = latest.members.filter { !$0.value.isVoter }.keys.sorted()
            guard !others.isEmpty, let node = NodeID(rawValue: others[active.below(others.count)]) else {
                return
            }
            steward.wish(.other(.change(.promote(node))), world: self)
        case .remove:
            guard let node = dispensable(active) else { return }
            counts.removals += 1
            steward.wish(.removal(node), world: self)
        case .snapshot:
            let up = nodes.filter(\.isUp)
            guard !up.isEmpty else { return }
            steward.wish(.other(.takeSnapshot), of: up[active.below(up.count)].index, world: self)
        case .handOver(let isNamed):
            let voters = latest.voters.sorted().compactMap { NodeID(rawValue: $0) }
            counts.handOvers += 1
            steward.wish(
                .other(.transferLead(to: isNamed ? voters[active.below(voters.count)] : nil)), world: self)
        }
    }

    /// Somebody without whom enough voters are left that nothing destroys.
    private func dispensable(_ active: ActiveFault) -> NodeID? {
        let latest = judge.members.latest
        let leaving = Set(steward.removing.map(\.rawValue))
            .union(latest.members.values.compactMap(\.replaces))
        let members = latest.members.keys.sorted().filter { !leaving.contains($0) }
        guard !members.isEmpty, let node = NodeID(rawValue: members[active.below(members.count)]) else {
            return nil
        }
        guard latest.voters.contains(node.rawValue) else { return node }
        let lasting = latest.voters.filter { id in
            guard let node = NodeID(rawValue: id), let place = place(of: node) else { return false }
            return nodes[place].retired == nil && !settings.victims.contains(place)
        }
        return latest.canSpare(node.rawValue, leaving: leaving, lasting: lasting) ? node : nil
    }

    /// Whether those who are to vote do, and who asked was answered.
    var isOperatorServed: Bool {
        steward.isIdle
            && judge.members.latest.members.allSatisfy { id, member in
                guard member.isJoining, let node = NodeID(rawValue: id), let place = place(of: node) else {
                    return true
                }
                return nodes[place].retired != nil
            }
    }
}
