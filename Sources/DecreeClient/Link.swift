import DecreeWire
import Logging
import NIOCore
import NIOPosix
import Paxos

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A lane's connection to one address: made, greeted, used, and made again when it is lost. Confined to
/// the lane's event loop.
final class Link {
    /// Bytes that wait for the socket to take more; beyond, what is asked is asked later.
    private static let outgoingLimitBytes = 8 << 20
    private static let firstPauseMilliseconds: Int64 = 20
    private static let longestPauseMilliseconds: Int64 = 2_000
    private static let patience = TimeAmount.seconds(2)
    private static let greetingTime = TimeAmount.seconds(5)

    let address: NodeAddress
    /// What was wrong last; nil while connected.
    private(set) var trouble: String?
    /// Whether the node refused, and will refuse again whenever it is asked.
    private(set) var isRefusedForGood = false
    /// The version agreed on; the oldest until then.
    private(set) var version = WireVersion.minimum
    /// The node that answered here last.
    private(set) var lastNode: NodeID?
    /// The node that is said to be here, if another node named the address, and not who made the client.
    let learntNode: NodeID?
    var isLearnt: Bool { learntNode != nil }
    private var isAbandoned = false
    private let lane: Lane
    private var outgoing = ByteBuffer()
    private var isFlushing = false
    private var channel: (any Channel)?
    private(set) var node: NodeID?
    private var failures = 0
    private var isConnecting = false
    /// `hurry` does nothing before.
    private var hurriesFrom = NIODeadline.uptimeNanoseconds(0)

    init(address: NodeAddress, lane: Lane, learntNode: NodeID? = nil) {
        self.address = address
        self.lane = lane
        self.learntNode = learntNode
    }

    // MARK: Connecting

    func connect() {
        guard !lane.isClosed, !isAbandoned, !isConnecting, channel == nil else { return }
        isConnecting = true
        Dial.connect(to: address, on: lane.eventLoop, within: Self.patience, silence: .ofClients)
            .assumeIsolated()
            .whenComplete { result in
                self.isConnecting = false
                switch result {
                case .success(let channel): self.opened(channel)
                case .failure(let error): self.failed(NodeAddress.explain(error))
                }
            }
    }

    /// Another node says that this one leads, so it is up: the pause before the next attempt, which has grown while it was
    /// down, need not be waited for.
    func hurry() {
        let now = NIODeadline.now()
        guard now >= hurriesFrom, !isRefusedForGood else { return }
        hurriesFrom = now + .milliseconds(Self.firstPauseMilliseconds)
        connect()
    }

