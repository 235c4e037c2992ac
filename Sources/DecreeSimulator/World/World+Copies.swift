import DecreeNode
import DecreeWire
import Paxos

/// Two processes of one node: a machine's disk is cloned, and another machine starts a process from the clone. To the judge
/// the two are one acceptor: what either votes, the node has voted. It begins while all are up and reach one another, so
/// that all meet whichever of the two goes on, and then nothing that happens may lose anything.
extension World {
    /// Clones the disk, and lets the clone start. Returns whether it does.
    func beginCopy(of node: SimulatedNode, _ original: Fault.Original, _ number: Int) -> Bool {
        guard let clone = copyMachine, clone.identity == nil, isVictim(node), areAllWell, isMetByAll(node)
        else { return false }
        quietUntil = now + 2 * VirtualTime.second
        switch original {
        case .runs, .ranOn: break
        case .isStopped: node.isPaused = true
        case .isDown: stop(node, .kill, downNanoseconds: 3 * VirtualTime.second)
        case .startsToo: stop(node, .kill, downNanoseconds: 20 * VirtualTime.millisecond)
        }
        note(.fault, clone.index, "is made a copy of node \(node.id)")
        counts.copies += 1
        clone.becomeCopy(of: node)
        judge.copied(node.index, to: clone.index)
        startLater(
            clone, in: original == .ranOn ? VirtualTime.second : network.within(50 * VirtualTime.millisecond))
        if original == .isStopped {
            plan(.copyGoesOn(fault: number), in: 3 * VirtualTime.second)
        }
        return true
    }

    /// Whether all members are up, of builds that tell two processes apart, and nothing hinders them from reaching one
    /// another.
    private var areAllWell: Bool {
        guard weather.isEmpty, partition == nil, afflictions.isEmpty, steward.isIdle else { return false }
        let ids = Set(judge.members.governing(from: judge.chosenThrough).flatMap(\.members.keys))
        return ids.allSatisfy { id in
            guard let place = NodeID(rawValue: id).flatMap({ self.place(of: $0) }) else { return false }
            let node = nodes[place]
            return node.isUp && node.core?.speaks ?? 0 >= WireVersion.starts && !node.isPaused
                && judge.void[place] == nil && !judge.rotten.contains(place)
                && node.diskMicroseconds == settings.diskMicroseconds && node.core?.isReadOnly == false
        }
    }

    /// The original that stood still goes on.
    func goOnWithCopy(_ number: Int) {
        guard let active = faults[number] else { return }
        for index in active.struck { resume(nodes[index]) }
    }

    /// One of the two must have been found out by now, if nothing hinders the others. If something does, an operator who
    /// knows of both stops the one that never voted, and may not: the others have let the copy vote, they refuse the original.
    func endCopy(of node: SimulatedNode, mayJudge: Bool) {
        guard let clone = copyMachine else { return }
        resume(node)
        guard node.retired == nil, clone.retired == nil else { return }
        if mayJudge, node.isUp, clone.isUp, areAllWell {
            violate(.node, "node \(node.id) and its copy run on side by side")
            return
        }
        let mayVote = judge.hasVotedAsCopy.contains(clone.index) || clone.core?.identity.isVoting == true
        let loser = mayVote ? node : clone
        retire(loser, "another process of its node runs")
    }

    /// Whether another machine runs the same node, or will.
    func isRunElsewhere(_ node: SimulatedNode) -> Bool {
        nodes.contains { $0 !== node && $0.identity == node.identity && $0.retired == nil }
    }
}
