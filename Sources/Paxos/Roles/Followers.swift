/// What a leader hears of the other members: when, how far they are, and how their disks do.
struct Followers: Sendable {
    /// One of them.
    struct Follower: Sendable {
        let node: NodeID
        var heardAtTick: UInt64
        /// When it last answered; it may be heard since by what it takes.
        var answeredAtTick: UInt64
        /// What it has executed; nil until it has told.
        var executedThrough: Slot?
        /// What its commits take; 0 while nothing is known.
        var commitMicroseconds: UInt32 = 0
    }

    /// Ascending by node.
    private var followers: [Follower] = []

    subscript(node: NodeID) -> Follower? { followers.first { $0.node == node } }

    /// Follows exactly these from now on; who is new counts as heard.
    mutating func follow(_ nodes: [NodeID], atTick tick: UInt64) {
        followers = nodes.map { self[$0] ?? Follower(node: $0, heardAtTick: tick, answeredAtTick: tick) }
    }

    mutating func hear(_ node: NodeID, atTick tick: UInt64) {
        guard let index = followers.firstIndex(where: { $0.node == node }) else { return }
        followers[index].heardAtTick = tick
        followers[index].answeredAtTick = tick
    }

    /// It takes what it is sent, which may keep its answers from coming; but not for long, for they may never come.
    mutating func extend(_ node: NodeID, atTick tick: UInt64, within ticks: Int) {
        guard let index = followers.firstIndex(where: { $0.node == node }),
            tick - followers[index].answeredAtTick <= UInt64(ticks)
        else { return }
        followers[index].heardAtTick = tick
    }

    mutating func note(_ reply: HeartbeatReply, from node: NodeID) {
        guard let index = followers.firstIndex(where: { $0.node == node }) else { return }
        followers[index].executedThrough = reply.executedThrough
        followers[index].commitMicroseconds = reply.commitMicroseconds
    }

    /// Whether it has answered a heartbeat of this leader's: who is new counts as heard, and may be down.
    func hasTold(_ node: NodeID) -> Bool { self[node]?.executedThrough != nil }

    func isHeard(_ node: NodeID, atTick tick: UInt64, within ticks: Int) -> Bool {
        self[node].map { tick - $0.heardAtTick <= UInt64(ticks) } ?? false
    }

    /// How many of `voters`, `node` itself among them if it votes, were heard within `ticks`.
    func heard(of voters: [NodeID], node: NodeID, atTick tick: UInt64, within ticks: Int) -> Int {
        voters.count { $0 == node || isHeard($0, atTick: tick, within: ticks) }
    }

    /// How many of `voters`, `node` itself among them if it votes, have executed the log through `slot`.
    func executed(through slot: Slot, of voters: [NodeID], node: NodeID) -> Int {
        voters.count { $0 == node || self[$0]?.executedThrough.map { $0 >= slot } ?? false }
    }

    /// How many of `voters` have commits that take less than half of `microseconds`.
    func faster(than microseconds: UInt32, of voters: [NodeID]) -> Int {
        voters.count { voter in
            self[voter].map { $0.commitMicroseconds > 0 && $0.commitMicroseconds < microseconds / 2 } ?? false
        }
    }

    /// Of `candidates`, those who were heard lately: the one that has executed most.
    func successor(of candidates: [NodeID], atTick tick: UInt64, within ticks: Int) -> NodeID? {
        followers
            .filter { candidates.contains($0.node) && tick - $0.heardAtTick <= UInt64(ticks) }
            .max {
                ($0.executedThrough ?? .zero, $1.node) < ($1.executedThrough ?? .zero, $0.node)
            }?.node
    }
}
