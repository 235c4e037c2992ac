import DecreeWire
import NIOCore
import Paxos
import Testing

@Suite struct FrameDecoderTests {
    @Test func aStreamMaySplitAnywhere() throws {
        let frames = [Samples.hellos[3]] + Samples.afterHandshake
        // Each frame with its neighbours: all at once would take the square of their number.
        for first in frames.indices.dropLast(2) {
            let frames = Array(frames[first..<first + 3])
            var stream = ByteBuffer()
            for frame in frames { try frame.write(version: WireVersion.maximum, into: &stream) }
            for boundary in 0...stream.readableBytes {
                var decoder = FrameDecoder(for: frames[0])
                decoder.append(try #require(stream.getSlice(at: 0, length: boundary)))
                var seen = try decoder.all()
                decoder.append(
                    try #require(stream.getSlice(at: boundary, length: stream.readableBytes - boundary)))
                seen += try decoder.all()
                guard seen == frames else {
                    Issue.record("split at byte \(boundary) of \(frames)")
                    return
                }
            }
        }
    }

    @Test func aStreamMayComeByteByByte() throws {
        var stream = ByteBuffer()
        for frame in Samples.afterHandshake { try frame.write(version: WireVersion.maximum, into: &stream) }
        var decoder = FrameDecoder.behindHandshake
        var seen: [Frame] = []
        for byte in stream.readableBytesView {
            decoder.append(ByteBuffer(bytes: [byte]))
            seen += try decoder.all()
        }
        #expect(seen == Samples.afterHandshake)
    }

    @Test func aStreamMayComeInChunksOfAnySize() throws {
        var stream = ByteBuffer()
        for _ in 0..<20 {
            for frame in Samples.afterHandshake {
                try frame.write(version: WireVersion.maximum, into: &stream)
            }
        }
        var random = SeededGenerator(seed: 4)
        var decoder = FrameDecoder.behindHandshake
        var count = 0
        while stream.readableBytes > 0 {
            let length = min(stream.readableBytes, Int.random(in: 1...3_000, using: &random))
            decoder.append(try #require(stream.getSlice(at: stream.readerIndex, length: length)))
            stream.moveReaderIndex(forwardBy: length)
            while let frame = try decoder.next() {
                #expect(frame == Samples.afterHandshake[count % Samples.afterHandshake.count])
                count += 1
            }
        }
        #expect(count == 20 * Samples.afterHandshake.count)
        try decoder.finish()
    }

    /// Other protocols are told from ours by their first bytes, not by waiting for a length they never
    /// meant.
    @Test(arguments: [
        Array("GET / HTTP/1.1\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), [22, 3, 1, 2, 0, 1],
        [10, 10, 10, 10],
    ])
    func anotherProtocolIsToldApart(_ bytes: [UInt8]) {
        var decoder = FrameDecoder()
        decoder.append(ByteBuffer(bytes: bytes))
        #expect(throws: WireError.badMagic) { try decoder.next() }
    }

    @Test func aStreamThatDoesNotStartWithAHelloIsNoStreamOfOurs() throws {
        for frame in Samples.afterHandshake {
            var decoder = FrameDecoder()
            decoder.append(try Samples.encoded(frame))
            #expect(throws: WireError.badMagic) { try decoder.next() }
        }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func garbageIsNeverAFrame(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for expectsHandshake in [true, false] {
            var decoder = FrameDecoder(expectsHandshake: expectsHandshake, version: WireVersion.maximum)
            for _ in 0..<8 {
                var bytes = (0..<Int.random(in: 1...600, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                // Half of the time a length that could be, so that the checksum has to tell.
                if seed % 2 == 0 && bytes.count > 60 { bytes.replaceSubrange(0..<4, with: [40, 0, 0, 0]) }
                decoder.append(ByteBuffer(bytes: bytes))
                if let frame = try? decoder.next() { Issue.record("seed \(seed) gives \(frame)") }
            }
        }
    }

    /// Sound frames around random bodies: whatever is accepted must be what its bytes say.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func randomBodiesNeverTrap(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let body = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                Bool.random(using: &random) ? 0 : UInt8.random(in: 0...3, using: &random)
            }
            let sent = Tampering.frame(
                proto: UInt8.random(in: 0...3, using: &random),
                type: UInt8.random(in: 0...16, using: &random),
                group: UInt32.random(in: 0...1, using: &random), body: body)
            for version in WireVersion.minimum...WireVersion.maximum {
                var decoder = FrameDecoder(expectsHandshake: false, version: version)
                decoder.append(sent)
                if let frame = try? decoder.next() {
                    #expect(try Samples.encoded(frame, version: version) == sent, "seed \(seed)")
                }
            }
        }
    }
}
