import DecreeWire
import NIOCore
import Paxos
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: Samples.handshakes + Samples.afterHandshake)
    func everyFrameComesBackAsItWas(_ frame: Frame) throws {
        var decoder = FrameDecoder(for: frame)
        decoder.append(try Samples.encoded(frame))
        #expect(try decoder.next() == frame)
        #expect(try decoder.next() == nil)
        #expect(decoder.bufferedBytes == 0)
        try decoder.finish()
    }

    @Test func theSampleOfChangedMembersIsOne() {
        #expect(Samples.changed.members.count == 2 && Samples.changed.isRetired(NodeID(3)))
    }

    @Test func framesShareABuffer() throws {
        var buffer = ByteBuffer(string: "already sent")
        buffer.moveReaderIndex(forwardBy: 8)
        buffer.moveReaderIndex(forwardBy: 4)
        for frame in Samples.afterHandshake { try frame.write(version: WireVersion.maximum, into: &buffer) }
        var decoder = FrameDecoder.behindHandshake
        decoder.append(buffer)
        #expect(try decoder.all() == Samples.afterHandshake)
    }

    @Test func theLayoutIsTheDocumentedOne() throws {
        let heartbeat = Message.heartbeat(
            Heartbeat(
                ballot: Ballot(round: 2, node: NodeID(3)), round: 4, chosenThrough: Slot(5),
                witnesses: [
                    NodeWitness(node: NodeID(8), store: StoreID(rawValue: 9), persistSequence: 10)
                ]))
        var buffer = ByteBuffer()
        try heartbeat.write(group: GroupID(6), persistSequence: 7, version: 2, into: &buffer)
        let bytes = Array(buffer.readableBytesView)
        let behindChecksum: [UInt8] =
            [1, 8, 0, 0, 6, 0, 0, 0]  // peer, heartbeat, reserved, group
            + [7, 0, 0, 0, 0, 0, 0, 0] + [3, 0, 2, 0, 0, 0, 0, 0]  // persist sequence, ballot
            + [4, 0, 0, 0, 0, 0, 0, 0] + [5, 0, 0, 0, 0, 0, 0, 0]  // round, chosenThrough
            + [UInt8](repeating: 0, count: 24)  // no checkpoint
            + [1] + [8, 0] + [9, 0, 0, 0, 0, 0, 0, 0] + [10, 0, 0, 0, 0, 0, 0, 0]  // witnesses
        #expect(Array(bytes[0..<4]) == [91, 0, 0, 0])
        #expect(Array(bytes[12...]) == behindChecksum)
        let checksum = Digest(of: behindChecksum).rawValue
        #expect(Array(bytes[4..<12]) == (0..<8).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) })
    }

    @Test func thePayloadIsTheLeadersOwnBytes() throws {
        let accept = Accept(
            ballot: Samples.lowBallot, slot: Slot(1), proposal: Samples.batch, chosenThrough: .zero)
        let buffer = try Samples.encoded(
            .peer(PeerFrame(group: .first, persistSequence: 0, message: .accept(accept))))
        #expect(buffer.readableBytesView.suffix(Samples.batch.bytes.count).elementsEqual(Samples.batch.bytes))
    }

    @Test func theLargestValuePasses() throws {
        let payload = [UInt8](repeating: 7, count: WireLimit.payloadBytes)
        let request = Frame.client(
            .request(
                id: 1, group: .first,
                .command(
                    session: SessionID(rawValue: 1), sequence: 1, firstUnacknowledged: 1,
                    payload: payload[...])))
        let accept = Accept(
            ballot: Samples.lowBallot, slot: Slot(1),
            proposal: Samples.proposal(payloadBytes: WireLimit.payloadBytes), chosenThrough: .zero)
        let peer = Frame.peer(PeerFrame(group: .first, persistSequence: 1, message: .accept(accept)))
        var decoder = FrameDecoder.behindHandshake
        decoder.append(try Samples.encoded(request))
        decoder.append(try Samples.encoded(peer))
        #expect(try decoder.all() == [request, peer])
    }

    @Test func aLongReasonIsCutAtACharacter() throws {
        let reason = String(repeating: "é", count: WireLimit.reasonBytes)
        var decoder = FrameDecoder()
        decoder.append(try Samples.encoded(.helloReply(.refused(.fenced, reason: reason))))
        let cut = String(reason.prefix(WireLimit.reasonBytes / 2))
        #expect(try decoder.next() == .helloReply(.refused(.fenced, reason: cut)))
    }

    @Test func aNewerHelloMayHaveMoreToSay() throws {
        var hello = Hello(clientOf: "bank")
        hello.maximumVersion = WireVersion.maximum + 1
        var buffer = try Samples.encoded(.hello(hello))
        buffer.writeString("more")
        var decoder = FrameDecoder()
        decoder.append(Tampering.resealed(buffer))
        #expect(try decoder.next() == .hello(hello))

        var old = try Samples.encoded(.hello(Hello(clientOf: "bank")))
        old.writeString("more")
        var other = FrameDecoder()
        other.append(Tampering.resealed(old))
        #expect(throws: WireError.malformed("4 bytes are left over")) { try other.next() }
    }
}

/// Frames as no writer of ours would make them.
enum Tampering {
    /// Gives the frame the length and the checksum its bytes ask for.
    static func resealed(_ frame: ByteBuffer) -> ByteBuffer {
        var frame = frame
        frame.setInteger(
            UInt32(frame.readableBytes - 4), at: frame.readerIndex, endianness: .little)
        let digest = Digest(of: Array(frame.readableBytesView.dropFirst(12)))
        frame.setInteger(digest.rawValue, at: frame.readerIndex + 4, endianness: .little)
        return frame
    }

    /// A sound frame of arbitrary contents.
    static func frame(proto: UInt8, type: UInt8, reserved: UInt16 = 0, group: UInt32 = 1, body: [UInt8])
        -> ByteBuffer
    {
        var buffer = ByteBuffer()
        buffer.writeRepeatingByte(0, count: 12)
        buffer.writeMultipleIntegers(proto, type, reserved, group, endianness: .little)
        buffer.writeBytes(body)
        return resealed(buffer)
    }
}
