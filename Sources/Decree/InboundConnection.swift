import DecreeNode
import DecreeWire
import Logging
import NIOCore
import Paxos

/// A connection somebody opened to this node: a peer that sends its messages, or a client. Whatever it does
/// wrong closes it, and nothing else.
final class InboundConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the core calls it.
    let id: ConnectionID
    private let loop: NodeLoop
    private var decoder = FrameDecoder()
    private var context: ChannelHandlerContext?
    private var outgoing = ByteBuffer()
    /// How it has introduced itself.
    private var asks: Hello?
    /// What it is, once it has been let in.
    private(set) var role: Hello.Role?
    /// The peer at the other end; nil for a client.
    private(set) var peer: NodeID?
    /// Whether it may ask only what operators ask.
    private var isForOperators = false
    private var hasAsked = false
    private var isDirty = false
    /// Bytes of a request that has not come whole, and since when.
    private(set) var halfBytes = 0
    private(set) var halfSince: UInt64 = 0
    private var hasHalf = false
    private var deadline: Scheduled<Void>?

    private static let noRoom = "this node serves as many connections as it may; close some, or try later"
    /// A connection must introduce itself within this time.
    private static let handshakeSeconds: Int64 = 10

    init(loop: NodeLoop) {
        self.loop = loop
        id = loop.places.nextID()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        if let reason = loop.admit(self) {
            return refuse(.unavailable, reason: reason)
        }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Self.handshakeSeconds)) {
            [weak self] in
            guard let self, self.role == nil else { return }
            self.turnAway("it did not say what it is in time")
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        do throws(WireError) {
            while self.context != nil, let frame = try decoder.next() {
                hasHalf = false
                try take(frame)
            }
            noteHalf()
            if let peer, decoder.bufferedBytes >= 4_096 { loop.core.arriving(from: peer, on: id) }
        } catch {
            loop.logger.warning("closing a connection: \(error)", metadata: metadata)
            close()
        }
    }

    /// A client may stop in the middle of a request, and thousands of them may: what they hold is counted.
    private func noteHalf() {
        guard context != nil, role == .client else { return }
        let bytes = decoder.bufferedBytes
        if bytes > 0, !hasHalf { halfSince = loop.core.ticks }
        hasHalf = bytes > 0
        let change = bytes - halfBytes
        halfBytes = bytes
        loop.holdsHalf(change)
    }

    private func take(_ frame: Frame) throws(WireError) {
        guard role != nil else {
            guard case .hello(let hello) = frame else { throw .unexpected("the first frame is no hello") }
            guard asks == nil else { throw .unexpected("a second hello") }
            asks = hello
            loop.core.answer(hello, on: id)
            return
        }
        hasAsked = true
        switch frame {
        case .peer(let frame):
            guard let peer else { throw .unexpected("a client sends a peer's frame") }
            loop.figures.peerMessages += 1
            if case .snapshotChunk(let chunk) = frame.message {
                loop.figures.snapshotBytesReceived += UInt64(chunk.bytes.count)
            }
            loop.core.receive(frame, from: peer, on: id)
        case .node(let frame):
            guard let peer else { throw .unexpected("a client sends a node's frame") }
            loop.core.receive(frame, from: peer, on: id)
        case .client(.request(let id, _, let request)) where isForOperators && !request.isOfOperators:
            write(.response(id: id, .busy))
            flush()
            turnAway(Self.noRoom)
        case .client(.request(let id, let group, let request)):
            loop.receive(request, id: id, group: group, on: self)
        case .client(.relay(let id, let group, let request)):
            loop.receive(request, id: id, group: group, isRelayed: true, on: self)
        case .client(.join(let id)):
            if let reason = loop.core.refusalToJoin(speaking: decoder.version) {
                // Said in the one frame that every build shows to its user.
                return refuse(.wrongVersion, reason: reason)
            }
            write(.welcome(id: id, loop.welcome))
        case .client(.statusRequest(let id)):
            loop.tellStatus { [weak self] answer in
                guard let self, let answer else { return }
                write(.statusResponse(id: id, answer.json))
                flush()
            }
        case .hello, .helloReply, .client: throw .unexpected("\(frame.name) after the handshake")
        }
    }

    /// Answers the hello, as the core has decided.
    func answer(_ reply: HelloReply, _ verdict: Handshake.Verdict) {
        if case .founding = reply { return writeLast(reply) }
        switch verdict {
        case .admitted(let version):
            guard let hello = asks else { return }
            if hello.role == .client {
                let admission = loop.places.admitClient(id)
                guard admission != .refused else {
                    return refuse(.tooManyConnections, reason: Self.noRoom)
                }
                isForOperators = admission == .operators
                if isForOperators { awaitOperator() }
            } else {
                loop.places.admitNode(id)
            }
            role = hello.role
            decoder.version = version
            peer = hello.role == .peer ? hello.node : nil
            if hello.role == .client {
                decoder.bodyLimit = WireLimit.requestBytes
                yieldToPeers()
            }
            write(reply)
        case .refused(let refusal, let reason): refuse(refusal, reason: reason)
        case .selfIsFenced(let reason), .selfIsAnother(let reason): refuse(.unavailable, reason: reason)
        }
    }

    /// A client that asks nothing keeps no operator's place.
    private func awaitOperator() {
        context?.eventLoop.assumeIsolated().scheduleTask(in: .seconds(2)) { [weak self] in
            guard let self, !self.hasAsked else { return }
            self.turnAway(Self.noRoom)
        }
    }

    /// A client is read once a turn, so that a flood of requests never holds up what peers say.
    private func yieldToPeers() {
        context?.channel.setOption(.maxMessagesPerRead, value: 1).whenFailure { _ in }
    }

    private func refuse(_ refusal: HelloRefusal, reason: String) {
        noteRefused(reason)
        writeLast(.refused(refusal, reason: reason))
    }

    /// Closes it, and tells why.
    func turnAway(_ reason: String) {
        noteRefused(reason)
        close()
    }

    private func noteRefused(_ reason: String) {
        guard loop.refusals.add(reason) else { return }
        loop.logger.warning("refusing a connection: \(reason)", metadata: metadata)
    }

    /// Answers, and closes the connection behind it.
    private func writeLast(_ reply: HelloReply) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: 256)
        try? reply.write(into: &buffer)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(buffer)).whenComplete { _ in channel.close(promise: nil) }
    }

    private func write(_ reply: HelloReply) {
        do throws(WireError) {
            try reply.write(into: &outgoing)
            markDirty()
        } catch {
            loop.logger.error("cannot answer a hello: \(error)")
            close()
        }
    }

    /// Queues a frame; all of a turn leave together.
    func write(_ frame: ClientFrame) {
        write { (buffer, version) throws(WireError) in _ = try frame.write(version: version, into: &buffer) }
    }

    /// The same.
    func write(_ frame: NodeFrame) {
        write { (buffer, version) throws(WireError) in _ = try frame.write(version: version, into: &buffer) }
    }

    private func write(_ body: (inout ByteBuffer, UInt16) throws(WireError) -> Void) {
        guard context != nil else { return }
        do throws(WireError) {
            try body(&outgoing, decoder.version)
            markDirty()
        } catch {
            loop.logger.error("cannot answer on a connection: \(error)", metadata: metadata)
            close()
        }
    }

    private func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        loop.flushAtTurnEnd(self)
    }

    func flush() {
        isDirty = false
        guard let context, outgoing.readableBytes > 0 else { return }
        let buffer = outgoing
        outgoing = context.channel.allocator.buffer(capacity: min(buffer.readableBytes, 1 << 16))
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// Who does not read its answers is not read either, until it does.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.channel.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        self.context = nil
        loop.closed(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        loop.logger.debug("a connection failed: \(error)", metadata: metadata)
        close()
    }

    func close() {
        guard let context else { return }
        self.context = nil
        loop.halfBytes -= takeHalf()
        context.close(promise: nil)
    }

    /// What it held of a request is let go: how many bytes they were.
    func takeHalf() -> Int {
        defer { halfBytes = 0 }
        return halfBytes
    }

    private var metadata: Logger.Metadata {
        ["remote": "\(context?.remoteAddress.map(String.init(describing:)) ?? "gone")"]
    }
}
