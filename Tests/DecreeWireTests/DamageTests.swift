import DecreeWire
import NIOCore
import Paxos
import Testing

@Suite struct DamageTests {
    @Test(arguments: Samples.handshakes + Samples.afterHandshake)
    func aFrameCutShortIsIncompleteAndAnErrorOnlyAtTheEnd(_ frame: Frame) throws {
        let whole = try Samples.encoded(frame)
        for length in 0..<whole.readableBytes {
            var decoder = FrameDecoder(for: frame)
            decoder.append(try #require(whole.getSlice(at: 0, length: length)))
            #expect(try decoder.next() == nil)
            if length == 0 {
                try decoder.finish()
            } else {
                #expect(throws: WireError.truncated(haveBytes: length)) { try decoder.finish() }
            }
        }
    }

    @Test(arguments: Samples.handshakes + Samples.afterHandshake)
    func noFlippedBitIsAccepted(_ frame: Frame) throws {
        let whole = try Samples.encoded(frame)
        for bit in 0..<whole.readableBytes * 8 {
            var damaged = whole
            let byte = try #require(damaged.getInteger(at: bit / 8, as: UInt8.self))
            damaged.setInteger(byte ^ 1 << UInt8(bit % 8), at: bit / 8)
            // More bytes behind it, so that a length made longer finds what it asks for.
            damaged.writeImmutableBuffer(whole)
            for expectsHandshake in [false, true] {
                var decoder = FrameDecoder(expectsHandshake: expectsHandshake, version: WireVersion.maximum)
                decoder.append(damaged)
                if let accepted = try? decoder.next() {
                    Issue.record("bit \(bit) flipped gives \(accepted)")
                }
            }
        }
    }

    /// With a sound checksum, as a programming error in another version would send it: the body of one
    /// type under another, and a body that is too short or too long.
    @Test(arguments: Samples.afterHandshake)
    func noBodyOfAWrongLengthIsAccepted(_ frame: Frame) throws {
        let whole = try Samples.encoded(frame)
        for length in FrameHeader.bytes..<whole.readableBytes {
            var decoder = FrameDecoder.behindHandshake
            decoder.append(Tampering.resealed(try #require(whole.getSlice(at: 0, length: length))))
            #expect(throws: WireError.self) { try decoder.next() }
        }
        var longer = whole
        longer.writeInteger(UInt8(0))
        var decoder = FrameDecoder.behindHandshake
        decoder.append(Tampering.resealed(longer))
        #expect(throws: WireError.self) { try decoder.next() }
    }

    @Test func whatIsUnknownIsNamed() {
        let unknown: [(ByteBuffer, WireError)] = [
            (Tampering.frame(proto: 4, type: 1, body: []), .unknownProtocol(4)),
            (Tampering.frame(proto: 0, type: 3, group: 0, body: []), .unknownType(.handshake, 3)),
            (Tampering.frame(proto: 0, type: 1, group: 1, body: []), .malformed("a handshake names a group")),
            (Tampering.frame(proto: 1, type: 0, body: []), .unknownType(.peer, 0)),
            (Tampering.frame(proto: 1, type: 16, body: []), .unknownType(.peer, 16)),
            (Tampering.frame(proto: 2, type: 8, body: []), .unknownType(.client, 8)),
            (
                Tampering.frame(proto: 2, type: 3, reserved: 1, group: 0, body: []),
                .malformed("the reserved bytes are not zero")
            ),
            (Tampering.frame(proto: 1, type: 1, group: 0, body: []), .malformed("0 is no group")),
            (Tampering.frame(proto: 1, type: 1, group: 1 << 19, body: []), .malformed("524288 is no group")),
            (
                Tampering.frame(proto: 2, type: 3, group: 1, body: []),
                .malformed("only a request names a group")
            ),
        ]
        for (frame, error) in unknown {
            var decoder = FrameDecoder.behindHandshake
            decoder.append(frame)
            #expect(throws: error) { try decoder.next() }
            decoder.append(frame)
            #expect(throws: error, "a decoder that threw stays that way") { try decoder.next() }
            #expect(decoder.bufferedBytes == 0, "and keeps nothing that it will not read")
        }
    }

    @Test func aLengthOverTheLimitIsRefusedAtItsFourthByte() throws {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt32(16 + WireLimit.bodyBytes + 1), endianness: .little)
        var decoder = FrameDecoder.behindHandshake
        decoder.append(try #require(buffer.getSlice(at: 0, length: 3)))
        #expect(try decoder.next() == nil)
        decoder.append(try #require(buffer.getSlice(at: 3, length: 1)))
        #expect(
            throws: WireError.oversized(
                "a frame's body", bytes: WireLimit.bodyBytes + 1, limitBytes: WireLimit.bodyBytes)
        ) { try decoder.next() }
    }

    @Test func aCountIsJudgedByTheBytesThatFollow() {
        // A decisions message: persist sequence, bytes sent, chosenThrough, then four billion votes of no bytes.
        let body = [UInt8](repeating: 0, count: 24) + [255, 255, 255, 255]
        var decoder = FrameDecoder.behindHandshake
        decoder.append(Tampering.frame(proto: 1, type: 11, body: body))
        #expect(
            throws: WireError.malformed(
                "the number of votes counts 4294967295, too many for the 0 bytes that follow")
        ) { try decoder.next() }
    }

    /// Slot 0 stands for none, and none has no digests: two frames that say the same are the same bytes.
    @Test func aCheckpointOfNoSlotHasNoDigests() throws {
        let heartbeat = Heartbeat(ballot: Samples.lowBallot, round: 1, chosenThrough: .zero)
        var buffer = try Samples.encoded(
            .peer(PeerFrame(group: .first, persistSequence: 0, message: .heartbeat(heartbeat))))
        // Behind it stands how many witnesses there are.
        buffer.setInteger(UInt8(1), at: buffer.writerIndex - 2)
        var decoder = FrameDecoder.behindHandshake
        decoder.append(Tampering.resealed(buffer))
        #expect(throws: WireError.malformed("a checkpoint of no slot")) { try decoder.next() }
    }

    @Test func whatIsOverALimitIsNeverWritten() throws {
        var buffer = ByteBuffer(string: "before")
        let payload = [UInt8](repeating: 0, count: WireLimit.payloadBytes + 1)[...]
        let large = Samples.proposal(payloadBytes: WireLimit.payloadBytes)
        let vote = AcceptedProposal(slot: Slot(1), ballot: Samples.lowBallot, proposal: large)
        let votes = (1...4).map {
            AcceptedProposal(slot: Slot($0), ballot: vote.ballot, proposal: vote.proposal)
        }
        let frames: [Frame] = [
            .client(.request(id: 1, group: .first, .query(payload: payload, consistency: .stale))),
            .client(.statusResponse(id: 1, [UInt8](repeating: 0, count: WireLimit.bodyBytes))),
            .hello(Hello(clientOf: String(repeating: "x", count: 256))),
            .peer(
                PeerFrame(
                    group: .first, persistSequence: 0,
                    message: .decisions(Decisions(decided: votes, chosenThrough: Slot(4))))),
            .peer(
                PeerFrame(
                    group: .first, persistSequence: 0,
                    message: .accept(
                        Accept(
                            ballot: vote.ballot, slot: Slot(1),
                            proposal: Samples.proposal(payloadBytes: WireLimit.payloadBytes + 1),
                            chosenThrough: .zero)))),
        ]
        for frame in frames {
            #expect(throws: WireError.self) { try frame.write(version: WireVersion.maximum, into: &buffer) }
            #expect(buffer == ByteBuffer(string: "before"))
        }
    }

    @Test func aProposalThatDoesNotMatchItsDigestIsRefused() throws {
        let accept = Accept(
            ballot: Samples.lowBallot, slot: Slot(1), proposal: Samples.batch, chosenThrough: .zero)
        var buffer = try Samples.encoded(
            .peer(PeerFrame(group: .first, persistSequence: 0, message: .accept(accept))))
        buffer.setInteger(UInt8(99), at: buffer.writerIndex - 1)
        var decoder = FrameDecoder.behindHandshake
        decoder.append(Tampering.resealed(buffer))
        #expect(throws: WireError.malformed("a proposal is empty or does not match its digest")) {
            try decoder.next()
        }
    }

    @Test func rangesAndOrdersThatCannotBeAreRefused() throws {
        let votes = Samples.votes(2)
        let messages: [Message] =
            [
                .fetch(Fetch(from: Slot(2), through: Slot(1))),
                .fetch(Fetch(from: .zero, through: Slot(1))),
                .accepted(Accepted(ballot: Samples.lowBallot, from: Slot(2), through: Slot(1))),
                .preVote(PreVote(ballot: .zero)),
                .prepare(Prepare(ballot: Samples.lowBallot, firstOpen: .zero)),
                .decisions(Decisions(decided: votes.reversed(), chosenThrough: .zero)),
                .decisions(Decisions(decided: [votes[0], votes[0]], chosenThrough: .zero)),
                .promise(
                    Promise(
                        ballot: Samples.lowBallot, part: 1, parts: 1, chosenThrough: .zero, floor: .zero,
                        scope: Samples.scope(1, 1), accepted: [])),
                .promise(
                    Promise(
                        ballot: Samples.lowBallot, part: 0, parts: 1, chosenThrough: .zero, floor: .zero,
                        scope: Samples.scope(1, 1), accepted: votes.reversed())),
            ]
            + [Samples.scope(1, 2), Samples.scope(1, 1, through: 1), Samples.scope(3, 1)].map {
                .promise(
                    Promise(
                        ballot: Samples.lowBallot, part: 0, parts: 1, chosenThrough: .zero, floor: .zero,
                        scope: $0, accepted: votes))
            }
        for message in messages {
            var decoder = FrameDecoder.behindHandshake
            decoder.append(
                try Samples.encoded(.peer(PeerFrame(group: .first, persistSequence: 0, message: message))))
            #expect(throws: WireError.self, "\(message)") { try decoder.next() }
        }
    }
}
