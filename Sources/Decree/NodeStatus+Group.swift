import Paxos

extension NodeStatus.Group {
    /// A node that belongs to the group.
    public struct Member: Codable, Sendable, Hashable {
        /// The node.
        public var node: Int
        /// `voter`, `non-voter` or `joining`.
        public var role: String
        /// The voter in whose place it joins.
        public var replaces: Int?
        /// Where it is reached, as far as the node that says so knows.
        public var address: String?
        /// Its store, in hexadecimal; absent for those of the beginning, and for who is admitted and has yet to come.
        public var store: String?
        /// Slots it has executed, as far as the node that says so knows: of itself, and of all others while it leads.
        public var executedThrough: UInt64?
        /// The cluster's version up to which it understands the log, as far as the node that says so has met it since it
        /// started. While one member's is lower, or not known, the cluster's version is not raised.
        public var understands: Int?
    }

    /// A complete snapshot.
    public struct Snapshot: Codable, Sendable, Hashable {
        /// It stands for the log through this slot.
        public var slot: UInt64
        /// Its bytes.
        public var bytes: UInt64
    }

    /// A snapshot of which some has come.
    public struct Arriving: Codable, Sendable, Hashable {
        /// It stands for the log through this slot.
        public var slot: UInt64
        /// Its bytes.
        public var bytes: UInt64
        /// Chunks that have come.
        public var chunks: Int
        /// Chunks that there are.
        public var ofChunks: Int
    }

    /// A peer's snapshot that the node needs and cannot use.
    public struct RefusedSnapshot: Codable, Sendable, Hashable {
        /// It stands for the log through this slot.
        public var slot: UInt64
        /// What is wrong with it.
        public var detail: String
    }

    init(_ group: GroupID, _ status: GroupStatus, addresses: [NodeID: String]) {
        self.init(
            group: group.rawValue, role: status.role.rawValue,
            ballot: [status.promised.round, UInt64(status.promised.node?.rawValue ?? 0)],
            leader: status.leader.map { Int($0.rawValue) }, chosenThrough: status.chosenThrough.rawValue,
            executedThrough: status.executedThrough.rawValue, floor: status.floor.rawValue,
            chain: status.chain.description, stateDigest: "",
            sessions: status.sessions, slotsInFlight: status.slotsInFlight,
            pendingCommands: status.pendingCommands,
            members: status.members.map {
                Member(
                    $0, address: addresses[$0.node], executedThrough: status.executedByMember[$0.node],
                    understands: status.understoodByMember[$0.node])
            },
            membersFrom: status.membersFrom?.rawValue, version: Int(status.version.rawValue),
            snapshot: status.snapshot.map { Snapshot(slot: $0.slot.rawValue, bytes: $0.byteCount) },
            isTakingSnapshot: status.isTakingSnapshot, arriving: status.arriving.map(Arriving.init),
            abstainThrough: status.abstainThrough?.rawValue,
            refusedSnapshot: status.refusedSnapshot.map {
                RefusedSnapshot(slot: $0.header.slot.rawValue, detail: $0.detail)
            })
    }
}

extension NodeStatus.Group.Member {
    fileprivate init(
        _ member: Paxos.Member, address: String?, executedThrough: Slot?, understands: ClusterVersion?
    ) {
        let (role, replaced): (String, NodeID?) =
            switch member.role {
            case .voter: ("voter", nil)
            case .nonVoter: ("non-voter", nil)
            case .joining(let replaced): ("joining", replaced)
            }
        self.init(
            node: Int(member.node.rawValue), role: role, replaces: replaced.map { Int($0.rawValue) },
            address: member.address.isEmpty ? address : member.address, store: member.store?.description,
            executedThrough: executedThrough?.rawValue, understands: understands.map { Int($0.rawValue) })
    }
}

extension NodeStatus.Group.Arriving {
    fileprivate init(_ partial: PartialSnapshot) {
        self.init(
            slot: partial.header.slot.rawValue, bytes: partial.header.byteCount, chunks: partial.chunks,
            ofChunks: partial.header.chunkCount)
    }
}
