import Paxos

/// Which links between nodes are cut. Nodes are named by their place, from 0.
enum Partition: Sendable, Hashable {
    /// Nothing passes between these and the others.
    case apart([Int])
    /// Two halves that only one node still reaches, and that reaches both.
    case bridge(Int)
    /// Nodes in a ring, each of which hears only its neighbours: majorities that differ for each.
    case ring
    /// Nothing passes from one to another; the other way is open.
    case oneWay(from: Int, to: Int)
    /// A node hears nobody, and everybody hears it; or the other way round.
    case deaf(Int)
    case mute(Int)
    /// The leader is connected to one node only, and that one to all (OmniPaxos, section 2: quorum loss).
    case quorumLoss(hub: Int)
    /// The leader is cut off from a hub, which alone reaches all others (constrained election).
    case constrained(hub: Int, leader: Int)
    /// A chain: each node reaches the next only (chained).
    case chained
    /// The node is cut off from clients as well.
    case island(Int)

    /// Whether a message from one node to another is lost, of `count` nodes. Clients stand behind the nodes.
    func cuts(from: Int, to: Int, nodes count: Int) -> Bool {
        guard from < count, to < count else {
            if case .island(let node) = self { return from == node || to == node }
            return false
        }
        switch self {
        case .apart(let some): return some.contains(from) != some.contains(to)
        case .bridge(let middle):
            guard from != middle, to != middle else { return false }
            // By their places among the others: of three nodes, too, the bridge has one on each side.
            return (from < middle ? from : from - 1) % 2 != (to < middle ? to : to - 1) % 2
        case .ring:
            let distance = abs(from - to)
            return distance != 1 && distance != count - 1
        case .oneWay(let first, let second): return from == first && to == second
        case .deaf(let node): return to == node
        case .mute(let node): return from == node
        case .quorumLoss(let hub): return from != hub && to != hub
        case .constrained(let hub, let leader):
            if from == hub || to == hub { return from == leader || to == leader }
            return true
        case .chained: return abs(from - to) > 1
        case .island(let node): return from == node || to == node
        }
    }

    /// One that may be had among `count` nodes.
    static func draw(nodes count: Int, _ random: inout SeededGenerator) -> Partition {
        let node = random.below(count)
        let other = (node + 1 + random.below(max(1, count - 1))) % count
        switch random.below(12) {
        case 0, 1:
            let order = (0..<count).shuffled(using: &random)
            return .apart(Array(order.prefix(1 + random.below(count / 2))).sorted())
        case 2: return .apart([node])
        case 3: return .bridge(node)
        // Of three in a ring, each hears both others.
        case 4: return count > 3 ? .ring : .chained
        case 5: return .oneWay(from: node, to: other)
        case 6: return .deaf(node)
        case 7: return .mute(node)
        case 8: return .quorumLoss(hub: node)
        case 9: return .constrained(hub: node, leader: other)
        case 10: return .chained
        default: return .island(node)
        }
    }

    /// One under which a cluster must serve everybody all the same: nobody is cut off from all others, and
    /// somebody reaches a quorum both ways (the three of the OmniPaxos paper).
    static func drawPartial(nodes count: Int, _ random: inout SeededGenerator) -> Partition {
        let hub = random.below(count)
        let other = (hub + 1 + random.below(count - 1)) % count
        // In a chain a node reaches two others: a quorum of five at most.
        return switch random.below(count <= 5 ? 3 : 2) {
        case 0: .quorumLoss(hub: hub)
        case 1: .constrained(hub: hub, leader: other)
        default: .chained
        }
    }
}
