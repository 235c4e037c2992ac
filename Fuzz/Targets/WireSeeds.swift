import DecreeWire
import NIOCore
import Paxos

extension WireTarget {
    /// A frame of every kind, each alone, in the newest version and in the first if that has it; and a
    /// connection's beginning as it goes over the wire.
    static func seeds() throws -> [[UInt8]] {
        let versions = [(WireVersion.minimum, 0), (WireVersion.maximum, Mode.newest)] as [(UInt16, UInt8)]
        let alone = try versions.flatMap { version, versionMode in
            try frames.compactMap { frame -> [UInt8]? in
                var buffer = ByteBuffer()
                guard try frame.write(version: version, into: &buffer) else { return nil }
                let mode = Mode.sealed | Mode.asOneFrame | versionMode
                switch frame {
                case .hello, .helloReply: return [mode, 255] + buffer.readableBytesView
                case .peer, .client, .node:
                    return [mode | Mode.afterHandshake, 255] + buffer.readableBytesView
                }
            }
        }
        var connection: [UInt8] = []
        for frame in [
            hello, .client(.request(id: 1, group: .first, .openSession)), .client(.statusRequest(id: 2)),
        ] {
            connection += try encoded(frame, version: WireVersion.minimum)
        }
        return alone + [[0, 3] + connection, [Mode.sealed, 20] + connection]
    }

    private static let frames: [Frame] =
        [
            hello, .hello(Hello(clientOf: "bank")),
            .helloReply(.admitted(Admission(version: 1, identity: node, witnessed: witness))),
            .helloReply(.refused(.fenced, reason: "the store went back in time")),
            .helloReply(.refused(.removed, reason: "")),
        ]
        + messages.map { .peer(PeerFrame(group: .first, persistSequence: 3, message: $0)) }
        + requests.map { .client(.request(id: 4, group: .first, $0)) }
        + responses.map { .client(.response(id: 5, $0)) }
        + [
            .client(.statusRequest(id: 6)), .client(.statusResponse(id: 7, Array("{}".utf8))),
            .client(.join(id: 8)), .client(.relay(id: 10, group: .first, .openSession)),
            .client(.welcome(id: 9, welcome)),
        ] + nodeFrames.map { .node($0) }

