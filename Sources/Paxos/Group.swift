/// Something that happened to a group on one node.
public enum Event: Sendable {
    /// A message from a node of the group; from this very node for its own votes.
    case message(Message, from: NodeID)
    /// A client's request; the response names the ticket.
    case request(Ticket, ClientRequest)
    /// Ten milliseconds have passed, as far as this node can tell.
    case tick
    /// The host has handed in what had arrived, and asks for what should go out. While the disk is busy only
    /// full batches leave; when it is idle, so does the one that is filling.
    case turnEnded(isDiskIdle: Bool)
    /// The node is about to stop, or cannot write: if it leads, another should.
    case handOver
    /// What this node's disk is like.
    case disk(DiskHealth)
    /// A node's bytes are coming in, or it takes what it is sent: it is there, though what it has to say takes long.
    case heard(NodeID)
}

/// One group's roles on one node: acceptor, leader (with scout and commander), replica. A pure value: events
/// in, steps out; no clock, no I/O, no randomness but what the seed gives.
///
/// It is Multi-Paxos as in "Paxos Made Moderately Complex" (van Renesse and Altinbuken), with phase 1 for
/// all open slots at once, a stable leader kept by heartbeats, a pre-vote before elections, and decisions
/// told by reference ("all my proposals through slot n are chosen").
///
/// The parts: `Group+Election` finds a leader, `Group+Leading` is what it does, `Group+Voting` is the
/// acceptor's side, `Group+Learning` closes slots and catches up, `Group+Snapshots` takes, sends and installs
/// snapshots, `Group+Members` follows who belongs to the group, `Group+Version` what all of them understand, `Group+Clients` takes
/// requests.
public struct Group: Sendable {
    /// The group.
    public let id: GroupID
    /// This node.
    public let node: NodeID
    let limits: Limits
    var random: SeededGenerator
    /// Ticks since the start.
    var now: UInt64 = 0

    var acceptor: LogAcceptor
    var replica: Replica

    // At most one of these is there; with none the node follows.
    var candidacy: Candidacy?
    var scout: Scout?
    var leader: Leader?

    /// Who leads, as far as this node knows.
    var knownLeader: NodeID?
    /// When a leader last spoke.
    var followedAtTick: UInt64 = 0
    /// The highest ballot seen anywhere.
    var highestSeen: Ballot = .zero
    var election: ElectionTimer
    var catchUp: CatchUp?
    var answerTime: AnswerTime

    /// Slots through this one are deleted, or may be (invariant FloorSafe).
    public internal(set) var floor: Slot = .zero
    /// The latest snapshot that is complete on disk.
    public internal(set) var snapshot: SnapshotHeader?
    /// A peer's snapshot that is coming in.
    var arriving: ArrivingSnapshot?
    /// What peers said that cannot be true beside what this node knows: told to the host once.
    private var contradiction: String?
    /// Peers' snapshots that turned out to be of no use.
    var refused = RefusedSnapshots()
    /// A copy of the replica that the host is to make a snapshot of.
    var capture: Capture?
    /// Whether the host is making one.
    var isTakingSnapshot = false
    /// Rows through this slot were found damaged: what they said is unknown, and until it has been learnt from others
    /// this node votes for nothing (invariant CorruptIsNotAbsent).
    var abstainThrough: Slot = .zero
    /// Whether the host lets this node vote: not before others know this start of it (invariant OneProcess).
    public var mayVote = true
    /// What this node's disk is like.
    var disk = DiskHealth()
    /// What is known of the nodes' stores; the host's, told with heartbeats.
    public var witnesses: [NodeWitness] = []
    /// What this node understands.
    let understands: ClusterVersion
    /// What other members understand, as far as this node has met them since it started; the host's.
    public var understood: [NodeID: ClusterVersion] = [:]
    /// Whether others are known to have the log through the slot after which this node belongs to the group no more.
    var isSucceeded = false
    /// Who follows the log and waits for a slot.
    var tails = WaitingTails()
    /// The other members, ascending: to whom is broadcast.
    var others: [NodeID] = []

    /// A group on a node. The genesis is what the cluster was created with, and need not name the node: it may have
    /// joined since. The seed decides the election timeouts: give each node another.
    ///
    /// - Parameter understands: less than the newest for a node that is to behave as an older build does.
    public init(
        id: GroupID, node: NodeID, genesis: Configuration, machine: any StateMachine,
        limits: Limits = Limits(), seed: UInt64, understands: ClusterVersion = .newest
    ) {
        self.id = id
        self.node = node
        self.understands = understands
        self.limits = limits
        random = SeededGenerator(seed: seed)
        acceptor = LogAcceptor(limits: limits)
        replica = Replica(
            machine: machine, genesis: genesis, understands: understands,
            checkpointSlots: limits.checkpointSlots)
        election = ElectionTimer(limits: limits)
        answerTime = AnswerTime(leastTicks: limits.resendTicks)
        election.restart(using: &random)
        reviewMembers()
    }

