public import Paxos

/// A chosen slot.
public struct ChosenSlot: Sendable, Hashable {
    /// Where.
    public let slot: Slot
    /// What.
    public let proposal: Proposal

    /// A chosen slot.
    public init(_ slot: Slot, _ proposal: Proposal) {
        self.slot = slot
        self.proposal = proposal
    }
}

/// The chosen slots of one node.
public struct LogCopy: Sendable {
    /// A chosen slot, and the chain.
    public struct Row: Sendable, Hashable {
        /// Where.
        public let slot: Slot
        /// What.
        public let proposal: Proposal
        /// The chain through this slot.
        public let chain: Digest

        /// A row.
        public init(slot: Slot, proposal: Proposal, chain: Digest) {
            self.slot = slot
            self.proposal = proposal
            self.chain = chain
        }
    }

    /// Whose.
    public let node: Int
    /// The slots it holds, ascending.
    public var rows: [Row]
    /// The slot before its first, if slots were deleted under a snapshot; else zero.
    public var floor: Slot
    /// The chain through `floor`.
    public var floorChain: Digest
    /// Transactions made durable since the store was created.
    public var persistSequence: UInt64 = 0

    /// A copy; of a whole log unless a floor is given.
    public init(node: Int, rows: [Row] = [], floor: Slot = .zero, floorChain: Digest = .zero) {
        self.node = node
        self.rows = rows
        self.floor = floor
        self.floorChain = floorChain
    }

    /// The last chosen slot.
    public var through: Slot { rows.last?.slot ?? floor }
}
