/// What nodes of a group say to one another. The protocol is Multi-Paxos: phase 1 (prepare, promise) once
/// for all open slots, then phase 2 (accept, accepted) slot by slot.
public enum Message: Sendable, Equatable {
    /// Would you promise? Asked before an election, changes nothing (Ongaro's thesis, section 9.6).
    case preVote(PreVote)
    /// The answer.
    case preVoteReply(PreVoteReply)
    /// Phase 1a.
    case prepare(Prepare)
    /// Phase 1b, in parts.
    case promise(Promise)
    /// Phase 2a.
    case accept(Accept)
    /// Phase 2b, for a range of slots.
    case accepted(Accepted)
    /// No: a higher ballot is promised.
    case rejection(Rejection)
    /// The leader is alive and still leads.
    case heartbeat(Heartbeat)
    /// So far as this node knows, it does.
    case heartbeatReply(HeartbeatReply)
    /// Asks for chosen slots.
    case fetch(Fetch)
    /// Tells chosen slots.
    case decisions(Decisions)
    /// The leader is going away: campaign now.
    case handover(Handover)
    /// What was asked for is deleted: here is a snapshot instead.
    case snapshotOffer(SnapshotOffer)
    /// Asks for chunks of a snapshot.
    case fetchSnapshot(FetchSnapshot)
    /// A chunk of a snapshot.
    case snapshotChunk(SnapshotChunk)
}

/// A message with its group and its receiver.
public struct Envelope: Sendable, Equatable {
    /// The group it belongs to.
    public let group: GroupID
    /// The receiver; the node itself for its own votes.
    public let to: NodeID
    /// What is said.
    public var message: Message

    /// A message to `to`.
    public init(group: GroupID, to: NodeID, message: Message) {
        self.group = group
        self.to = to
        self.message = message
    }
}

/// Would you promise `ballot`?
public struct PreVote: Sendable, Equatable {
    /// The ballot the sender would prepare.
    public let ballot: Ballot
    /// Slots the sender knows to be chosen.
    public let chosenThrough: Slot
    /// A pre-vote.
    public init(ballot: Ballot, chosenThrough: Slot = .zero) {
        self.ballot = ballot
        self.chosenThrough = chosenThrough
    }
}

/// Whether the sender would.
public struct PreVoteReply: Sendable, Equatable {
    /// The ballot that was asked about.
    public let ballot: Ballot
    /// Whether a prepare with it would find a promise, no leader having been heard of late.
    public let isGranted: Bool
    /// The highest ballot the sender promised, to start above.
    public let promised: Ballot
    /// Slots the sender knows to be chosen, for a candidate that lacks them.
    public let chosenThrough: Slot
    /// A reply.
    public init(ballot: Ballot, isGranted: Bool, promised: Ballot, chosenThrough: Slot = .zero) {
        self.ballot = ballot
        self.isGranted = isGranted
        self.promised = promised
        self.chosenThrough = chosenThrough
    }
}

/// Phase 1a: promise to take part in no lower ballot, and tell what you accepted from `firstOpen` on.
public struct Prepare: Sendable, Hashable {
    /// The ballot that is prepared.
    public let ballot: Ballot
    /// The first slot the candidate does not know to be chosen, or does not know to be its own to propose in.
    public let firstOpen: Slot
    /// Which question of this ballot it is, from 0: raised when the leader asks again from another slot. A prepare that is
    /// sent again is the same question.
    public let attempt: UInt32
    /// A prepare.
    public init(ballot: Ballot, firstOpen: Slot, attempt: UInt32 = 0) {
        self.ballot = ballot
        self.firstOpen = firstOpen
        self.attempt = attempt
    }
}

/// One acceptor's vote for a proposal in a slot: in a promise, a row, a decision.
public struct AcceptedProposal: Sendable, Equatable {
    /// The slot.
    public let slot: Slot
    /// The ballot it was accepted in. In a decision: one it was chosen in.
    public let ballot: Ballot
    /// The proposal.
    public let proposal: Proposal
    /// A vote.
    public init(slot: Slot, ballot: Ballot, proposal: Proposal) {
        self.slot = slot
        self.ballot = ballot
        self.proposal = proposal
    }
}

