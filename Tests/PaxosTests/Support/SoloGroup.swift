@testable import Paxos

/// One group alone, whose peers are played by the test: it is told messages and its answers are looked at.
/// Its disk commits at once, and its own messages come back to it.
final class SoloGroup {
    private(set) var group: Group
    private var step = Step()
    private var isHandling = false
    /// What it has sent to others, in order.
    private(set) var sent: [Envelope] = []
    private(set) var rows: [Write] = []
    private(set) var reads: [LogRead] = []
    private(set) var responses: [Ticket: ClientResponse] = [:]
    private var lastTicket: UInt64 = 0

    init(
        node: UInt16 = 1, voters: UInt16 = 3, alpha: UInt32 = 256, limits: Limits = TestCluster.shortTimes,
        votes: RecoveredVotes? = nil,
        chosen: [AcceptedProposal] = [], version: ClusterVersion = .newest,
        understands: ClusterVersion = .newest
    ) {
        group = Group(
            id: .first, node: NodeID(node),
            genesis: Configuration(voters: (1...voters).map { NodeID($0) }, alpha: alpha, version: version),
            machine: ListMachine(),
            limits: limits, seed: 1, understands: understands)
        for decided in chosen { group.replay(decided, chain: nil) }
        if let votes { group.restore(votes) }
    }

    func handle(_ event: Event) {
        group.handle(event, into: &step)
        for (ticket, response) in step.takeResponses() { responses[ticket] = response }
        var envelopes = step.takeImmediate()
        let transaction = step.takeTransaction()
        rows += transaction.writes
        reads += step.takeReads()
        envelopes += transaction.release()
        sent += envelopes.filter { $0.to != group.node }
        for envelope in envelopes where envelope.to == group.node {
            handle(.message(envelope.message, from: group.node))
        }
    }

    func receive(_ message: Message, from number: UInt16) {
        handle(.message(message, from: NodeID(number)))
    }

    /// The host has greeted a peer.
    func meet(_ number: UInt16, understanding version: ClusterVersion) {
        group.understood[NodeID(number)] = version
    }

    func endTurn() { handle(.turnEnded(isDiskIdle: true)) }

    func tick(_ count: Int = 1) {
        for _ in 0..<count {
            handle(.tick)
            endTurn()
        }
    }

    func ask(_ request: ClientRequest) -> Ticket {
        lastTicket += 1
        handle(.request(Ticket(rawValue: lastTicket), request))
        endTurn()
        return Ticket(rawValue: lastTicket)
    }

    /// The answer to a request, if it is answered at once.
    func answer(to request: ClientRequest) -> ClientResponse? {
        let ticket = ask(request)
        return responses[ticket]
    }

    /// Installs a peer's snapshot, as a host does that has read it back.
    func install(_ snapshot: Snapshot) {
        guard let capture = try? Capture(decoding: snapshot, machine: group.machine) else { return }
        group.install(capture, snapshot.header, into: &step)
        endTurn()
    }

    func takeCapture() -> Capture? { group.takeCapture() }

    func takeContradiction() -> String? { group.takeContradiction() }

    /// What was sent since the last call.
    func takeSent() -> [Message] {
        defer { sent = [] }
        return sent.map(\.message)
    }

    func takeReads() -> [LogRead] {
        defer { reads = [] }
        return reads
    }

    // MARK: Leading

    /// Ticks until it prepares a ballot, with the others' consent. They have promised 1.2 before.
    func campaign() -> Ballot {
        for _ in 0..<1_000 where group.scout == nil {
            tick()
            for voter in group.configurations.latest.voters.dropFirst() {
                if let ballot = group.candidacy?.ballot {
                    receive(
                        .preVoteReply(PreVoteReply(ballot: ballot, isGranted: true, promised: Ballot(1, 2))),
                        from: voter.rawValue)
                }
            }
        }
        return group.scout?.ballot ?? .zero
    }

    /// A promise from a peer.
    func promise(
        _ ballot: Ballot, from number: UInt16, accepted: [AcceptedProposal] = [], chosenThrough: Slot = .zero
    ) {
        receive(
            .promise(
                Promise(
                    ballot: ballot, part: 0, parts: 1, chosenThrough: chosenThrough, floor: .zero,
                    accepted: accepted)), from: number)
    }

    /// Wins an election in which the second voter's promise says what is given.
    func lead(accepted: [AcceptedProposal] = [], chosenThrough: Slot = .zero) -> Ballot {
        let ballot = campaign()
        for voter in 2..<UInt16(group.configurations.latest.quorumSize + 1) {
            promise(ballot, from: voter, accepted: accepted, chosenThrough: chosenThrough)
        }
        return ballot
    }

    func accepted(_ ballot: Ballot, _ from: UInt64, through: UInt64, from number: UInt16) {
        receive(
            .accepted(Accepted(ballot: ballot, from: Slot(from), through: Slot(through))), from: number)
    }

    func decide(_ decided: [AcceptedProposal], chosenThrough: UInt64, from number: UInt16) {
        receive(
            .decisions(Decisions(decided: decided, chosenThrough: Slot(chosenThrough))), from: number)
    }
}

extension Ballot {
    /// `round.node`.
    init(_ round: UInt64, _ node: UInt16) { self.init(round: round, node: NodeID(node)) }
}

extension Proposal {
    /// A batch that opens `count` sessions: small, and distinct for distinct counts.
    static func sessions(_ count: Int) -> Proposal {
        var builder = ProposalBuilder()
        for _ in 0..<count { builder.append(.openSession) }
        return builder.build()
    }
}

extension AcceptedProposal {
    /// A vote, shorter.
    init(_ slot: UInt64, _ ballot: Ballot, _ proposal: Proposal) {
        self.init(slot: Slot(slot), ballot: ballot, proposal: proposal)
    }
}

extension [Message] {
    var accepts: [Accept] { compactMap { if case .accept(let accept) = $0 { accept } else { nil } } }
    var fetches: [Fetch] { compactMap { if case .fetch(let fetch) = $0 { fetch } else { nil } } }
    var heartbeats: [Heartbeat] {
        compactMap { if case .heartbeat(let heartbeat) = $0 { heartbeat } else { nil } }
    }
}
