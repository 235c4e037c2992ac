import DecreeWire
import NIOCore
import Paxos
import Testing

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
            .preVote(PreVote(ballot: lowBallot, chosenThrough: .maximum)),
            .preVoteReply(PreVoteReply(ballot: highBallot, isGranted: false, promised: .zero)),
            .preVoteReply(
                PreVoteReply(
                    ballot: lowBallot, isGranted: true, promised: highBallot, chosenThrough: .maximum)),
            .prepare(Prepare(ballot: lowBallot, firstOpen: Slot(1))),
            .prepare(Prepare(ballot: highBallot, firstOpen: .maximum, attempt: .max)),
            .accepted(Accepted(ballot: lowBallot, from: Slot(1), through: Slot(1))),
            .accepted(Accepted(ballot: highBallot, from: Slot(1), through: .maximum)),
            .rejection(Rejection(ballot: lowBallot, promised: highBallot)),
            .heartbeat(Heartbeat(ballot: lowBallot, round: 0, chosenThrough: .zero)),
            .heartbeat(
                Heartbeat(
                    ballot: highBallot, round: .max, chosenThrough: .maximum,
                    checkpoint: StateCheckpoint(
                        slot: .maximum, chain: Digest(rawValue: .max), state: Digest(rawValue: 1)))),
            .heartbeat(
                Heartbeat(ballot: lowBallot, round: 1, chosenThrough: Slot(1), witnesses: witnesses)),
            .heartbeat(
                Heartbeat(ballot: lowBallot, round: 1, chosenThrough: Slot(1), witnesses: startedWitnesses)),
            .heartbeatReply(HeartbeatReply(ballot: lowBallot, round: .max, executedThrough: .zero)),
            .heartbeatReply(
                HeartbeatReply(
                    ballot: lowBallot, round: 0, executedThrough: .maximum, commitMicroseconds: .max,
                    abstainThrough: .maximum)),
            .fetch(Fetch(from: Slot(1), through: .maximum)),
            .handover(Handover(ballot: highBallot)),
            .accept(Accept(ballot: lowBallot, slot: Slot(1), proposal: .noOp, chosenThrough: .zero)),
            .accept(Accept(ballot: highBallot, slot: .maximum, proposal: batch, chosenThrough: .maximum)),
        ] + promises + decisions + snapshots

    static func scope(
        _ firstOpen: UInt64, _ from: UInt64, through: UInt64 = Slot.maximum.rawValue, attempt: UInt32 = 0
    ) -> PromiseScope {
        PromiseScope(
            firstOpen: Slot(firstOpen), attempt: attempt, from: Slot(from), through: Slot(through))
    }

    static let promises: [Message] = [
        .promise(
            Promise(
                ballot: lowBallot, part: 0, parts: 1, chosenThrough: .zero, floor: .zero,
                scope: scope(1, 1), accepted: [])),
        .promise(
            Promise(
                ballot: highBallot, part: .max - 1, parts: .max, chosenThrough: .maximum, floor: .maximum,
                scope: scope(1, 1, attempt: .max), accepted: votes(3))),
    ]

    static let decisions: [Message] = [
        .decisions(Decisions(decided: [], chosenThrough: .zero)),
        .decisions(Decisions(decided: votes(3), chosenThrough: .maximum)),
        .decisions(Decisions(decided: votes(1, from: Slot.maximum.rawValue), chosenThrough: .maximum)),
    ]

    static let snapshots: [Message] = [
        .snapshotOffer(SnapshotOffer(header: header(bytes: 1), chosenThrough: Slot(1))),
        .snapshotOffer(SnapshotOffer(header: header(bytes: 1 << 40), chosenThrough: .maximum)),
        .fetchSnapshot(FetchSnapshot(header: header(bytes: 1), from: 0)),
        .fetchSnapshot(FetchSnapshot(header: header(bytes: 1 << 40), from: (1 << 24) - 1)),
        .snapshotChunk(SnapshotChunk(header: header(bytes: 3), index: 0, bytes: [1, 2, 3])),
        .snapshotChunk(
            SnapshotChunk(
                header: header(bytes: UInt64(SnapshotHeader.chunkBytes) + 2), index: 1, bytes: [4, 5])),
    ]

    static let witnesses = [
        NodeWitness(node: NodeID(1), store: StoreID(rawValue: 0), persistSequence: .max),
        NodeWitness(node: NodeID(NodeID.maximum), store: StoreID(rawValue: .max), persistSequence: 0),
    ]

    static func header(bytes: UInt64) -> SnapshotHeader {
        SnapshotHeader(
            slot: .maximum, chain: Digest(rawValue: .max), byteCount: bytes, digest: Digest(rawValue: 5))
    }

    static let plain = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])

    /// Voter 1, and node 5 that joins in its place with a store and an address; 3 was removed.
    static let changed: Configuration = {
        let joining: [UInt8] =
            [5, 0, 2, 1, 0, 1] + [7, 0, 0, 0, 0, 0, 0, 0] + [6, 0] + Array("host:1".utf8)
        let bytes = [2] + plain.bytes[1..<21] + [2, 0] + [1, 0, 0, 0, 0, 0] + joining + [1, 0, 3, 0]
        guard let configuration = Configuration(bytes: Array(bytes)) else { return plain }
        return configuration
    }()

    static let requests: [ClientRequest] =
        [
            .openSession,
            .command(session: SessionID(rawValue: 0), sequence: 0, firstUnacknowledged: 0, payload: []),
            .command(
                session: SessionID(rawValue: .max), sequence: .max, firstUnacknowledged: .max,
                payload: [1, 2, 3]),
            .batch(
                session: SessionID(rawValue: .max), sequence: 1, firstUnacknowledged: 1,
                payload: CommandBatch([[1], [2, 3]]).bytes[...]),
            .query(payload: [], consistency: .linearizable),
            .query(payload: [255], consistency: .stale),
        ] + changes.map { .admin(.change($0)) } + questions.map { .admin($0) }

    static let changes: [ConfigurationChange] = [
        .add(node: nil, role: .nonVoter, store: nil, address: "[::1]:65535"),
        .add(
            node: NodeID(NodeID.maximum), role: .joining(replacing: NodeID(3)),
            store: StoreID(rawValue: .max), address: String(repeating: "x", count: 250) + ":1000"),
        .add(node: nil, role: .joining(replacing: nil), store: StoreID(rawValue: 0), address: ""),
        .promote(NodeID(1)), .remove(NodeID(NodeID.maximum)), .move(NodeID(2), address: "höhle:1"),
    ]

    static let questions: [AdminRequest] =
        [
            .transferLead(to: nil), .transferLead(to: NodeID(NodeID.maximum)), .takeSnapshot, .describeLog,
            .readSlots(from: Slot(1)), .readSlots(from: .maximum), .readChunks(header(bytes: 1), from: 0),
            .readChunks(header(bytes: 1 << 40), from: (1 << 24) - 1),
        ] + tails

    static let tails: [AdminRequest] = [
        .tail(from: Slot(1), waitingTicks: 0), .tail(from: .maximum, waitingTicks: .max),
    ]

    static let tailAnswers: [AdminResponse] = [
        .executed(ExecutedSlots(decided: [], unexecuted: [], chosenThrough: .zero)),
        .executed(
            ExecutedSlots(
                decided: votes(3),
                unexecuted: [LogPosition(slot: Slot(1), index: 0), LogPosition(slot: .maximum, index: .max)],
                chosenThrough: .maximum)),
        .logBegins(at: Slot(1)), .logBegins(at: .maximum),
    ]

    static let answers: [AdminResponse] =
        [
            .changed(ConfigurationOutcome(node: NodeID(1), from: nil)),
            .changed(ConfigurationOutcome(node: NodeID(NodeID.maximum), from: .maximum)),
            .handedOver(to: NodeID(2)), .takingSnapshot(through: .maximum),
            .described(
                LogDescription(
                    configuration: Configuration(voters: [NodeID(1)]), floor: .zero, chosenThrough: .zero,
                    chain: .zero, snapshot: nil)),
            .described(
                LogDescription(
                    configuration: changed, floor: Slot(1), chosenThrough: .maximum,
                    chain: Digest(rawValue: .max), snapshot: header(bytes: 1 << 40))),
            .slots([], chosenThrough: .zero), .slots(votes(3), chosenThrough: .maximum),
            .chunks([]), .chunks([[1], [2, 3], [4], [5]]),
        ] + tailAnswers + ConfigurationRefusal.allCases.map { .changeRefused($0) }

    static let welcomes = [
        Welcome(
            cluster: "b", genesis: .zero,
            groups: [Welcome.Group(id: .first, kind: "", genesis: Configuration(voters: [NodeID(1)]))]),
        Welcome(
            cluster: "bank", genesis: Digest(rawValue: .max),
            groups: [
                Welcome.Group(id: .first, kind: "bank", genesis: plain),
                Welcome.Group(id: lastGroup, kind: "register", genesis: plain),
            ]),
    ]

    static let responses: [ClientResponse] =
        [
            .opened(SessionID(rawValue: .max)),
            .executed(.ok(), LogPosition(slot: Slot(1), index: 0)),
            .executed(.rejected("insufficient funds"), LogPosition(slot: .maximum, index: .max)),
            .answered(.ok([9]), executedThrough: .zero, consistency: .stale),
            .answered(.rejected(""), executedThrough: .maximum, consistency: .linearizable),
            .notLeader(leader: nil), .notLeader(leader: NodeID(NodeID.maximum)),
            .busy,
            .leadershipLost(leader: nil), .leadershipLost(leader: NodeID(1)),
            .sessionExpired, .alreadyAcknowledged,
            .refused(.tooLarge), .refused(.outsideWindow), .refused(.unknownGroup), .refused(.noSuccessor),
            .refused(.gone), .refused(.noSnapshot),
        ] + answers.map { .admin($0) }

    static let identity = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 11), node: NodeID(2), store: StoreID(rawValue: 22),
        persistSequence: 33)

    static let start = NodeStart(
        incarnation: UInt64(Int64.max), process: UInt64(Int64.max), beganAt: UInt64(Int64.max))

    /// The same, with starts that it may tell of.
    static let started: NodeIdentity = {
        var identity = Samples.identity
        identity.starts = (1...UInt64(WireLimit.starts)).map {
            NodeStart(incarnation: $0, process: 1_000 - $0, beganAt: $0 / 2)
        }
        identity.isVoting = true
        return identity
    }()

    private static let restarted: NodeIdentity = {
        var identity = started
        identity.starts = [start]
        return identity
    }()

    static let nodeFrames: [Frame] = [
        .probe(nonce: .max, rival: SeenStart(start, isVoting: true)), .alive(nonce: 0, isVoting: false),
        .witnessed(start, after: .max), .yields(start), .received(bytes: .max),
        .vouched(witness: NodeID(2), node: NodeID(NodeID.maximum), [start]),
        .seen([]), .seen(startedWitnesses),
    ].map { .node($0) }

    static let startedWitnesses: [NodeWitness] =
        witnesses.dropLast() + [
            NodeWitness(
                node: NodeID(2), store: StoreID(rawValue: 1), persistSequence: 7,
                seen: SeenStart(start, isVoting: false))
        ]

    static let hellos: [Frame] = [
        .hello(
            Hello(
                from: started, to: NodeID(3),
                witnessed: Witness(
                    store: StoreID(rawValue: 1), persistSequence: 2, seen: SeenStart(start, isVoting: true)))),
        .hello(Hello(clientOf: "")),
        .hello(Hello(clientOf: String(repeating: "ü", count: 127))),
        .hello(Hello(from: identity, to: NodeID(3), witnessed: nil)),
        .hello(
            Hello(
                from: identity, to: NodeID(3),
                witnessed: Witness(store: StoreID(rawValue: .max), persistSequence: .max),
                address: "node-2.example:7101")),
        .hello(
            Hello(
                from: identity, to: NodeID(3), witnessed: nil, address: String(repeating: "x", count: 255))),
    ]

    static let helloReplies: [Frame] =
        [
            .helloReply(.admitted(Admission(version: 1, identity: identity, witnessed: nil))),
            .helloReply(
                .admitted(
                    Admission(
                        version: .max, identity: identity,
                        witnessed: Witness(store: StoreID(rawValue: 0), persistSequence: 0)))),
            .helloReply(
                .admitted(
                    Admission(
                        version: 4, identity: restarted,
                        witnessed: Witness(
                            store: StoreID(rawValue: 0), persistSequence: 0,
                            seen: SeenStart(start, isVoting: false))))),
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
        + requests.map { .client(.relay(id: 1, group: .first, $0)) }
        + responses.map { .client(.response(id: 0, $0)) }
        + [
            .client(.statusRequest(id: 5)), .client(.statusResponse(id: 5, [])),
            .client(.statusResponse(id: 6, Array("{}".utf8))), .client(.join(id: .max)),
        ] + welcomes.map { .client(.welcome(id: 7, $0)) }

    /// Everything that may follow a handshake.
    static let afterHandshake = peers + clients + nodeFrames

    static func encoded(_ frame: Frame, version: UInt16 = WireVersion.maximum) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        #expect(try frame.write(version: version, into: &buffer))
        return buffer
    }

    static func isHandshake(_ frame: Frame) -> Bool {
        switch frame {
        case .hello, .helloReply: true
        case .peer, .client, .node: false
        }
    }
}

extension FrameDecoder {
    /// A decoder at the place of a stream where `frame` may stand.
    init(for frame: Frame, version: UInt16 = WireVersion.maximum) {
        self.init(expectsHandshake: Samples.isHandshake(frame), version: version)
    }

    /// A decoder of the newest version, after the handshake.
    static let behindHandshake = FrameDecoder(expectsHandshake: false, version: WireVersion.maximum)

    /// Everything complete.
    mutating func all() throws -> [Frame] {
        var frames: [Frame] = []
        while let frame = try next() { frames.append(frame) }
        return frames
    }
}
