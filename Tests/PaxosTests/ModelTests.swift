import Paxos
import Testing

@Suite struct ByteReaderTests {
    @Test func readsWhatWasAppended() {
        var bytes: [UInt8] = []
        bytes.appendInteger(UInt8(0x01))
        bytes.appendInteger(UInt16(0x0203))
        bytes.appendInteger(UInt32(0x0405_0607))
        bytes.appendInteger(UInt64(0x0809_0a0b_0c0d_0e0f))
        bytes.appendInteger(Int64.min)
        #expect(
            bytes == [
                1, 3, 2, 7, 6, 5, 4, 0xf, 0xe, 0xd, 0xc, 0xb, 0xa, 9, 8, 0, 0, 0, 0, 0, 0, 0, 0x80,
            ])
        var reader = ByteReader(([0xee] + bytes + [7, 8]).dropFirst())
        #expect(reader.readInteger(UInt8.self) == 1)
        #expect(reader.readInteger(UInt16.self) == 0x0203)
        #expect(reader.readInteger(UInt32.self) == 0x0405_0607)
        #expect(reader.readInteger(UInt64.self) == 0x0809_0a0b_0c0d_0e0f)
        #expect(reader.readInteger(Int64.self) == .min)
        #expect(!reader.isAtEnd)
        #expect(reader.readBytes(2) == [7, 8])
        #expect(reader.isAtEnd)
        #expect(reader.readBytes(0) == [])
    }

    @Test func answersNilWhereTooFewAreLeftAndTakesNothing() {
        var reader = ByteReader([1, 2, 3])
        #expect(reader.readInteger(UInt64.self) == nil)
        #expect(reader.readInteger(Int64.self) == nil)
        #expect(reader.readInteger(UInt32.self) == nil)
        #expect(reader.readBytes(4) == nil)
        #expect(reader.readBytes(-1) == nil)
        #expect(reader.readBytes(.max) == nil)
        #expect(reader.rest == [1, 2, 3])
        #expect(reader.readInteger(UInt16.self) == 0x0201)
        #expect(reader.readInteger(UInt16.self) == nil)
        #expect(reader.readInteger(UInt8.self) == 3)
        #expect(reader.readInteger(UInt8.self) == nil)
    }
}

@Suite struct BallotTests {
    @Test func ordersByRoundThenByNode() {
        let ballots = [
            Ballot.zero, Ballot(round: 1, node: NodeID(1)), Ballot(round: 1, node: NodeID(32_767)),
            Ballot(round: 2, node: NodeID(1)), Ballot(round: Ballot.maximumRound, node: NodeID(32_767)),
        ]
        #expect(ballots.shuffled().sorted() == ballots)
    }

    @Test func aNodesNextIsAboveEveryBallotOfTheRound() {
        let ballot = Ballot(round: 7, node: NodeID(32_767))
        let next = ballot.next(for: NodeID(1))
        #expect(next > ballot)
        #expect(next.round == 8)
        #expect(next.node == NodeID(1))
        #expect(Ballot.zero.next(for: NodeID(3)) == Ballot(round: 1, node: NodeID(3)))
    }

    @Test func isAPositiveInteger() {
        let largest = Ballot(round: Ballot.maximumRound, node: NodeID(NodeID.maximum))
        #expect(Int64(exactly: largest.rawValue) != nil)
        #expect(Ballot(round: 3, node: NodeID(2)).rawValue == 3 << 16 | 2)
        #expect(Ballot(round: 3, node: NodeID(2)).description == "3.2")
    }

