package import NIOCore

/// Cuts a stream of bytes into frames. It takes bytes as they come, and gives every complete frame.
///
/// One buffer accumulates what no complete frame was read from yet. Read bytes are discarded before more
/// are added: a buffer that is never compacted halves the throughput. A decoder that has thrown throws the
/// same again, for nobody knows where the next frame starts.
package struct FrameDecoder: Sendable {
    private var buffer = ByteBuffer()
    private var failure: WireError?
    private var expectsHandshake: Bool
    /// The version of the frames behind the handshake, to be set when that has agreed on one. Frames are decoded
    /// one by one as they are asked for: it holds for the next.
    package var version: UInt16
    /// The longest body that is waited for: less for those who have no business to send more.
    package var bodyLimit = WireLimit.bodyBytes

    /// A decoder at the start of a connection, where a hello or its reply is due; or, for tests, behind it.
    package init(expectsHandshake: Bool = true, version: UInt16 = WireVersion.minimum) {
        self.expectsHandshake = expectsHandshake
        self.version = version
    }

    /// Bytes that are no complete frame yet.
    package var bufferedBytes: Int { buffer.readableBytes }

    /// Takes bytes; drops them where none will be read any more.
    package mutating func append(_ bytes: ByteBuffer) {
        guard failure == nil else { return }
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next frame; nil until more bytes come.
    package mutating func next() throws(WireError) -> Frame? {
        if let failure { throw failure }
        do throws(WireError) {
            return try decode()
        } catch {
            failure = error
            buffer = ByteBuffer()
            throw error
        }
    }

    /// To be called at the end of the stream: throws if it ended within a frame.
    package func finish() throws(WireError) {
        if let failure { throw failure }
        guard buffer.readableBytes == 0 else { throw .truncated(haveBytes: buffer.readableBytes) }
    }

    private mutating func decode() throws(WireError) -> Frame? {
        let start = buffer.readerIndex
        if expectsHandshake { try checkMagic(at: start) }
        guard let rawLength = buffer.getInteger(at: start, endianness: .little, as: UInt32.self) else {
            // Nothing left: give the memory back, that the channel may read into it again.
            if buffer.readableBytes == 0 { buffer = ByteBuffer() }
            return nil
        }
        let length = Int(rawLength)
        guard length >= FrameHeader.countedBytes else {
            throw .malformed("a length of \(length) is shorter than a header")
        }
        guard length <= FrameHeader.countedBytes + bodyLimit else {
            throw .oversized(
                "a frame's body", bytes: length - FrameHeader.countedBytes, limitBytes: bodyLimit)
        }
        guard buffer.readableBytes >= 4 + length, let header = FrameHeader(in: buffer, at: start) else {
            return nil
        }
        let end = start + 4 + length
        let computed = buffer.digest(from: start + FrameHeader.checksummedOffset, to: end)
        guard computed == header.checksum else {
            throw .badChecksum(stated: header.checksum, computed: computed)
        }
        guard
            let body = buffer.getSlice(at: start + FrameHeader.bytes, length: end - start - FrameHeader.bytes)
        else { return nil }
        let frame = try Frame(header: header, body: body, version: version)
        buffer.moveReaderIndex(to: end)
        expectsHandshake = false
        return frame
    }

    /// Tells another protocol's bytes from damaged ones of ours, as early as the bytes allow: what no hello
    /// could start with, and what does not hold the magic where a hello does.
    private func checkMagic(at start: Int) throws(WireError) {
        if let length = buffer.getInteger(at: start, endianness: .little, as: UInt32.self) {
            let bodyBytes = Int(length) - FrameHeader.countedBytes
            guard (MemoryLayout<UInt64>.size...WireLimit.handshakeBytes).contains(bodyBytes) else {
                throw .badMagic
            }
        }
        let magic = buffer.getInteger(at: start + FrameHeader.bytes, endianness: .little, as: UInt64.self)
        if let magic, magic != Hello.magic { throw .badMagic }
    }
}
