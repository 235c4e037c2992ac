import DecreeWire
import NIOCore
import Paxos

/// Frames of every kind, with values at their edges.
enum Samples {
    static let highBallot = Ballot(round: Ballot.maximumRound, node: NodeID(NodeID.maximum))
    static let lowBallot = Ballot(round: 1, node: NodeID(1))
    static let lastGroup = GroupID(GroupID.maximum)
    static let batch = proposal(payloadBytes: 100)

    static func proposal(payloadBytes: Int) -> Proposal {
        var builder = ProposalBuilder()
        builder.append(
            .command(
                session: SessionID(rawValue: 1 << 20), sequence: 7, firstUnacknowledged: 3,
                payload: ArraySlice((0..<payloadBytes).map { UInt8(truncatingIfNeeded: $0 &* 31) })))
        return builder.build()
    }

    static func votes(_ count: Int, from first: UInt64 = 1) -> [AcceptedProposal] {
        (0..<UInt64(count)).map {
            AcceptedProposal(slot: Slot(first + $0), ballot: lowBallot, proposal: $0 % 2 == 0 ? .noOp : batch)
        }
    }

    static let messages: [Message] =
        [
            .preVote(PreVote(ballot: highBallot)),
            .preVoteReply(PreVoteReply(ballot: highBallot, isGranted: false, promised: .zero)),
            .preVoteReply(PreVoteReply(ballot: lowBallot, isGranted: true, promised: highBallot)),
            .prepare(Prepare(ballot: lowBallot, firstOpen: Slot(1))),
            .prepare(Prepare(ballot: highBallot, firstOpen: .maximum)),
            .accepted(Accepted(ballot: lowBallot, from: Slot(1), through: Slot(1))),
            .accepted(Accepted(ballot: highBallot, from: Slot(1), through: .maximum)),
            .rejection(Rejection(ballot: lowBallot, promised: highBallot)),
            .heartbeat(Heartbeat(ballot: lowBallot, round: 0, chosenThrough: .zero)),
            .heartbeat(
                Heartbeat(
                    ballot: highBallot, round: .max, chosenThrough: .maximum,
                    checkpoint: StateCheckpoint(
                        slot: .maximum, chain: Digest(rawValue: .max), state: Digest(rawValue: 1)))),
            .heartbeatReply(HeartbeatReply(ballot: lowBallot, round: .max, executedThrough: .zero)),
            .fetch(Fetch(from: Slot(1), through: .maximum)),
            .handover(Handover(ballot: highBallot)),
            .accept(Accept(ballot: lowBallot, slot: Slot(1), proposal: .noOp, chosenThrough: .zero)),
            .accept(Accept(ballot: highBallot, slot: .maximum, proposal: batch, chosenThrough: .maximum)),
        ] + promises + decisions

    static let promises: [Message] = [
        .promise(
            Promise(
                ballot: lowBallot, part: 0, parts: 1, chosenThrough: .zero, floor: .zero, accepted: [])),
        .promise(
            Promise(
                ballot: highBallot, part: .max - 1, parts: .max, chosenThrough: .maximum, floor: .maximum,
                accepted: votes(3))),
    ]

    static let decisions: [Message] = [
        .decisions(Decisions(decided: [], chosenThrough: .zero)),
        .decisions(Decisions(decided: votes(3), chosenThrough: .maximum)),
        .decisions(Decisions(decided: votes(1, from: Slot.maximum.rawValue), chosenThrough: .maximum)),
    ]

    static let requests: [ClientRequest] = [
        .openSession,
        .command(session: SessionID(rawValue: 0), sequence: 0, firstUnacknowledged: 0, payload: []),
        .command(
            session: SessionID(rawValue: .max), sequence: .max, firstUnacknowledged: .max,
            payload: [1, 2, 3]),
        .query(payload: [], consistency: .linearizable),
        .query(payload: [255], consistency: .stale),
    ]

    static let responses: [ClientResponse] = [
        .opened(SessionID(rawValue: .max)),
        .executed(.ok(), LogPosition(slot: Slot(1), index: 0)),
        .executed(.rejected("insufficient funds"), LogPosition(slot: .maximum, index: .max)),
        .answered(.ok([9]), executedThrough: .zero, consistency: .stale),
        .answered(.rejected(""), executedThrough: .maximum, consistency: .linearizable),
        .notLeader(leader: nil), .notLeader(leader: NodeID(NodeID.maximum)),
        .busy,
        .leadershipLost(leader: nil), .leadershipLost(leader: NodeID(1)),
        .sessionExpired, .alreadyAcknowledged,
        .refused(.tooLarge), .refused(.outsideWindow), .refused(.unknownGroup),
    ]

    static let identity = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 11), node: NodeID(2), store: StoreID(rawValue: 22),
        persistSequence: 33)

    static let hellos: [Frame] = [
        .hello(Hello(clientOf: "")),
        .hello(Hello(clientOf: String(repeating: "ü", count: 127))),
        .hello(Hello(from: identity, to: NodeID(3), witnessed: nil)),
        .hello(
            Hello(
                from: identity, to: NodeID(3),
                witnessed: Witness(store: StoreID(rawValue: .max), persistSequence: .max))),
    ]

    static let helloReplies: [Frame] =
        [
            .helloReply(.admitted(Admission(version: 1, identity: identity, witnessed: nil))),
            .helloReply(
                .admitted(
                    Admission(
                        version: .max, identity: identity,
                        witnessed: Witness(store: StoreID(rawValue: 0), persistSequence: 0)))),
            .helloReply(.refused(.fenced, reason: "")),
        ] + HelloRefusal.allCases.map { .helloReply(.refused($0, reason: "because of \($0)")) }

    static let handshakes = hellos + helloReplies

    static let peers: [Frame] = messages.enumerated().map { index, message in
        .peer(
            PeerFrame(
                group: index % 2 == 0 ? .first : lastGroup, persistSequence: index % 3 == 0 ? .max : 0,
                message: message))
    }

    static let clients: [Frame] =
        requests.map { .client(.request(id: .max, group: lastGroup, $0)) }
        + responses.map { .client(.response(id: 0, $0)) }
        + [
            .client(.statusRequest(id: 5)), .client(.statusResponse(id: 5, [])),
            .client(.statusResponse(id: 6, Array("{}".utf8))),
        ]

    /// Everything that may follow a handshake.
    static let afterHandshake = peers + clients

    static func encoded(_ frame: Frame) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try frame.write(into: &buffer)
        return buffer
    }

    static func isHandshake(_ frame: Frame) -> Bool {
        switch frame {
        case .hello, .helloReply: true
        case .peer, .client: false
        }
    }
}

extension FrameDecoder {
    /// A decoder at the place of a stream where `frame` may stand.
    init(for frame: Frame) { self.init(expectsHandshake: Samples.isHandshake(frame)) }

    /// Everything complete.
    mutating func all() throws -> [Frame] {
        var frames: [Frame] = []
        while let frame = try next() { frames.append(frame) }
        return frames
    }
}
