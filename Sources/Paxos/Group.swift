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
    /// The node is about to stop: if it leads, another should.
    case handOver
}

/// One group's roles on one node: acceptor, leader (with scout and commander), replica. A pure value: events
/// in, steps out; no clock, no I/O, no randomness but what the seed gives.
///
/// It is Multi-Paxos as in "Paxos Made Moderately Complex" (van Renesse and Altinbuken), with phase 1 for
/// all open slots at once, a stable leader kept by heartbeats, a pre-vote before elections, and decisions
/// told by reference ("all my proposals through slot n are chosen").
///
/// The parts: `Group+Election` finds a leader, `Group+Leading` is what it does, `Group+Voting` is the
/// acceptor's side, `Group+Learning` closes slots and catches up, `Group+Clients` takes requests.
public struct Group: Sendable {
    /// The group.
    public let id: GroupID
    /// This node.
    public let node: NodeID
    /// Who votes, and the limits all replicas share.
    public let configuration: Configuration
    let limits: Limits
    let selfIndex: Int
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
    /// The highest ballot seen anywhere.
    var highestSeen: Ballot = .zero
    var election: ElectionTimer
    var catchUp: CatchUp?

    /// A group on a node that votes in it; traps if it does not. The seed decides the election timeouts:
    /// give each node another.
    public init(
        id: GroupID, node: NodeID, configuration: Configuration, machine: any StateMachine,
        limits: Limits = Limits(), seed: UInt64
    ) {
        guard let selfIndex = configuration.index(of: node) else {
            preconditionFailure("node \(node) does not vote in group \(id)")
        }
        self.id = id
        self.node = node
        self.configuration = configuration
        self.limits = limits
        self.selfIndex = selfIndex
        random = SeededGenerator(seed: seed)
        acceptor = LogAcceptor(limits: limits)
        replica = Replica(machine: machine, configuration: configuration)
        election = ElectionTimer(limits: limits)
        election.restart(using: &random)
    }

    // MARK: Recovery

    /// Executes a chosen slot found in the store, in order, before anything else. `chain` is what the store
    /// kept for it; nil skips the comparison.
    public mutating func replay(_ decided: AcceptedProposal, chain: Digest?) {
        var discarded = Step()
        acceptor.close(decided.slot)
        replica.execute(decided.proposal, in: decided.slot, tickets: [], into: &discarded)
        if let chain { Invariant.chainMatch(replica.chain, chain, slot: decided.slot) }
        highestSeen = max(highestSeen, decided.ballot)
    }

    /// Takes up the promise and the votes found in the store, after the last `replay`.
    public mutating func restore(_ votes: RecoveredVotes) {
        acceptor.restore(promised: votes.promised, votes: votes.accepted)
        highestSeen = votes.accepted.reduce(max(highestSeen, votes.promised)) { max($0, $1.ballot) }
    }

    // MARK: Events

    /// Takes one event; what is to be done about it is added to `step`.
    public mutating func handle(_ event: Event, into step: inout Step) {
        switch event {
        case .message(let message, let from): receive(message, from: from, into: &step)
        case .request(let ticket, let request): take(request, ticket: ticket, into: &step)
        case .tick: tick(into: &step)
        case .turnEnded(let isDiskIdle): endTurn(isDiskIdle: isDiskIdle, into: &step)
        case .handOver: handOver(into: &step)
        }
    }

    private mutating func receive(_ message: Message, from: NodeID, into step: inout Step) {
        guard configuration.index(of: from) != nil else { return }
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
        case .snapshotOffer, .fetchSnapshot, .snapshotChunk: break
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

    /// Sends to every other voter.
    func broadcast(_ message: Message, into step: inout Step) {
        for voter in configuration.voters where voter != node {
            step.send(Envelope(group: id, to: voter, message: message))
        }
    }

    func send(_ message: Message, to: NodeID, into step: inout Step) {
        step.send(Envelope(group: id, to: to, message: message))
    }

    func withhold(_ message: Message, to: NodeID, into step: inout Step) {
        step.withhold(Envelope(group: id, to: to, message: message))
    }
}

// MARK: Status

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
    /// The state machine's digest.
    public let state: Digest
    /// Open sessions.
    public let sessions: Int
    /// Slots this node has proposed that are not chosen yet.
    public let slotsInFlight: Int
    /// Commands that wait for a slot.
    public let pendingCommands: Int
}

extension Group {
    /// Whether this node leads and may propose.
    public var isLeading: Bool { leader?.isReady ?? false }

    /// Slots chosen, which this node has executed.
    public var chosenThrough: Slot { acceptor.chosenThrough }

    /// Who leads, as far as this node knows.
    public var leaderHint: NodeID? { leader == nil ? knownLeader : node }

    /// How the group stands on this node. Costs a digest of the state.
    public var status: GroupStatus {
        GroupStatus(
            role: leader != nil ? .leader : (candidacy != nil || scout != nil ? .candidate : .follower),
            promised: acceptor.promised, leader: leaderHint, chosenThrough: acceptor.chosenThrough,
            executedThrough: replica.executedThrough, floor: .zero, chain: replica.chain,
            state: replica.machine.digest(), sessions: replica.sessions.count,
            slotsInFlight: leader?.commander.count ?? 0, pendingCommands: leader?.batcher.commands ?? 0)
    }
}