/// What a part of a promise answers, and the slots whose votes it tells in full (invariant PartOfItsQuestion).
public struct PromiseScope: Sendable, Hashable {
    /// The first open slot of the prepare it answers.
    public let firstOpen: Slot
    /// That prepare's attempt.
    public let attempt: UInt32
    /// The first slot of which this part tells.
    public let from: Slot
    /// The last one. Votes between the two that are not in this part do not exist. The last part tells through
    /// `Slot.maximum`.
    public let through: Slot
    /// A scope.
    public init(firstOpen: Slot, attempt: UInt32, from: Slot, through: Slot) {
        self.firstOpen = firstOpen
        self.attempt = attempt
        self.from = from
        self.through = through
    }
}

/// Phase 1b. What does not fit one frame goes in parts; a promise counts when it is complete.
public struct Promise: Sendable, Equatable {
    /// The ballot promised.
    public let ballot: Ballot
    /// This part, from 0.
    public let part: UInt32
    /// All parts, at least 1.
    public let parts: UInt32
    /// Slots the sender knows to be chosen: to be fetched, not proposed.
    public let chosenThrough: Slot
    /// Slots the sender has deleted: to be had as a snapshot only.
    public let floor: Slot
    /// The question it answers, and of which slots it tells; nil from a peer that speaks version 3 or an older one.
    public let scope: PromiseScope?
    /// Votes in slots that are at least the prepare's `firstOpen` and above `chosenThrough`, ascending.
    public let accepted: [AcceptedProposal]
    /// A promise.
    public init(
        ballot: Ballot, part: UInt32, parts: UInt32, chosenThrough: Slot, floor: Slot,
        scope: PromiseScope? = nil, accepted: [AcceptedProposal]
    ) {
        self.ballot = ballot
        self.part = part
        self.parts = parts
        self.chosenThrough = chosenThrough
        self.floor = floor
        self.scope = scope
        self.accepted = accepted
    }
}

/// Phase 2a: vote for `proposal` in `slot`.
public struct Accept: Sendable, Equatable {
    /// The leader's ballot.
    public let ballot: Ballot
    /// The slot.
    public let slot: Slot
    /// What is proposed.
    public let proposal: Proposal
    /// Slots chosen so far. It decides a slot for the receiver only where its own row was accepted in
    /// `ballot` (invariant DecisionNamesBallot).
    public let chosenThrough: Slot
    /// An accept.
    public init(ballot: Ballot, slot: Slot, proposal: Proposal, chosenThrough: Slot) {
        self.ballot = ballot
        self.slot = slot
        self.proposal = proposal
        self.chosenThrough = chosenThrough
    }

    /// The same, saying this of the slots that are chosen.
    package func saying(chosenThrough: Slot) -> Accept {
        Accept(ballot: ballot, slot: slot, proposal: proposal, chosenThrough: chosenThrough)
    }
}

/// Phase 2b: the sender's votes in `ballot` for these slots are durable.
public struct Accepted: Sendable, Equatable {
    /// The ballot voted in.
    public let ballot: Ballot
    /// The first slot.
    public let from: Slot
    /// The last slot.
    public let through: Slot
    /// A vote for a range.
    public init(ballot: Ballot, from: Slot, through: Slot) {
        self.ballot = ballot
        self.from = from
        self.through = through
    }
}

/// `ballot` is refused, for `promised` is higher.
public struct Rejection: Sendable, Equatable {
    /// The ballot refused.
    public let ballot: Ballot
    /// The ballot promised instead.
    public let promised: Ballot
    /// A rejection.
    public init(ballot: Ballot, promised: Ballot) {
        self.ballot = ballot
        self.promised = promised
    }
}

/// The leader of `ballot` is alive.
public struct Heartbeat: Sendable, Equatable {
    /// The leader's ballot.
    public let ballot: Ballot
    /// Counts the leader's confirmations of its lead; reads wait for the round that started after them.
    public let round: UInt64
    /// As in `Accept`.
    public let chosenThrough: Slot
    /// The leader's digests at the last slot where nodes compare them, if there was one.
    public let checkpoint: StateCheckpoint?
    /// What the leader saw of the nodes' stores, ascending by node, so that others may remember it too
    /// (invariant NoRegression).
    public let witnesses: [NodeWitness]
    /// A heartbeat.
    public init(
        ballot: Ballot, round: UInt64, chosenThrough: Slot, checkpoint: StateCheckpoint? = nil,
        witnesses: [NodeWitness] = []
    ) {
        self.ballot = ballot
        self.round = round
        self.chosenThrough = chosenThrough
        self.checkpoint = checkpoint
        self.witnesses = witnesses
    }

    /// The same, saying this of the slots that are chosen.
    package func saying(chosenThrough: Slot) -> Heartbeat {
        Heartbeat(
            ballot: ballot, round: round, chosenThrough: chosenThrough, checkpoint: checkpoint,
            witnesses: witnesses)
    }
}

