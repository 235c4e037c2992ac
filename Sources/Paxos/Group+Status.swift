/// What an onlooker may want to know of a group on a node.
public struct GroupStatus: Sendable, Hashable {
    /// What a node is in a group.
    public enum Role: String, Sendable {
        /// Votes and learns.
        case follower
        /// Asks whether it could win an election, or prepares a ballot.
        case candidate
        /// Proposes.
        case leader
    }

    /// The node's part.
    public let role: Role
    /// The highest ballot promised.
    public let promised: Ballot
    /// Who leads, as far as the node knows.
    public let leader: NodeID?
    /// Slots chosen.
    public let chosenThrough: Slot
    /// Slots executed.
    public let executedThrough: Slot
    /// Slots deleted.
    public let floor: Slot
    /// The chain over the log through `executedThrough`.
    public let chain: Digest
    /// Open sessions.
    public let sessions: Int
    /// Slots this node has proposed that are not chosen yet.
    public let slotsInFlight: Int
    /// Commands that wait for a slot.
    public let pendingCommands: Int
    /// Everybody who belongs to the group, ascending, by what this node has executed.
    public let members: [Member]
    /// The slot from which `members` is in force, if it is not yet.
    public let membersFrom: Slot?
    /// What the members have executed, as far as this node knows: itself, and the others while it leads.
    public let executedByMember: [NodeID: Slot]
    /// Which kinds of entries the log may hold.
    public let version: ClusterVersion
    /// What the members understand, as far as this node has met them since it started.
    public let understoodByMember: [NodeID: ClusterVersion]
    /// The latest complete snapshot.
    public let snapshot: SnapshotHeader?
    /// Whether one is being taken.
    public let isTakingSnapshot: Bool
    /// A peer's snapshot that is coming in, and how much of it is there.
    public let arriving: PartialSnapshot?
    /// The last snapshot of a peer's that this node needs and cannot use, and what is wrong with it.
    public let refusedSnapshot: RefusedSnapshot?
    /// Slots through this one must be learnt before the node votes again, for what it had voted was damaged.
    public let abstainThrough: Slot?
}

/// A peer's snapshot that cannot be used.
public struct RefusedSnapshot: Sendable, Hashable {
    /// The snapshot.
    public let header: SnapshotHeader
    /// What is wrong with it.
    public let detail: String
}

extension Group {
    /// Whether this node leads and may propose.
    public var isLeading: Bool { leader?.isReady ?? false }

    /// Who belongs to the group, by what this node has executed.
    public var configurations: ConfigurationLog { replica.configurations }

    /// Slots chosen, which this node has executed.
    public var chosenThrough: Slot { acceptor.chosenThrough }

    /// Who leads, as far as this node knows.
    public var leaderHint: NodeID? { leader == nil ? knownLeader : node }

    /// How the group stands on this node. Costs nothing that grows with the state.
    public var status: GroupStatus {
        GroupStatus(
            role: leader != nil ? .leader : (candidacy != nil || scout != nil ? .candidate : .follower),
            promised: acceptor.promised, leader: leaderHint, chosenThrough: acceptor.chosenThrough,
            executedThrough: replica.executedThrough, floor: floor, chain: replica.chain,
            sessions: replica.sessions.count,
            slotsInFlight: leader?.commander.count ?? 0, pendingCommands: leader?.batcher.commands ?? 0,
            members: configurations.latest.members,
            membersFrom: configurations.latestFrom > chosenThrough.next ? configurations.latestFrom : nil,
            executedByMember: executedByMember, version: version,
            understoodByMember: understood.filter { others.contains($0.key) }.merging([node: understands]) {
                $1
            },
            snapshot: snapshot, isTakingSnapshot: isTakingSnapshot,
            arriving: arriving?.partial, refusedSnapshot: refusedSnapshot,
            abstainThrough: isAbstaining ? abstainThrough : nil)
    }

    /// What this node has come to, to be digested: where the host likes.
    public var end: UndigestedState { replica.end }

    /// A state of which the host is to make a digest, which it tells `digested`.
    public mutating func takeUndigested() -> UndigestedState? { replica.takeUndigested() }

    /// The digest of a state that was taken is made: leaders tell theirs, and followers compare.
    public mutating func digested(_ checkpoint: StateCheckpoint) { replica.digested(checkpoint) }

    private var refusedSnapshot: RefusedSnapshot? {
        guard let latest = refused.latest, latest.header.slot > chosenThrough else { return nil }
        return RefusedSnapshot(header: latest.header, detail: latest.detail)
    }

    private var executedByMember: [NodeID: Slot] {
        var executed = [node: replica.executedThrough]
        for member in others { executed[member] = leader?.followers[member]?.executedThrough }
        return executed
    }
}
