import DecreeWire
import NIOCore
import Paxos
import Testing

/// Nodes are upgraded one by one: in between, one that speaks versions 1 and 2 talks with one that speaks only the
/// first, and neither may send what the other takes for damage.
@Suite struct VersionTests {
    @Test(arguments: VersionOneFrames.all)
    func versionOneIsWrittenAsItWas(_ golden: VersionOneFrames.Golden) throws {
        #expect(try Array(Samples.encoded(golden.frame, version: 1).readableBytesView) == golden.bytes)
    }

    @Test(arguments: VersionOneFrames.all)
    func versionOneIsReadAsItWas(_ golden: VersionOneFrames.Golden) throws {
        var decoder = FrameDecoder(for: golden.frame, version: 1)
        decoder.append(ByteBuffer(bytes: golden.bytes))
        #expect(try decoder.next() == golden.frame)
        try decoder.finish()
    }

    @Test func everyFrameOfVersionOneHasItsBytesKept() {
        // Protocol and type of each; the handshake's two, 12 between nodes, 4 of clients.
        let kinds = Set(VersionOneFrames.all.map { Array($0.bytes[12..<14]) })
        #expect(kinds.count == 18)
    }

    static let added: [(old: Message, new: Message)] = [
        (
            .preVote(PreVote(ballot: Samples.lowBallot)),
            .preVote(PreVote(ballot: Samples.lowBallot, chosenThrough: Slot(9)))
        ),
        (
            .preVoteReply(PreVoteReply(ballot: Samples.lowBallot, isGranted: true, promised: .zero)),
            .preVoteReply(
                PreVoteReply(
                    ballot: Samples.lowBallot, isGranted: true, promised: .zero, chosenThrough: Slot(9)))
        ),
        (
            .heartbeat(Heartbeat(ballot: Samples.lowBallot, round: 1, chosenThrough: Slot(9))),
            .heartbeat(
                Heartbeat(
                    ballot: Samples.lowBallot, round: 1, chosenThrough: Slot(9), witnesses: Samples.witnesses)
            )
        ),
        (
            .heartbeatReply(
                HeartbeatReply(ballot: Samples.lowBallot, round: 1, executedThrough: Slot(9))),
            .heartbeatReply(
                HeartbeatReply(
                    ballot: Samples.lowBallot, round: 1, executedThrough: Slot(9), commitMicroseconds: 250,
                    abstainThrough: Slot(12)))
        ),
    ]

    private func peer(_ message: Message) -> Frame {
        .peer(PeerFrame(group: .first, persistSequence: 3, message: message))
    }

    @Test(arguments: VersionTests.added.indices)
    func whatVersionOneDoesNotKnowIsLeftOut(_ index: Int) throws {
        let (old, new) = Self.added[index]
        let short = try Samples.encoded(peer(new), version: 1)
        #expect(try short == Samples.encoded(peer(old), version: 1))
        var decoder = FrameDecoder(expectsHandshake: false, version: 1)
        decoder.append(short)
        #expect(try decoder.next() == peer(old))

        // Taken for the other version, either is refused and neither is guessed at.
        var newer = FrameDecoder.behindHandshake
        newer.append(short)
        #expect(throws: WireError.self) { try newer.next() }
        var older = FrameDecoder(expectsHandshake: false, version: 1)
        older.append(try Samples.encoded(peer(new), version: 2))
        #expect(throws: WireError.self) { try older.next() }
    }

    static let unknownToVersionOne: [Frame] =
        Samples.snapshots.map { .peer(PeerFrame(group: .first, persistSequence: 3, message: $0)) }
        + Samples.changes.map { .client(.request(id: 1, group: .first, .admin(.change($0)))) }
        + Samples.questions.map { .client(.request(id: 1, group: .first, .admin($0))) }
        + Samples.answers.map { .client(.response(id: 1, .admin($0))) }
        + [.noSuccessor, .gone, .noSnapshot].map { .client(.response(id: 1, .refused($0))) }
        + Samples.welcomes.map { .client(.welcome(id: 1, $0)) } + [.client(.join(id: 1))]

    @Test(arguments: VersionTests.unknownToVersionOne)
    func whatVersionOneLacksIsNeitherWrittenNorRead(_ frame: Frame) throws {
        var buffer = ByteBuffer(string: "before")
        #expect(try !frame.write(version: 1, into: &buffer))
        #expect(buffer == ByteBuffer(string: "before"))

        var decoder = FrameDecoder(expectsHandshake: false, version: 1)
        decoder.append(try Samples.encoded(frame))
        #expect(throws: WireError.self) { try decoder.next() }
    }

    static let unknownToVersionTwo: [Frame] =
        Samples.tails.map { .client(.request(id: 1, group: .first, .admin($0))) }
        + Samples.tailAnswers.map { .client(.response(id: 1, .admin($0))) }