/// The sender had promised no higher ballot when it answered.
public struct HeartbeatReply: Sendable, Equatable {
    /// The leader's ballot.
    public let ballot: Ballot
    /// The heartbeat's round.
    public let round: UInt64
    /// Slots the sender has executed.
    public let executedThrough: Slot
    /// What the sender's commits take, in microseconds: the median of the last few; 0 if there were none.
    public let commitMicroseconds: UInt32
    /// The sender votes for nothing before it has learnt the slots through this one; zero if it votes.
    public let abstainThrough: Slot
    /// A reply.
    public init(
        ballot: Ballot, round: UInt64, executedThrough: Slot, commitMicroseconds: UInt32 = 0,
        abstainThrough: Slot = .zero
    ) {
        self.ballot = ballot
        self.round = round
        self.executedThrough = executedThrough
        self.commitMicroseconds = commitMicroseconds
        self.abstainThrough = abstainThrough
    }
}

/// Asks for the chosen slots of a range; as many as fit come back, from the first on.
public struct Fetch: Sendable, Equatable {
    /// The first slot wanted.
    public let from: Slot
    /// The last slot wanted.
    public let through: Slot
    /// A fetch.
    public init(from: Slot, through: Slot) {
        self.from = from
        self.through = through
    }
}

/// Chosen slots, ascending and without a gap; their ballots are ones they were chosen in.
public struct Decisions: Sendable, Equatable {
    /// The slots.
    public let decided: [AcceptedProposal]
    /// Slots the sender knows to be chosen.
    public let chosenThrough: Slot
    /// Decisions.
    public init(decided: [AcceptedProposal], chosenThrough: Slot) {
        self.decided = decided
        self.chosenThrough = chosenThrough
    }
}

/// The leader of `ballot` stops; the receiver should campaign without waiting for its timeout.
public struct Handover: Sendable, Equatable {
    /// The leader's ballot.
    public let ballot: Ballot
    /// A handover.
    public init(ballot: Ballot) { self.ballot = ballot }
}

/// The slots asked for are deleted; this snapshot stands for them.
public struct SnapshotOffer: Sendable, Equatable {
    /// The sender's latest snapshot.
    public let header: SnapshotHeader
    /// Slots the sender knows to be chosen.
    public let chosenThrough: Slot
    /// An offer.
    public init(header: SnapshotHeader, chosenThrough: Slot) {
        self.header = header
        self.chosenThrough = chosenThrough
    }
}

/// Asks for the chunks of a range, as many as are sent at once, from the first on.
public struct FetchSnapshot: Sendable, Equatable {
    /// The snapshot.
    public let header: SnapshotHeader
    /// The first chunk wanted, from 0.
    public let from: UInt32
    /// A fetch.
    public init(header: SnapshotHeader, from: UInt32) {
        self.header = header
        self.from = from
    }
}

/// One chunk.
public struct SnapshotChunk: Sendable, Equatable {
    /// The snapshot it is part of.
    public let header: SnapshotHeader
    /// Which chunk, from 0.
    public let index: UInt32
    /// Its bytes: `SnapshotHeader.chunkBytes` of them, fewer in the last.
    public let bytes: [UInt8]
    /// A chunk.
    public init(header: SnapshotHeader, index: UInt32, bytes: [UInt8]) {
        self.header = header
        self.index = index
        self.bytes = bytes
    }
}

/// What was seen of a node's store.
public struct NodeWitness: Sendable, Hashable {
    /// The node.
    public let node: NodeID
    /// Its store.
    public let store: StoreID
    /// The highest persist sequence that store showed.
    public let persistSequence: PersistSequence
    /// Which start of the node showed it; nil if it speaks a version that does not say.
    public let seen: SeenStart?
    /// A witness.
    public init(
        node: NodeID, store: StoreID, persistSequence: PersistSequence, seen: SeenStart? = nil
    ) {
        self.node = node
        self.store = store
        self.persistSequence = persistSequence
        self.seen = seen
    }
}

/// Where a node was reached last.
public struct NodePlace: Sendable, Hashable {
    /// The node.
    public let node: NodeID
    /// "host:port".
    public let address: String
    /// What this node's own configuration said of it then; empty if nothing. Where that is another by now, the
    /// configuration is the newer word: a copy of the store that was given other neighbours keeps to these.
    public let configured: String
    /// A place.
    public init(node: NodeID, address: String, configured: String = "") {
        self.node = node
        self.address = address
        self.configured = configured
    }
}
