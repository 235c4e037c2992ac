import DecreeClient
import DecreeNode
import DecreeWire
import Logging
import NIOCore
import NIOPosix
import Paxos

/// The connection over which this node sends to one peer. It reconnects for ever; what is sent while it is
/// down, or when too much is queued already, is lost, and the protocol sends it again or catches up.
final class PeerLink {
    private enum State {
        case down
        /// The attempt of this number is under way.
        case connecting(Int)
        /// Connected, the hello is sent.
        case greeting(any Channel, Hello)
        case up(any Channel, version: UInt16)
        case stopped
    }

    let peer: NodeID
    /// Where it was dialled last.
    private var address: NodeAddress?
    private let loop: NodeLoop
    private var state = State.down
    private var outgoing = ByteBuffer()
    private var attempts = 0
    private var failures = 0
    private var troubles = LinkTroubles()
    /// Frames dropped since the link was last up and had room.
    private var dropped = 0

    /// Bytes that may wait for a peer; more are dropped. A dead follower costs this much memory and no more.
    static let queueBytes = 32 << 20
    /// How long a name, an address, and then the process there may take.
    private static let patience = TimeAmount.seconds(1)
    private static let greetingPatience = TimeAmount.seconds(2)

    init(peer: NodeID, loop: NodeLoop) {
        self.peer = peer
        self.loop = loop
    }

    var isUp: Bool { version != nil }

    /// The version that is spoken, while the connection stands.
    fileprivate var version: UInt16? { if case .up(_, let version) = state { version } else { nil } }

    // MARK: Connecting

    /// Dials the next address that the core knows of, unless that is under way. An attempt elsewhere, which a new address
    /// has overtaken, is given up.
    func connect() {
        switch state {
        case .connecting, .greeting:
            guard loop.core.hasNewAddress(of: peer) else { return }
            goDown("it is said to be elsewhere", isRetried: false)
        case .down: break
        case .up, .stopped: return
        }
        guard let next = loop.core.nextAddress(of: peer) else { return }
        guard let address = NodeAddress(next) else {
            loop.core.failedToReach(peer)
            return retryLater()
        }
        self.address = address
        attempts += 1
        let attempt = attempts
        state = .connecting(attempt)
        Dial.connect(to: address, on: loop.eventLoop, within: Self.patience, silence: .betweenNodes)
            .assumeIsolated()
            .whenComplete { [self] result in
                guard case .connecting(attempt) = state else {
                    if case .success(let channel) = result { channel.close(promise: nil) }
                    return
                }
                switch result {
                case .success(let channel): connected(channel)
                case .failure(let error):
                    goDown("cannot connect: \(NodeAddress.explain(error))")
                    loop.core.cannotReach(peer)
                }
            }
    }

    private func connected(_ channel: any Channel) {
        do { try Dial.begin(channel, with: OutboundConnection(link: self)) } catch {
            channel.close(promise: nil)
            return goDown("the connection was closed")
        }
        let hello = loop.core.hello(to: peer)
        state = .greeting(channel, hello)
        var buffer = channel.allocator.buffer(capacity: 256)
        do throws(WireError) {
            try hello.write(into: &buffer)
            channel.writeAndFlush(buffer, promise: nil)
        } catch {
            loop.logger.error("cannot greet node \(peer): \(error)")
        }
        // It may accept, and never say a word.
        loop.eventLoop.assumeIsolated().scheduleTask(in: Self.greetingPatience) { [weak self] in
            guard let self, case .greeting = self.state else { return }
            self.lost(channel, "it does not answer a greeting")
        }
    }

    fileprivate func take(_ frame: Frame, on channel: any Channel) throws(WireError) {
        guard self.channel === channel else { return }
        switch (state, frame) {
        case (.greeting(let channel, let hello), .helloReply(let reply)):
            switch loop.core.judge(reply, to: hello) {
            case .admitted(let version):
                state = .up(channel, version: version)
                if failures > 0 || !troubles.isEmpty {
                    loop.logger.info("connected to a peer", metadata: ["peer": "\(peer)"])
                }
                failures = 0
                troubles = LinkTroubles()
                loop.core.reached(peer)
            case .refused(let refusal, let reason):
                goDown("refused: \(reason)", isWarning: !refusal.isTransient)
            case .selfIsFenced(let reason), .selfIsAnother(let reason):
                goDown("refused: \(reason)", isWarning: true)
            }
        case (.up, .client(.response(let id, let response))): loop.receive(response, id: id, from: peer)
        case (.up, .node(let frame)): loop.core.take(frame, from: peer)
        default: throw .unexpected("\(frame.name) from node \(peer)")
        }
    }

    /// The channel that was open. What an earlier one has to say is of no interest.
    private var channel: (any Channel)? {
        switch state {
        case .greeting(let channel, _), .up(let channel, _): channel
        case .down, .connecting, .stopped: nil
        }
    }