    @Test(arguments: VersionTests.unknownToVersionTwo)
    func whatVersionTwoLacksIsNeitherWrittenNorRead(_ frame: Frame) throws {
        var buffer = ByteBuffer()
        #expect(try !frame.write(version: 2, into: &buffer) && buffer.readableBytes == 0)
        var decoder = FrameDecoder(expectsHandshake: false, version: 2)
        decoder.append(try Samples.encoded(frame))
        #expect(throws: WireError.self) { try decoder.next() }
    }

    /// Neither is a batch of commands for one that speaks version 2.
    @Test(
        arguments: [
            .request(
                id: 1, group: .first,
                .batch(
                    session: SessionID(rawValue: 1), sequence: 1, firstUnacknowledged: 1,
                    payload: CommandBatch([[1]]).bytes[...])), .response(id: 1, .refused(.malformedBatch)),
        ] as [ClientFrame])
    func whatVersionTwoLacksIsNeitherWrittenNorRead(_ frame: ClientFrame) throws {
        var buffer = ByteBuffer()
        #expect(try !frame.write(version: 2, into: &buffer))
        var decoder = FrameDecoder(expectsHandshake: false, version: 2)
        decoder.append(try Samples.encoded(.client(frame), version: 3))
        #expect(throws: WireError.self) { try decoder.next() }
    }

    /// A peer of version 3 neither says nor is told which question a promise answers.
    @Test(arguments: Samples.promises + [.prepare(Prepare(ballot: Samples.lowBallot, firstOpen: Slot(3)))])
    func whatVersionThreeDoesNotKnowIsLeftOut(_ message: Message) throws {
        let old: Message =
            switch message {
            case .promise(let promise):
                .promise(
                    Promise(
                        ballot: promise.ballot, part: promise.part, parts: promise.parts,
                        chosenThrough: promise.chosenThrough, floor: promise.floor, accepted: promise.accepted
                    ))
            default: message
            }
        let short = try Samples.encoded(peer(message), version: 3)
        #expect(try short == Samples.encoded(peer(old), version: 2))
        var decoder = FrameDecoder(expectsHandshake: false, version: 3)
        decoder.append(short)
        #expect(try decoder.next() == peer(old))
        var newer = FrameDecoder.behindHandshake
        newer.append(short)
        #expect(throws: WireError.self) { try newer.next() }
        var older = FrameDecoder(expectsHandshake: false, version: 3)
        older.append(try Samples.encoded(peer(message)))
        #expect(throws: WireError.self) { try older.next() }
    }

    /// What nodes say of nodes is for those that know of starts.
    @Test(arguments: Samples.nodeFrames)
    func whatVersionThreeLacksIsNeitherWrittenNorRead(_ frame: Frame) throws {
        var buffer = ByteBuffer()
        #expect(try !frame.write(version: 3, into: &buffer) && buffer.readableBytes == 0)
        var decoder = FrameDecoder(expectsHandshake: false, version: 3)
        decoder.append(try Samples.encoded(frame))
        #expect(throws: WireError.self) { try decoder.next() }
    }

