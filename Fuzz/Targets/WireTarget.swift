import DecreeWire
import NIOCore
import Paxos

/// A stream of frames. The first byte says how the rest is made one, the second in what pieces it comes.
enum WireTarget {
    /// What the first byte may ask for. Without it no body is ever reached: a checksum stands before each.
    enum Mode {
        static let afterHandshake: UInt8 = 1
        static let sealed: UInt8 = 2
        static let asOneFrame: UInt8 = 4
    }

    static func run(_ input: [UInt8]) throws(FuzzFailure) {
        guard input.count >= 2 else { return }
        let mode = input[0]
        let expectsHandshake = mode & Mode.afterHandshake == 0
        var stream = Array(input.dropFirst(2))
        if mode & Mode.sealed != 0 {
            stream = FrameSealer.sealed(stream, asOneFrame: mode & Mode.asOneFrame != 0)
        }
        let whole = try WireReading(of: stream, inPiecesOf: stream.count, expectsHandshake: expectsHandshake)
        let pieces = try WireReading(
            of: stream, inPiecesOf: Int(input[1]) + 1, expectsHandshake: expectsHandshake)
        try require(whole == pieces, "in pieces a stream is \(pieces), as a whole \(whole)")
        try judgeEncoding(of: whole.frames, of: stream)
        for frame in whole.frames { try judge(frame) }
    }

    /// Equal frames are equal bytes: none is said in two ways. Only a newer build's hello may say more than
    /// we understand.
    private static func judgeEncoding(of frames: [Frame], of stream: [UInt8]) throws(FuzzFailure) {
        var offset = 0
        for frame in frames {
            let bytes = try encoded(frame)
            if case .hello(let hello) = frame, hello.maximumVersion > WireVersion.maximum { return }
            try require(
                stream[offset...].starts(with: bytes),
                "\(frame) is encoded as \(bytes), but came in \(stream[offset...])")
            offset += bytes.count
        }
    }

    private static func judge(_ frame: Frame) throws(FuzzFailure) {
        let again = try WireReading(
            of: try encoded(frame), inPiecesOf: 4 << 20, expectsHandshake: isHandshake(frame))
        try require(again.frames == [frame], "\(frame) is encoded, and read as \(again)")
        switch frame {
        case .hello(let hello): try answer(hello)
        case .helloReply(let reply):
            _ = Handshake.judge(
                reply, to: Hello(from: identity, to: NodeID(2), witnessed: nil), as: identity)
        case .peer(let peer): try judge(peer.message)
        case .client: break
        }
    }

    /// What the core does not ask again: a range ends behind its start, votes come in order.
    private static func judge(_ message: Message) throws(FuzzFailure) {
        let isSound =
            switch message {
            case .accepted(let vote): vote.from != .zero && vote.from <= vote.through
            case .fetch(let fetch): fetch.from != .zero && fetch.from <= fetch.through
            case .promise(let promise):
                promise.part < promise.parts
                    && zip(promise.accepted, promise.accepted.dropFirst()).allSatisfy { $0.slot < $1.slot }
            case .decisions(let decisions):
                zip(decisions.decided, decisions.decided.dropFirst())
                    .allSatisfy { $0.slot.next == $1.slot }
            default: true
            }
        try require(isSound, "\(message) is taken for sound")
    }

    /// Whatever a hello says, there is an answer, and it fits a frame.
    private static func answer(_ hello: Hello) throws(FuzzFailure) {
        for witness in [nil, Witness(store: StoreID(rawValue: 7), persistSequence: 9)] {
            let (reply, _) = Handshake.answer(to: hello, as: identity, witnessed: witness, isMember: true)
            _ = try encoded(.helloReply(reply))
        }
    }

    private static let identity = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 11), node: NodeID(1), store: StoreID(rawValue: 22),
        persistSequence: 33)

    private static func isHandshake(_ frame: Frame) -> Bool {
        switch frame {
        case .hello, .helloReply: true
        case .peer, .client: false
        }
    }

    static func encoded(_ frame: Frame) throws(FuzzFailure) -> [UInt8] {
        var buffer = ByteBuffer()
        do throws(WireError) {
            try frame.write(into: &buffer)
        } catch {
            throw FuzzFailure("\(frame) was read, and cannot be written: \(error)")
        }
        return Array(buffer.readableBytesView)
    }
}

/// All that a decoder says about a stream.
private struct WireReading: Equatable {
    private(set) var frames: [Frame] = []
    private(set) var error: WireError?
    /// Bytes left over that are no frame.
    private(set) var remainder = 0

    init(
        of stream: [UInt8], inPiecesOf pieceBytes: Int, expectsHandshake: Bool
    ) throws(FuzzFailure) {
        var decoder = FrameDecoder(expectsHandshake: expectsHandshake)
        var rest = stream[...]
        repeat {
            decoder.append(ByteBuffer(bytes: rest.prefix(pieceBytes)))
            rest = rest.dropFirst(pieceBytes)
            try read(&decoder)
            let isFirst = expectsHandshake && frames.isEmpty
            let limit = FrameHeader.bytes + (isFirst ? WireLimit.handshakeBytes : WireLimit.bodyBytes)
            try require(decoder.bufferedBytes < limit, "\(decoder.bufferedBytes) bytes wait for a frame")
            try require(error == nil || decoder.bufferedBytes == 0, "a decoder keeps bytes it will not read")
        } while !rest.isEmpty
        remainder = decoder.bufferedBytes
        try judgeEnd(of: decoder)
    }

    private mutating func read(_ decoder: inout FrameDecoder) throws(FuzzFailure) {
        let failure = error
        var thrown: WireError?
        do throws(WireError) {
            while let frame = try decoder.next() { frames.append(frame) }
        } catch {
            thrown = error
        }
        try require(failure == nil || thrown == failure, "a decoder that threw throws something else")
        error = thrown
    }

    private func judgeEnd(of decoder: FrameDecoder) throws(FuzzFailure) {
        let expected = error ?? (remainder > 0 ? .truncated(haveBytes: remainder) : nil)
        var thrown: WireError?
        do throws(WireError) {
            try decoder.finish()
        } catch {
            thrown = error
        }
        try require(
            thrown == expected, "\(thrown.debugDescription) at the end, not \(expected.debugDescription)")
    }
}