    // MARK: Recovery

    /// Takes up the snapshot found in the store, before the slots that came after it are replayed.
    ///
    /// - Throws: if it is no snapshot of this machine.
    public mutating func restore(_ snapshot: Snapshot) throws(MachineRestoreError) {
        take(try Capture(decoding: snapshot, machine: replica.machine), header: snapshot.header)
    }

    /// Executes a chosen slot found in the store, in order, before anything else. `chain` is what the store
    /// kept for it; nil skips the comparison.
    public mutating func replay(_ decided: AcceptedProposal, chain: Digest?) {
        var discarded = Step()
        acceptor.close(decided.slot)
        replica.execute(decided.proposal, in: decided.slot, tickets: [], into: &discarded)
        // Nobody takes one now; but it counts anew from here, as it did at the first execution.
        _ = replica.isSnapshotDue(after: limits)
        if let chain { Invariant.chainMatch(replica.chain, chain, slot: decided.slot) }
        highestSeen = max(highestSeen, decided.ballot)
    }

    /// Takes up the promise and the votes found in the store, after the last `replay`.
    public mutating func restore(_ votes: RecoveredVotes) {
        acceptor.restore(promised: votes.promised, votes: votes.accepted)
        highestSeen = votes.accepted.reduce(max(highestSeen, votes.promised)) { max($0, $1.ballot) }
        floor = votes.floor
        arriving = votes.partial.flatMap { partial in
            partial.header.slot > acceptor.chosenThrough ? ArrivingSnapshot(partial, tick: now) : nil
        }
        abstainThrough = votes.damagedThrough ?? .zero
        reviewMembers()
    }

    // MARK: Events

    /// Takes one event; what is to be done about it is added to `step`.
    public mutating func handle(_ event: Event, into step: inout Step) {
        switch event {
        case .message(let message, let from): receive(message, from: from, into: &step)
        case .request(let ticket, let request): take(request, ticket: ticket, into: &step)
        case .tick: tick(into: &step)
        case .turnEnded(let isDiskIdle):
            endTurn(isDiskIdle: isDiskIdle, into: &step)
            answerTails(into: &step)
        case .handOver: handOver(into: &step)
        case .disk(let health): disk = health
        case .heard(let peer): hear(peer)
        }
    }

    private mutating func receive(_ message: Message, from: NodeID, into step: inout Step) {
        guard !isGone(from) || message.isForAll, from == node || message.isBounded else { return }
        switch message {
        case .preVote(let preVote): answer(preVote, from: from, into: &step)
        case .preVoteReply(let reply): count(reply, from: from, into: &step)
        case .prepare(let prepare): answer(prepare, from: from, into: &step)
        case .promise(let promise): count(promise, from: from, into: &step)
        case .accept(let accept): answer(accept, from: from, into: &step)
        case .accepted(let accepted): count(accepted, from: from, into: &step)
        case .rejection(let rejection): see(rejection.promised, into: &step)
        case .heartbeat(let heartbeat): answer(heartbeat, from: from, into: &step)
        case .heartbeatReply(let reply): count(reply, from: from, into: &step)
        case .fetch(let fetch): answer(fetch, from: from, into: &step)
        case .decisions(let decisions): learn(decisions, from: from, into: &step)
        case .handover(let handover): answer(handover, from: from, into: &step)
        case .snapshotOffer(let offer): take(offer, from: from, into: &step)
        case .fetchSnapshot(let fetch): answer(fetch, from: from, into: &step)
        case .snapshotChunk(let chunk): take(chunk, from: from, into: &step)
        }
    }

    private mutating func tick(into step: inout Step) {
        now += 1
        if leader != nil {
            tickLeader(into: &step)
        } else {
            tickElection(into: &step)
        }
        tickCatchUp(into: &step)
    }

    // MARK: Contradictions

    /// A peer said what cannot be true beside what this node, or another, has said: two values in one ballot, or another
    /// decision. One of them is broken, and no node can tell which. What was said counts for nothing.
    mutating func refuse(_ contradiction: @autoclosure () -> String) {
        if self.contradiction == nil { self.contradiction = contradiction() }
    }

    /// Whether a peer said what cannot be true.
    public var hasContradiction: Bool { contradiction != nil }

    /// What a peer said that cannot be true, in words: taken once.
    public mutating func takeContradiction() -> String? {
        defer { contradiction = nil }
        return contradiction
    }

    /// Sends to every other member: who does not vote learns from what is asked of those who do.
    func broadcast(_ message: Message, into step: inout Step) {
        for member in others { step.send(Envelope(group: id, to: member, message: message)) }
    }

    func send(_ message: Message, to: NodeID, into step: inout Step) {
        step.send(Envelope(group: id, to: to, message: message))
    }

    func withhold(_ message: Message, to: NodeID, into step: inout Step) {
        step.withhold(Envelope(group: id, to: to, message: message))
    }
}
