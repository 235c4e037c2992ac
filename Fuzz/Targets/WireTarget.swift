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
        /// Frames of the newest version; without it, of the first.
        static let newest: UInt8 = 8
    }

    static func run(_ input: [UInt8]) throws(FuzzFailure) {
        guard input.count >= 2 else { return }
        let mode = input[0]
        let start = WireReading.Start(
            expectsHandshake: mode & Mode.afterHandshake == 0,
            version: mode & Mode.newest == 0 ? WireVersion.minimum : WireVersion.maximum)
        var stream = Array(input.dropFirst(2))
        if mode & Mode.sealed != 0 {
            stream = FrameSealer.sealed(stream, asOneFrame: mode & Mode.asOneFrame != 0)
        }
        let whole = try WireReading(of: stream, inPiecesOf: stream.count, from: start)
        let pieces = try WireReading(of: stream, inPiecesOf: Int(input[1]) + 1, from: start)
        try require(whole == pieces, "in pieces a stream is \(pieces), as a whole \(whole)")
        try judgeEncoding(of: whole.frames, version: start.version, of: stream)
        for frame in whole.frames { try judge(frame, version: start.version) }
    }

    /// Equal frames are equal bytes: none is said in two ways. Only a newer build's hello may say more than
    /// we understand.
    private static func judgeEncoding(
        of frames: [Frame], version: UInt16, of stream: [UInt8]
    ) throws(FuzzFailure) {
        var offset = 0
        for frame in frames {
            let bytes = try encoded(frame, version: version)
            if case .hello(let hello) = frame, hello.maximumVersion > WireVersion.maximum { return }
            try require(
                stream[offset...].starts(with: bytes),
                "\(frame) is encoded as \(bytes), but came in \(stream[offset...])")
            offset += bytes.count
        }
    }

    private static func judge(_ frame: Frame, version: UInt16) throws(FuzzFailure) {
        let start = WireReading.Start(expectsHandshake: isHandshake(frame), version: version)
        let again = try WireReading(
            of: try encoded(frame, version: version), inPiecesOf: 4 << 20, from: start)
        try require(again.frames == [frame], "\(frame) is encoded, and read as \(again)")
        switch frame {
        case .hello(let hello): try answer(hello)
        case .helloReply(let reply):
            _ = Handshake.judge(
                reply, to: Hello(from: identity, to: NodeID(2), witnessed: nil), as: identity)
        case .peer(let peer): try judge(peer.message)
        case .client, .node: break
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
            case .heartbeat(let heartbeat):
                heartbeat.witnesses.count <= Configuration.maximumMembers
                    && zip(heartbeat.witnesses, heartbeat.witnesses.dropFirst())
                        .allSatisfy { $0.node < $1.node }
            case .fetchSnapshot(let fetch): Int(fetch.from) < fetch.header.chunkCount
            case .snapshotChunk(let chunk):
                Int(chunk.index) < chunk.header.chunkCount
                    && chunk.bytes.count == chunk.header.range(ofChunk: Int(chunk.index)).count
            default: true
            }
        try require(isSound, "\(message) is taken for sound")
    }

    /// Whatever a hello says, there is an answer, and it fits a frame.
    private static func answer(_ hello: Hello) throws(FuzzFailure) {
        for witness in [nil, Witness(store: StoreID(rawValue: 7), persistSequence: 9)] {
            for standing: Handshake.Standing in [
                .member(store: nil), .member(store: StoreID(rawValue: 7)), .unknown, .removed,
            ] {
                let (reply, verdict) = Handshake.answer(
                    to: hello, as: identity, witnessed: witness, standing: standing)
                _ = try encoded(.helloReply(reply), version: WireVersion.minimum)
                if case .admitted(let version) = verdict {
                    try require(
                        (hello.minimumVersion...hello.maximumVersion).contains(version)
                            && version <= WireVersion.maximum,
                        "\(hello) is answered with version \(version)")
                }
            }
        }
    }

    private static let identity = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 11), node: NodeID(1), store: StoreID(rawValue: 22),
        persistSequence: 33)

    private static func isHandshake(_ frame: Frame) -> Bool {
        switch frame {
        case .hello, .helloReply: true
        case .peer, .client, .node: false
        }
    }

    static func encoded(_ frame: Frame, version: UInt16) throws(FuzzFailure) -> [UInt8] {
        var buffer = ByteBuffer()
        let isWritten: Bool
        do throws(WireError) {
            isWritten = try frame.write(version: version, into: &buffer)
        } catch {
            throw FuzzFailure("\(frame) was read, and cannot be written: \(error)")
        }
        try require(isWritten, "\(frame) was read, and version \(version) has no such frame")
        return Array(buffer.readableBytesView)
    }
}

/// All that a decoder says about a stream.
private struct WireReading: Equatable {
    private(set) var frames: [Frame] = []
    private(set) var error: WireError?
    /// Bytes left over that are no frame.
    private(set) var remainder = 0

    /// Where in a connection the stream starts, and the version that was agreed on.
    struct Start {
        let expectsHandshake: Bool
        let version: UInt16
    }

    init(of stream: [UInt8], inPiecesOf pieceBytes: Int, from start: Start) throws(FuzzFailure) {
        var decoder = FrameDecoder(expectsHandshake: start.expectsHandshake, version: start.version)
        var rest = stream[...]
        repeat {
            decoder.append(ByteBuffer(bytes: rest.prefix(pieceBytes)))
            rest = rest.dropFirst(pieceBytes)
            try read(&decoder)
            let isFirst = start.expectsHandshake && frames.isEmpty
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
