/// A tally of distinct voters of one configuration (invariant QuorumExact): a voter counts once, a
/// stranger never.
public struct Quorum: Hashable, Sendable {
    private var votes: UInt16 = 0

    /// No vote yet.
    public init() {}

    /// Counts the voter at `index` of the configuration's voters. Returns whether it is new.
    @discardableResult
    public mutating func add(index: Int) -> Bool {
        let bit: UInt16 = 1 << UInt16(index)
        defer { votes |= bit }
        return votes & bit == 0
    }

    /// Counts `node` if it is a voter of `configuration`. Returns whether it is new.
    @discardableResult
    public mutating func add(_ node: NodeID, of configuration: Configuration) -> Bool {
        guard let index = configuration.index(of: node) else { return false }
        return add(index: index)
    }

    /// Whether the voter at `index` has voted.
    public func contains(index: Int) -> Bool { votes & (1 << UInt16(index)) != 0 }

    /// How many have voted.
    public var count: Int { votes.nonzeroBitCount }

    /// Whether enough have voted that any other such set meets this one.
    public func isReached(in configuration: Configuration) -> Bool { count >= configuration.quorumSize }
}

/// A tally that is reached only when a quorum of each of several configurations has voted: while members change,
/// two govern the open slots (invariant ConfigAtSlot).
struct JointQuorum: Sendable {
    private(set) var nodes: [NodeID] = []

    /// Counts a node, once. Whether its vote means anything is for the configurations to say.
    mutating func add(_ node: NodeID) {
        if !nodes.contains(node) { nodes.append(node) }
    }

    func contains(_ node: NodeID) -> Bool { nodes.contains(node) }

    /// Whether a quorum of every one of them has voted.
    func isReached(in configurations: ArraySlice<ConfigurationLog.Entry>) -> Bool {
        configurations.allSatisfy { isReached(in: $0.configuration) }
    }

    /// Whether a quorum of one configuration has voted.
    func isReached(in configuration: Configuration) -> Bool {
        configuration.voters.count { nodes.contains($0) } >= configuration.quorumSize
    }
}
