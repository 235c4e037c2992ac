import DecreeWire
import NIOCore
import Paxos
import Testing

/// Frames as the first version of the protocol wrote them, byte for byte: taken from it before there was a second,
/// and never to be changed. What speaks version 1 with a node of the first release writes and reads these.
enum VersionOneFrames {
    /// A frame and the bytes it was.
    struct Golden: Sendable, CustomTestStringConvertible {
        let frame: Frame
        let hex: String

        var bytes: [UInt8] {
            let digits = hex.utf8.map { $0 < 58 ? $0 - 48 : $0 - 87 }
            return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        }

        var testDescription: String { frame.name }
    }

    static let all = (handshakes + messages + requests + responses).map(Golden.init)

    private static let ballot = Ballot(round: 2, node: NodeID(3))
    private static let other = Ballot(round: 4, node: NodeID(1))
    private static let proposal = Proposal(bytes: [1, 0])
    private static let votes = [
        AcceptedProposal(slot: Slot(6), ballot: ballot, proposal: .noOp),
        AcceptedProposal(slot: Slot(7), ballot: other, proposal: proposal),
    ]
    private static let identity = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 11), node: NodeID(2), store: StoreID(rawValue: 22),
        persistSequence: 33)
    private static let witness = Witness(store: StoreID(rawValue: 44), persistSequence: 55)

    private static func ofOne(_ hello: Hello) -> Frame {
        var hello = hello
        hello.maximumVersion = 1
        return .hello(hello)
    }

    private static func peer(_ message: Message) -> Frame {
        .peer(PeerFrame(group: GroupID(6), persistSequence: 7, message: message))
    }

    private static func request(_ request: ClientRequest) -> Frame {
        .client(.request(id: 8, group: GroupID(6), request))
    }

    private static func response(_ response: ClientResponse) -> Frame { .client(.response(id: 9, response)) }

    private static let handshakes: [(Frame, String)] = [
        (
            ofOne(Hello(clientOf: "")),
            "2e000000c286dcbddbcbec9a00010000000000004445435245450d0a01000100020000000000000000000000000000000000"
        ),
        (
            ofOne(Hello(clientOf: "bank")),
            "32000000d3a3f45f38f0548100010000000000004445435245450d0a0100010002000000000000000000000000000000040062616e6b"
        ),
        (
            ofOne(Hello(from: identity, to: NodeID(3), witnessed: nil)),
            "4200000099b7128e0c22e4d500010000000000004445435245450d0a0100010001010b0000000000000002000300011600000000000000210000000000000000040062616e6b"
        ),
        (
            ofOne(Hello(from: identity, to: NodeID(3), witnessed: witness)),
            "520000004706efbc16eeb7ec00010000000000004445435245450d0a0100010001010b00000000000000020003000116000000000000002100000000000000012c000000000000003700000000000000040062616e6b"
        ),
        (
            .helloReply(.admitted(Admission(version: 1, identity: identity, witnessed: nil))),
            "3c000000751a411c7853eff200020000000000004445435245450d0a0001000b0000000000000002001600000000000000210000000000000000040062616e6b"
        ),
        (
            .helloReply(.admitted(Admission(version: 1, identity: identity, witnessed: witness))),
            "4c000000688bde6f205c2c9100020000000000004445435245450d0a0001000b00000000000000020016000000000000002100000000000000012c000000000000003700000000000000040062616e6b"
        ),
        (
            .helloReply(.refused(.wrongNode, reason: "no such peer")),
            "27000000aee34af514bc980c00020000000000004445435245450d0a040c006e6f20737563682070656572"
        ),
    ]

    private static let messages: [(Frame, String)] = [
        (
            peer(.preVote(PreVote(ballot: ballot))),
            "200000006e062b177f96bf63010100000600000007000000000000000300020000000000"
        ),
        (
            peer(.preVoteReply(PreVoteReply(ballot: ballot, isGranted: true, promised: other))),
            "29000000b5de7c6b8e6804b4010200000600000007000000000000000300020000000000010100040000000000"
        ),
        (
            peer(.prepare(Prepare(ballot: ballot, firstOpen: Slot(5)))),
            "2800000064099d27b64417ea0103000006000000070000000000000003000200000000000500000000000000"
        ),
        (
            peer(
                .promise(
                    Promise(
                        ballot: ballot, part: 1, parts: 2, chosenThrough: Slot(5), floor: Slot(4),
                        accepted: votes
                    ))),
            "77000000fdbf55234776e1120104000006000000070000000000000003000200000000000100000002000000050000000000000004000000000000000200000006000000000000000300020000000000682705db4aa834e9010000000007000000000000000100040000000000f1577fbf1d628fdd020000000100"
        ),
        (
            peer(.accept(Accept(ballot: ballot, slot: Slot(6), proposal: proposal, chosenThrough: Slot(5)))),
            "3e00000049e794fdfea7f28901050000060000000700000000000000030002000000000006000000000000000500000000000000f1577fbf1d628fdd020000000100"
        ),
        (
            peer(.accepted(Accepted(ballot: ballot, from: Slot(6), through: Slot(7)))),
            "30000000eb3e57665cb6967f01060000060000000700000000000000030002000000000006000000000000000700000000000000"
        ),
        (
            peer(.rejection(Rejection(ballot: ballot, promised: other))),
            "2800000045611e64949b1c580107000006000000070000000000000003000200000000000100040000000000"
        ),
        (
            peer(.heartbeat(Heartbeat(ballot: ballot, round: 8, chosenThrough: Slot(5)))),
            "48000000f65174c81994c03401080000060000000700000000000000030002000000000008000000000000000500000000000000000000000000000000000000000000000000000000000000"
        ),
        (
            peer(
                .heartbeat(
                    Heartbeat(
                        ballot: ballot, round: 8, chosenThrough: Slot(65_540),
                        checkpoint: StateCheckpoint(
                            slot: Slot(65_536), chain: Digest(rawValue: 12), state: Digest(rawValue: 13))))),
            "4800000060c7e641edbfa0130108000006000000070000000000000003000200000000000800000000000000040001000000000000000100000000000c000000000000000d00000000000000"
        ),
        (
            peer(.heartbeatReply(HeartbeatReply(ballot: ballot, round: 8, executedThrough: Slot(5)))),
            "30000000a5b81c174899c04901090000060000000700000000000000030002000000000008000000000000000500000000000000"
        ),
        (
            peer(.fetch(Fetch(from: Slot(6), through: Slot(7)))),
            "28000000165c711464f9986a010a000006000000070000000000000006000000000000000700000000000000"
        ),
        (
            peer(.decisions(Decisions(decided: votes, chosenThrough: Slot(7)))),
            "5f00000097afde0f6f475c75010b000006000000070000000000000007000000000000000200000006000000000000000300020000000000682705db4aa834e9010000000007000000000000000100040000000000f1577fbf1d628fdd020000000100"
        ),
        (
            peer(.handover(Handover(ballot: ballot))),
            "20000000538e9a1bce5cd491010c00000600000007000000000000000300020000000000"
        ),
    ]

    private static let requests: [(Frame, String)] = [
        (request(.openSession), "1900000035118e8c4e2b54010201000006000000080000000000000000"),
        (
            request(
                .command(
                    session: SessionID(rawValue: 1 << 20), sequence: 2, firstUnacknowledged: 1,
                    payload: [1, 2, 3])
            ),
            "380000008a93ab6dfce1869e020100000600000008000000000000000100001000000000000200000000000000010000000000000003000000010203"
        ),
        (
            request(.query(payload: [17], consistency: .stale)),
            "1f0000002ee834883a25d9190201000006000000080000000000000002010100000011"
        ),
        (.client(.statusRequest(id: 10)), "180000005d2375f0ceda331502030000000000000a00000000000000"),
    ]

    private static let responses: [(Frame, String)] = [
        (
            response(.opened(SessionID(rawValue: 1 << 20))),
            "210000008149de256413a42b02020000000000000900000000000000000000100000000000"
        ),
        (
            response(.executed(.ok([9]), LogPosition(slot: Slot(7), index: 1))),
            "2b00000055a87056177e4c220202000000000000090000000000000001070000000000000001000000000100000009"
        ),
        (
            response(.answered(.rejected("no"), executedThrough: Slot(7), consistency: .linearizable)),
            "29000000716a9d910c811dc8020200000000000009000000000000000207000000000000000001020000006e6f"
        ),
        (
            response(.notLeader(leader: NodeID(3))),
            "1b000000e9436601ca0363cc02020000000000000900000000000000030300"
        ),
        (response(.busy), "19000000b0fcf39a99f5e5b20202000000000000090000000000000004"),
        (
            response(.leadershipLost(leader: nil)),
            "1b000000fd45e6df7f0a482a02020000000000000900000000000000050000"
        ),
        (response(.sessionExpired), "19000000e9e11dcce2524c280202000000000000090000000000000006"),
        (response(.alreadyAcknowledged), "19000000d7f02e27bb04608d0202000000000000090000000000000007"),
        (response(.refused(.tooLarge)), "1a000000637f7cd1a1ce10e0020200000000000009000000000000000801"),
        (response(.refused(.outsideWindow)), "1a000000bf95887d34ec8de4020200000000000009000000000000000802"),
        (response(.refused(.unknownGroup)), "1a000000996dbb66106a8407020200000000000009000000000000000803"),
        (
            .client(.statusResponse(id: 11, Array("{}".utf8))),
            "1e000000af4d9420d65d7aba02040000000000000b00000000000000020000007b7d"
        ),
    ]
}
