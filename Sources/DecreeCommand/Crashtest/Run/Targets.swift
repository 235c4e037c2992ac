/// The nodes a fault strikes, as the cluster stands at that moment.
struct Targets: Hashable, Sendable {
    let nodes: [Int]
    /// The leader, if it is among them.
    let leader: Int?
    let leavesMajority: Bool

    /// Chooses among the nodes that answer; nil if there are not enough of them yet.
    ///
    /// - Parameter limit: how many may be struck, 1 or more.
    init?(of fault: FaultPlan.Fault, leader: Int, answering: [Int], quorumSize: Int, limit: Int) {
        let followers = answering.filter { $0 != leader }
        // Starting anywhere, in a circle: the leader goes first or last.
        let start = followers.isEmpty ? 0 : Int(fault.choice % UInt64(followers.count))
        let circle = Array(followers[start...] + followers[..<start])
        let order: [Int]
        let count: Int
        switch fault.extent {
        case .leader, .follower:
            guard followers.count >= quorumSize else { return nil }
            (order, count) = (fault.extent == .leader ? [leader] : circle, 1)
        case .several(let withLeader):
            guard answering.count >= quorumSize else { return nil }
            order = withLeader ? [leader] + circle : circle + [leader]
            count = 2 + Int((fault.choice >> 32) % UInt64(max(1, answering.count - 1)))
        case .outage(let withLeader):
            order = withLeader ? [leader] + circle : circle + [leader]
            count = answering.count - quorumSize + 1
        case .blackout: (order, count) = ([leader] + followers, answering.count)
        }
        nodes = Array(order.prefix(max(1, min(count, limit))))
        self.leader = nodes.contains(leader) ? leader : nil
        leavesMajority = answering.count - nodes.count >= quorumSize
    }

    /// Every other one, beginning with the first or the second.
    func half(_ first: Int) -> [Int] { stride(from: first, to: nodes.count, by: 2).map { nodes[$0] } }

    /// The nodes, in words.
    func names(_ some: [Int]? = nil) -> String {
        (some ?? nodes).map { $0 == leader ? "node \($0), the leader" : "node \($0)" }
            .joined(separator: " and ")
    }
}