    fileprivate func lost(_ channel: any Channel, _ reason: String, isWarning: Bool = false) {
        if self.channel === channel { goDown(reason, isWarning: isWarning) }
    }

    private func goDown(_ reason: String, isWarning: Bool = false, isRetried: Bool = true) {
        let channel: (any Channel)?
        switch state {
        case .stopped, .down: return
        case .connecting:
            channel = nil
            loop.core.failedToReach(peer)
        case .greeting(let open, _):
            channel = open
            loop.core.failedToReach(peer)
        case .up(let open, _):
            channel = open
            loop.core.lost(peer)
        }
        state = .down
        outgoing.clear()
        channel?.close(promise: nil)
        let place = address?.description ?? ""
        if troubles.add(reason, at: place) {
            loop.logger.log(
                level: isWarning ? .warning : .info, "no connection to a peer: \(reason)",
                metadata: ["peer": "\(peer)", "address": "\(place)"])
        }
        if isRetried { retryLater() }
    }

    private func retryLater() {
        failures += 1
        // 50 ms, doubled up to 1 s, each varied so that peers do not knock in step.
        let ceiling = min(1_000, 50 << min(failures - 1, 5))
        let delay = Int64.random(in: Int64(ceiling / 2)...Int64(ceiling))
        loop.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(delay)) { [weak self] in
            self?.connect()
        }
    }

    /// Connects anew if it is up.
    func greetAgain(_ reason: String) {
        if isUp { goDown(reason) }
    }

    func stop() {
        if case .up(let channel, _) = state {
            loop.core.lost(peer)
            flush()
            channel.close(promise: nil)
        }
        if case .greeting(let channel, _) = state { channel.close(promise: nil) }
        state = .stopped
    }

    // MARK: Sending

    /// Queues a message; all of a turn leave together.
    func send(_ message: Message, group: GroupID, persistSequence: PersistSequence, sent: UInt64) {
        write { (buffer, version) throws(WireError) in
            // A peer of an older version does without what it does not know.
            _ = try message.write(
                group: group, persistSequence: persistSequence, sent: sent, version: version, into: &buffer)
        }
    }

    /// The same. That this process yields is said also to who has let it in, and has not been heard yet.
    func send(_ frame: NodeFrame) {
        if case .greeting(let channel, _) = state, case .yields = frame {
            var buffer = channel.allocator.buffer(capacity: 64)
            _ = try? frame.write(version: WireVersion.starts, into: &buffer)
            channel.writeAndFlush(buffer, promise: nil)
        }
        write { (buffer, version) throws(WireError) in
            _ = try frame.write(version: version, into: &buffer)
        }
    }

    /// Queues a request for the peer that leads: of this node's own clients, or of others that cannot reach it.
    func send(_ frame: ClientFrame) -> RequestSending {
        guard isUp else { return .unreachable }
        var isKnown = true
        let hasRoom = write { (buffer, version) throws(WireError) in
            isKnown = try frame.write(version: version, into: &buffer)
        }
        return hasRoom ? isKnown ? .sent : .unknownToPeer : .noRoom
    }

    /// Returns whether there was room.
    @discardableResult
    private func write(_ body: (inout ByteBuffer, UInt16) throws(WireError) -> Void) -> Bool {
        guard case .up(let channel, let version) = state else { return false }
        guard outgoing.readableBytes + Self.unsentBytes(of: channel) <= Self.queueBytes else {
            dropped += 1
            if dropped == 1 {
                loop.logger.warning(
                    "a peer takes too little: dropping what does not fit its queue",
                    metadata: ["peer": "\(peer)"])
            }
            return false
        }
        dropped = 0
        do throws(WireError) {
            try body(&outgoing, version)
        } catch {
            loop.logger.error("cannot send to node \(peer): \(error)")
        }
        return true
    }

    private static func unsentBytes(of channel: any Channel) -> Int {
        guard !channel.isWritable else { return 0 }
        return (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func flush() {
        guard case .up(let channel, _) = state, outgoing.readableBytes > 0 else { return }
        let buffer = outgoing
        outgoing = channel.allocator.buffer(capacity: min(buffer.readableBytes, 1 << 18))
        channel.writeAndFlush(buffer, promise: nil)
    }
}

/// The channel's end of a peer link.
private final class OutboundConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: PeerLink
    private var decoder = FrameDecoder()

    init(link: PeerLink) { self.link = link }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        do throws(WireError) {
            while let frame = try decoder.next() {
                try link.take(frame, on: context.channel)
                if let version = link.version { decoder.version = version }
            }
        } catch {
            link.lost(context.channel, "\(error)", isWarning: true)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        link.lost(context.channel, "the connection was closed")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        link.lost(context.channel, "the connection broke: \(NodeAddress.explain(error))")
    }
}
