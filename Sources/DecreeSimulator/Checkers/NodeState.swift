public import Paxos

/// What a node says of itself at some moment.
public struct NodeState: Sendable, Hashable {
    /// Who.
    public let node: Int
    /// The last slot it has executed.
    public let executedThrough: Slot
    /// The chain through that slot.
    public let chain: Digest
    /// Its state machine's digest.
    public let digest: Digest

    /// A state.
    public init(node: Int, executedThrough: Slot, chain: Digest, digest: Digest) {
        self.node = node
        self.executedThrough = executedThrough
        self.chain = chain
        self.digest = digest
    }
}