    @Test(arguments: [0, 1 << 16 | 1, 3 << 16 | 32_767, Ballot.maximumRound << 16 | 1] as [UInt64])
    func isRead(_ raw: UInt64) { #expect(Ballot(rawValue: raw)?.rawValue == raw) }

    /// No round, no node, a node too high, a round too high.
    @Test(arguments: [1, 1 << 16, 1 << 16 | 0x8000, 1 << 62 | 1, .max] as [UInt64])
    func isNone(_ raw: UInt64) { #expect(Ballot(rawValue: raw) == nil) }

    @Test func zeroIsNobodys() {
        #expect(Ballot.zero.node == nil)
        #expect(Ballot.zero.round == 0)
    }
}

@Suite struct SlotTests {
    @Test func countsFromZeroThroughTheMaximum() {
        #expect(Slot(rawValue: 1 << 44) == nil)
        #expect(Slot(rawValue: (1 << 44) - 1) == Slot.maximum)
        #expect(Slot.zero.next == Slot(1))
        #expect(Slot(1).previous == Slot.zero)
        #expect(Slot.zero.previous == Slot.zero)
        #expect(Slot(3).distance(to: Slot(1)) == -2)
        #expect(Slot(3).advanced(by: -2) == Slot(1))
        #expect((Slot(2)...Slot(4)).map(\.rawValue) == [2, 3, 4])
    }

    @Test func positionsAreInLogOrder() {
        let positions = [
            LogPosition(slot: Slot(1), index: 0), LogPosition(slot: Slot(1), index: 9),
            LogPosition(slot: Slot(2), index: 0),
        ]
        #expect(positions.shuffled().sorted() == positions)
        #expect(positions[1].description == "1.9")
    }

    @Test func aSessionIsNamedByThePositionThatOpenedIt() {
        let session = SessionID(openedAt: LogPosition(slot: Slot(5), index: 7))
        #expect(session.rawValue == 5 << 20 | 7)
        #expect(session.description == "5.7")
    }
}

@Suite struct ConfigurationTests {
    static let configurations = [
        Configuration(voters: [NodeID(1)], version: .first),
        Configuration(
            voters: [NodeID(3), NodeID(1), NodeID(32_767)], alpha: 1, sessionLimit: 2, sessionWindow: 3),
        Configuration(
            voters: (1...9).map { NodeID($0) }, alpha: .max, sessionLimit: .max, sessionWindow: .max,
            replyBytes: .max),
    ]

    @Test(arguments: configurations) func isReadAsItWasWritten(_ configuration: Configuration) {
        #expect(Configuration(bytes: configuration.bytes) == configuration)
    }

    @Test(arguments: configurations) func everyOtherLengthIsNone(_ configuration: Configuration) {
        for count in 0..<configuration.bytes.count {
            #expect(Configuration(bytes: Array(configuration.bytes.prefix(count))) == nil)
        }
        #expect(Configuration(bytes: configuration.bytes + [0]) == nil)
    }

    /// Version, a limit of zero, voters: none, ten, descending, twice the same, node 0.
    @Test(
        arguments: [
            (0, [2]), (1, [0, 0, 0, 0]), (5, [0, 0, 0, 0]), (9, [0, 0, 0, 0]),
            (13, [0, 0, 0, 0, 0, 0, 0, 0]), (21, [0, 0]), (21, [10, 0]), (23, [4, 0]), (23, [2, 0]),
            (23, [0, 0]), (25, [0, 0x80]),
        ] as [(Int, [UInt8])])
    func isNone(_ place: Int, _ bytes: [UInt8]) {
        var configuration = Configuration(voters: [NodeID(1), NodeID(2)], version: .first).bytes
        #expect(configuration.count == 27)
        configuration.replaceSubrange(place..<place + bytes.count, with: bytes)
        #expect(Configuration(bytes: configuration) == nil)
    }

    @Test func theOrderOfVotersDoesNotShow() {
        let one = Configuration(voters: [NodeID(2), NodeID(1)])
        #expect(one.bytes == Configuration(voters: [NodeID(1), NodeID(2)]).bytes)
        #expect(one.index(of: NodeID(2)) == 1)
        #expect(one.index(of: NodeID(3)) == nil)
    }

    @Test(arguments: zip(1...9, [1, 2, 2, 3, 3, 4, 4, 5, 5]))
    func anyTwoQuorumsMeet(_ voters: Int, _ quorum: Int) {
        let configuration = Configuration(voters: (1...voters).map { NodeID(UInt16($0)) })
        #expect(configuration.quorumSize == quorum)
    }
}

/// Invariant 6 (QuorumExact).
@Suite struct QuorumTests {
    @Test func aVoterCountsOnceAndAStrangerNever() {
        let configuration = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])
        var quorum = Quorum()
        #expect(quorum.add(NodeID(2), of: configuration) == true)
        #expect(quorum.add(NodeID(2), of: configuration) == false)
        #expect(quorum.add(NodeID(4), of: configuration) == false)
        #expect(quorum.count == 1)
        #expect(!quorum.isReached(in: configuration))
        #expect(quorum.add(NodeID(3), of: configuration) == true)
        #expect(quorum.isReached(in: configuration))
        #expect(!quorum.contains(index: 0) && quorum.contains(index: 1) && quorum.contains(index: 2))
    }
}