    /// What version 3 says of other nodes' stores names no start of them.
    @Test func versionThreeKnowsNoStarts() throws {
        func heartbeat(_ witnesses: [NodeWitness]) -> Frame {
            peer(
                .heartbeat(
                    Heartbeat(
                        ballot: Samples.lowBallot, round: 1, chosenThrough: Slot(9), witnesses: witnesses)))
        }
        let short = try Samples.encoded(heartbeat(Samples.startedWitnesses), version: 3)
        var decoder = FrameDecoder(expectsHandshake: false, version: 3)
        decoder.append(short)
        let without = Samples.startedWitnesses.map {
            NodeWitness(node: $0.node, store: $0.store, persistSequence: $0.persistSequence)
        }
        #expect(try decoder.next() == heartbeat(without))

        var hello = Hello(from: Samples.started, to: NodeID(3), witnessed: nil)
        hello.maximumVersion = 3
        var greeted = FrameDecoder()
        greeted.append(try Samples.encoded(.hello(hello)))
        guard case .hello(let read) = try greeted.next() else {
            Issue.record("it is no hello")
            return
        }
        #expect(read.starts == [] && !read.isVoting)
        let reply = HelloReply.admitted(Admission(version: 3, identity: Samples.started, witnessed: nil))
        var answered = FrameDecoder()
        answered.append(try Samples.encoded(.helloReply(reply)))
        #expect(
            try answered.next()
                == .helloReply(
                    .admitted(Admission(version: 3, identity: Samples.identity, witnessed: nil))))
    }

    @Test(arguments: Samples.hellos)
    func versionOneReadsALaterHello(_ frame: Frame) throws {
        guard case .hello(let hello) = frame else { return }
        let read = try #require(HelloOfVersionOne(Samples.encoded(frame)))
        #expect(read.maximumVersion == WireVersion.maximum)
        #expect(read.node == hello.node?.rawValue ?? 0)
        #expect(read.store == hello.store?.rawValue)
        #expect(read.witnessedStore == hello.witnessed?.store.rawValue)
        #expect(read.cluster == hello.cluster)
    }

    @Test func theHelloOfVersionOneHasNoAddress() throws {
        var hello = Hello(from: Samples.identity, to: NodeID(3), witnessed: nil, address: "host:1")
        hello.maximumVersion = 1
        let bytes = try Samples.encoded(.hello(hello))
        hello.address = ""
        #expect(try bytes == Samples.encoded(.hello(hello)))
        #expect(try #require(HelloOfVersionOne(bytes)).maximumVersion == 1)
    }

    @Test func aClientHasNoAddress() throws {
        var hello = Hello(clientOf: "bank")
        let bytes = try Samples.encoded(.hello(hello))
        hello.maximumVersion = 1
        #expect(try bytes.readableBytes == Samples.encoded(.hello(hello)).readableBytes)
    }

    @Test func bothWaysTheOlderVersionIsSpoken() throws {
        let called = NodeIdentity(
            cluster: "bank", genesis: Digest(rawValue: 11), node: NodeID(3), store: StoreID(rawValue: 23),
            persistSequence: 1)
        let hello = Hello(from: Samples.identity, to: NodeID(3), witnessed: nil, address: "host:1")
        var old = hello
        old.maximumVersion = 1
        let standing = Handshake.Standing.member(store: nil)
        let answer = Handshake.answer(to: old, as: called, witnessed: nil, standing: standing)
        #expect(answer.verdict == .admitted(version: 1))
        // An old node answers with version 1, whatever the hello goes up to.
        let reply = HelloReply.admitted(Admission(version: 1, identity: called, witnessed: nil))
        #expect(answer.reply == reply)
        #expect(Handshake.judge(reply, to: hello, as: Samples.identity) == .admitted(version: 1))
        #expect(
            Handshake.answer(to: hello, as: called, witnessed: nil, standing: standing).verdict
                == .admitted(version: WireVersion.maximum))
    }

    @Test func theVersionHoldsForTheNextFrameOfTheSameBytes() throws {
        let heartbeat = peer(Self.added[2].new)
        var stream = try Samples.encoded(Samples.hellos[3])
        try heartbeat.write(version: 2, into: &stream)
        var decoder = FrameDecoder()
        decoder.append(stream)
        #expect(try decoder.next() == Samples.hellos[3])
        decoder.version = 2
        #expect(try decoder.next() == heartbeat)
    }
}

/// A hello as the first version read it, step by step; nil where it would have refused it.
private struct HelloOfVersionOne {
    let maximumVersion: UInt16
    let node: UInt16
    let store: UInt64?
    let witnessedStore: UInt64?
    let cluster: String

    init?(_ frame: ByteBuffer) {
        var body = frame
        body.moveReaderIndex(forwardBy: FrameHeader.bytes)
        guard body.readableBytes <= 2_048, body.readInteger(as: UInt64.self) == 0x4445_4352_4545_0D0A,
            body.readInteger(endianness: .little, as: UInt16.self) == 1,
            let maximumVersion = body.readInteger(endianness: .little, as: UInt16.self),
            let role = body.readInteger(as: UInt8.self), role == 1 || role == 2
        else { return nil }
        func optional() -> UInt64?? {
            switch body.readInteger(as: UInt8.self) {
            case 0: .some(nil)
            case 1: body.readInteger(endianness: .little, as: UInt64.self).map { .some($0) }
            default: nil
            }
        }
        guard let genesis = optional(), let node = body.readInteger(endianness: .little, as: UInt16.self),
            body.readInteger(endianness: .little, as: UInt16.self) != nil, let store = optional(),
            body.readInteger(endianness: .little, as: UInt64.self) != nil, let witnessedStore = optional()
        else { return nil }
        if witnessedStore != nil {
            guard body.readInteger(endianness: .little, as: UInt64.self) != nil else { return nil }
        }
        guard let length = body.readInteger(endianness: .little, as: UInt16.self), length <= 255,
            let cluster = body.readString(length: Int(length))
        else { return nil }
        guard role == 2 || (genesis != nil && node != 0 && store != nil) else { return nil }
        // "A newer build may have more to say": the first version skipped what was left, from a newer one alone.
        guard maximumVersion > 1 || body.readableBytes == 0 else { return nil }
        self.maximumVersion = maximumVersion
        self.node = node
        self.store = store
        self.witnessedStore = witnessedStore
        self.cluster = cluster
    }
}
