/// One start of a node on its store: a life of its process. A store keeps all of its starts, so a copy of the store has
/// those from before it was made and none from after (invariant OneProcess).
public struct NodeStart: Hashable, Sendable, CustomStringConvertible {
    /// Counts the starts of a store, from 1.
    public let incarnation: UInt64
    /// A random number of the process: two copies of a store that start have the same incarnation, and not this.
    public let process: UInt64
    /// What was durable in the store when it started.
    public let beganAt: PersistSequence
    /// A start.
    public init(incarnation: UInt64, process: UInt64, beganAt: PersistSequence) {
        self.incarnation = incarnation
        self.process = process
        self.beganAt = beganAt
    }

    /// "start 3, process 1f2e": enough of the number to tell one from another.
    public var description: String {
        "start \(incarnation), process \(String(process, radix: 16).prefix(8))"
    }
}

/// A start of a node as another node knows it.
public struct SeenStart: Hashable, Sendable {
    /// The start.
    public let start: NodeStart
    /// Whether that process is known to vote: a quorum has witnessed it. Once it does it never ceases.
    public var isVoting: Bool
    /// A start that was seen.
    public init(_ start: NodeStart, isVoting: Bool) {
        self.start = start
        self.isVoting = isVoting
    }

    /// Which of two processes of one node goes on where neither continues the other: the same wherever it is asked. One
    /// that votes may have said what the other does not know. Otherwise the later start goes on, and of two that are as
    /// late the one with the lower number.
    public func beats(_ other: SeenStart) -> Bool {
        guard isVoting == other.isVoting else { return isVoting }
        guard start.incarnation == other.start.incarnation else {
            return start.incarnation > other.start.incarnation
        }
        return start.process < other.start.process
    }
}