    /// The next attempt comes after a pause, longer each time.
    private func failed(_ reason: String, isForGood: Bool = false) {
        guard !lane.isClosed, !isAbandoned else { return }
        if trouble != reason {
            lane.logger.warning(
                "cannot use node", metadata: ["address": "\(address)", "reason": "\(reason)"])
        }
        trouble = reason
        isRefusedForGood = isForGood
        failures += 1
        let doubled = Self.firstPauseMilliseconds << Int64(min(failures - 1, 10))
        let pause = isForGood ? Self.longestPauseMilliseconds : min(doubled, Self.longestPauseMilliseconds)
        let jittered = Int64.random(in: pause / 2...pause)
        lane.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(jittered)) { [weak self] in
            self?.connect()
        }
        lane.linkFailed()
    }

    /// What is said of the node that answered here last concerns nobody any more.
    func forgetNode() { lastNode = nil }

    /// Connects no more: the node that was here has left the cluster.
    func abandon() {
        isAbandoned = true
        drop("it has left the cluster")
    }

    /// Closes it for good, once the lane is closed.
    func close() -> EventLoopFuture<Void> {
        guard let channel else { return lane.eventLoop.makeSucceededVoidFuture() }
        channel.close(promise: nil)
        return channel.closeFuture
    }

    // MARK: What the channel tells

    private func opened(_ channel: any Channel) {
        guard !lane.isClosed, !isAbandoned else { return channel.close(promise: nil) }
        do { try Dial.begin(channel, with: LinkHandler(link: self)) } catch {
            channel.close(promise: nil)
            return failed("the connection was closed")
        }
        self.channel = channel
        version = WireVersion.minimum
        outgoing.clear()
        do throws(WireError) {
            try Hello(clientOf: lane.configuration.cluster).write(into: &outgoing)
        } catch {
            return drop(error.description, isForGood: true)
        }
        flush()
        lane.eventLoop.assumeIsolated().scheduleTask(in: Self.greetingTime) { [weak self] in
            guard let self, self.channel === channel, self.node == nil else { return }
            self.drop("it does not answer a greeting")
        }
    }

    func received(_ frame: Frame) {
        switch frame {
        case .helloReply(let reply) where node == nil: greeted(reply)
        case .client(.response(let id, let response)):
            if let node { lane.received(id, response, from: node, by: self) }
        case .client(.statusResponse(_, let json)) where node != nil: lane.received(status: json)
        case .hello, .helloReply, .peer, .client, .node: drop("it sent a frame that no client expects")
        }
    }

    private func greeted(_ reply: HelloReply) {
        switch reply {
        case .refused(let refusal, let reason): drop(reason, isForGood: !refusal.isTransient)
        case .founding: drop("it took this client for a node")
        case .admitted(let admission):
            guard (WireVersion.minimum...WireVersion.maximum).contains(admission.version) else {
                return drop("it chose protocol version \(admission.version), unknown here; upgrade this side")
            }
            // One that is asked again and again must wait longer each time: its failures are counted on.
            if let reason = lane.estrangement(of: admission.identity) {
                forgetNode()
                return drop(reason)
            }
            let node = admission.identity.node
            self.node = node
            lastNode = node
            version = admission.version
            trouble = nil
            failures = 0
            isRefusedForGood = false
            guard lane.linkIsUp(self, to: node) else {
                drop("it is node \(node), as is another of the addresses", isForGood: true)
                if isLearnt { lane.forget(self) }
                return
            }
        }
    }

    /// Gives the connection up; another is made after a pause.
    func drop(_ reason: String, isForGood: Bool = false) {
        guard let channel else { return }
        closed(channel, reason, isForGood: isForGood)
        channel.close(promise: nil)
    }

    func closed(_ channel: any Channel, _ reason: String, isForGood: Bool = false) {
        guard self.channel === channel else { return }
        self.channel = nil
        outgoing = ByteBuffer()
        let node = self.node
        self.node = nil
        if let node { lane.linkIsDown(self, to: node) }
        failed(reason, isForGood: isForGood)
    }

    func turn(_ body: () -> Void) { lane.turn(body) }

    // MARK: Sending

    var hasOutgoing: Bool { outgoing.readableBytes > 0 }

    /// What became of a frame.
    enum Sending {
        /// It goes out with the next flush.
        case sent
        /// The node's version does not know it.
        case unknownToNode
        /// The node takes less than it is sent: what waits already is all that may.
        case noRoom
    }

    /// Appends a frame. One that finds nothing waiting has room, however long it is.
    @discardableResult
    func send(_ frame: ClientFrame) -> Sending {
        guard outgoing.readableBytes < Self.outgoingLimitBytes else { return .noRoom }
        do throws(WireError) {
            return try frame.write(version: version, into: &outgoing) ? .sent : .unknownToNode
        } catch {
            // The session bounds payloads; what is refused here was bounded wrongly, and will time out.
            lane.logger.error("cannot send a request", metadata: ["reason": "\(error)"])
            return .sent
        }
    }

    /// Writes what was appended. A channel that cannot take more yet calls back when it can: from within
    /// this very write, if it is a long one and goes through at once.
    func flush() {
        guard hasOutgoing, !isFlushing, let channel, channel.isWritable else { return }
        isFlushing = true
        defer { isFlushing = false }
        channel.writeAndFlush(outgoing, promise: nil)
        // A write that went through leaves the memory to be used again; one that did not keeps it.
        outgoing.clear()
        if outgoing.capacity > 4 << 20 { outgoing = ByteBuffer() }
    }
}

/// Between the channel and its link: bytes to frames.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: Link
    private var decoder = FrameDecoder()

    init(link: Link) { self.link = link }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        link.turn {
            do throws(WireError) {
                while let frame = try decoder.next() {
                    link.received(frame)
                    decoder.version = link.version
                }
            } catch {
                link.drop(error.description, isForGood: error == .badMagic)
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { link.flush() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        link.closed(context.channel, "the connection broke: \(NodeAddress.explain(error))")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        link.closed(context.channel, "the connection was closed")
    }
}