    private static let node = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 11), node: NodeID(2), store: StoreID(rawValue: 22),
        persistSequence: 33)
    private static let witness = Witness(store: StoreID(rawValue: 44), persistSequence: 55)
    private static let hello = Frame.hello(
        Hello(from: node, to: NodeID(1), witnessed: witness, address: "node-2:7101"))
    private static let ballot = Ballot(round: 2, node: NodeID(2))

    private static let proposal: Proposal = {
        var builder = ProposalBuilder()
        builder.append(.openSession)
        builder.append(
            .command(
                session: SessionID(rawValue: 1 << 20), sequence: 2, firstUnacknowledged: 1,
                payload: [1, 2, 3]))
        return builder.build()
    }()

    private static let votes = [
        AcceptedProposal(slot: Slot(6), ballot: ballot, proposal: .noOp),
        AcceptedProposal(slot: Slot(7), ballot: ballot, proposal: proposal),
    ]

    private static let start = NodeStart(incarnation: 3, process: 44, beganAt: 30)

    private static let nodeFrames: [NodeFrame] = [
        .probe(nonce: 7, rival: SeenStart(start, isVoting: false)), .alive(nonce: 7, isVoting: true),
        .witnessed(start, after: 7), .yields(start), .vouched(witness: NodeID(2), node: NodeID(3), [start]),
        .seen([
            NodeWitness(
                node: NodeID(2), store: StoreID(rawValue: 22), persistSequence: 33,
                seen: SeenStart(start, isVoting: true))
        ]),
    ]

    private static let messages: [Message] = [
        .preVote(PreVote(ballot: ballot)),
        .preVoteReply(PreVoteReply(ballot: ballot, isGranted: true, promised: .zero)),
        .prepare(Prepare(ballot: ballot, firstOpen: Slot(6))),
        .promise(
            Promise(
                ballot: ballot, part: 0, parts: 1, chosenThrough: Slot(5), floor: .zero,
                scope: PromiseScope(firstOpen: Slot(6), attempt: 1, from: Slot(6), through: .maximum),
                accepted: votes)),
        .accept(Accept(ballot: ballot, slot: Slot(7), proposal: proposal, chosenThrough: Slot(6))),
        .accepted(Accepted(ballot: ballot, from: Slot(6), through: Slot(7))),
        .rejection(Rejection(ballot: ballot, promised: ballot)),
        .heartbeat(Heartbeat(ballot: ballot, round: 8, chosenThrough: Slot(7))),
        .heartbeat(
            Heartbeat(
                ballot: ballot, round: 8, chosenThrough: Slot(7),
                checkpoint: StateCheckpoint(
                    slot: Slot(65_536), chain: Digest(rawValue: 1), state: Digest(rawValue: 2)))),
        .heartbeatReply(HeartbeatReply(ballot: ballot, round: 8, executedThrough: Slot(7))),
        .fetch(Fetch(from: Slot(6), through: Slot(7))),
        .decisions(Decisions(decided: votes, chosenThrough: Slot(7))),
        .handover(Handover(ballot: ballot)),
        .heartbeat(
            Heartbeat(
                ballot: ballot, round: 8, chosenThrough: Slot(7),
                witnesses: [
                    NodeWitness(node: NodeID(1), store: StoreID(rawValue: 44), persistSequence: 55),
                    NodeWitness(
                        node: NodeID(2), store: StoreID(rawValue: 22), persistSequence: 33,
                        seen: SeenStart(start, isVoting: true)),
                ])),
        .snapshotOffer(SnapshotOffer(header: header, chosenThrough: Slot(7))),
        .fetchSnapshot(FetchSnapshot(header: header, from: 1)),
        .snapshotChunk(SnapshotChunk(header: header, index: 1, bytes: [1, 2, 3])),
    ]

    /// Of two chunks, the second of three bytes.
    private static let header = SnapshotHeader(
        slot: Slot(5), chain: Digest(rawValue: 1), byteCount: UInt64(SnapshotHeader.chunkBytes) + 3,
        digest: Digest(rawValue: 2))

    private static let configuration = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])

    private static let welcome = Welcome(
        cluster: "bank", genesis: Digest(rawValue: 11),
        groups: [Welcome.Group(id: .first, kind: "bank", genesis: configuration)])

    private static let requests: [ClientRequest] = [
        .openSession,
        .command(
            session: SessionID(rawValue: 1 << 20), sequence: 2, firstUnacknowledged: 1, payload: [1, 2]),
        .query(payload: [17], consistency: .linearizable),
        .admin(
            .change(
                .add(
                    node: nil, role: .joining(replacing: NodeID(2)), store: StoreID(rawValue: 22),
                    address: "node-4:7101"))),
        .admin(.change(.promote(NodeID(4)))), .admin(.change(.remove(NodeID(2)))),
        .admin(.change(.move(NodeID(3), address: "node-3:7102"))), .admin(.transferLead(to: NodeID(3))),
        .admin(.takeSnapshot), .admin(.describeLog), .admin(.readSlots(from: Slot(6))),
        .admin(.tail(from: Slot(6), waitingTicks: 200)),
        .admin(.readChunks(header, from: 1)),
    ]

    private static let responses: [ClientResponse] = [
        .opened(SessionID(rawValue: 1 << 20)),
        .executed(.rejected("insufficient funds"), LogPosition(slot: Slot(7), index: 1)),
        .answered(.ok([9]), executedThrough: Slot(7), consistency: .stale),
        .notLeader(leader: NodeID(3)), .busy, .leadershipLost(leader: nil), .sessionExpired,
        .alreadyAcknowledged, .refused(.outsideWindow), .refused(.gone),
        .admin(.changed(ConfigurationOutcome(node: NodeID(4), from: Slot(263)))),
        .admin(.changeRefused(.changeInFlight)), .admin(.handedOver(to: NodeID(3))),
        .admin(.takingSnapshot(through: Slot(7))),
        .admin(
            .described(
                LogDescription(
                    configuration: configuration, floor: Slot(5), chosenThrough: Slot(7),
                    chain: Digest(rawValue: 1), snapshot: header))),
        .admin(
            .executed(
                ExecutedSlots(
                    decided: votes, unexecuted: [LogPosition(slot: Slot(6), index: 1)],
                    chosenThrough: Slot(7)))),
        .admin(.logBegins(at: Slot(6))), .admin(.slots(votes, chosenThrough: Slot(7))),
        .admin(.chunks([[1], [2, 3]])),
    ]
}