@Suite struct ProposalTests {
    static let entries: [Entry] = [
        .openSession,
        .command(
            session: SessionID(rawValue: 1 << 20), sequence: 1, firstUnacknowledged: 1, payload: [1, 2, 3]),
        .command(session: SessionID(rawValue: .max), sequence: .max, firstUnacknowledged: 0, payload: []),
        .openSession,
    ]

    static var batch: Proposal {
        var builder = ProposalBuilder()
        for entry in entries { builder.append(entry) }
        return builder.build()
    }

    @Test func aBatchIsReadAsItWasBuilt() {
        var sequence = Self.batch.entries
        var read: [Entry] = []
        while let entry = sequence.next() { read.append(entry) }
        #expect(read == Self.entries)
        #expect(!sequence.isMalformed)
    }

    @Test func aBuilderCountsAndStartsAgain() {
        var builder = ProposalBuilder()
        #expect(builder.isEmpty)
        builder.append(Self.entries[1])
        #expect(builder.count == 1)
        #expect(builder.byteCount == 1 + ProposalBuilder.commandOverheadBytes + 3)
        let proposal = builder.build()
        #expect(proposal.bytes.count == 33)
        #expect(builder.isEmpty)
        #expect(Array(builder.build().entries) == [])
    }

    @Test func aNoOpHasNoEntries() {
        #expect(Proposal.noOp.isNoOp)
        #expect(!Self.batch.isNoOp)
        #expect(Array(Proposal.noOp.entries).isEmpty)
    }

    @Test func bytesMustMatchTheirDigest() {
        let batch = Self.batch
        #expect(Proposal(bytes: batch.bytes, digest: batch.digest) == batch)
        #expect(Proposal(bytes: batch.bytes, digest: Digest(rawValue: batch.digest.rawValue ^ 1)) == nil)
        #expect(Proposal(bytes: [], digest: Digest(of: [])) == nil)
        for place in batch.bytes.indices {
            var bytes = batch.bytes
            bytes[place] ^= 0x10
            #expect(Proposal(bytes: bytes, digest: batch.digest) == nil)
        }
    }

    @Test func aBatchCutShortIsMalformedWhereAnEntryWasCut() {
        let bytes = Self.batch.bytes
        let ends = [1, 2, 34, 63, 64]
        #expect(ends.last == bytes.count)
        for count in 1...bytes.count {
            var sequence = Proposal(bytes: Array(bytes.prefix(count))).entries
            var read = 0
            while sequence.next() != nil { read += 1 }
            #expect(read == ends.lastIndex { $0 <= count })
            #expect(sequence.isMalformed == !ends.contains(count))
        }
    }

    @Test func anUnknownKindEndsTheBatch() {
        var sequence = Proposal(bytes: [1, 0, 2, 0]).entries
        #expect(sequence.next() == .openSession)
        #expect(sequence.next() == nil)
        #expect(sequence.isMalformed)
        #expect(sequence.next() == nil)
    }

    @Test func aLengthBeyondTheEndIsMalformed() {
        let header: [UInt8] = [1, 1] + Array(repeating: 0, count: 24)
        var sequence = Proposal(bytes: header + [0xff, 0xff, 0xff, 0xff, 1, 2, 3]).entries
        #expect(sequence.next() == nil)
        #expect(sequence.isMalformed)
    }
}
