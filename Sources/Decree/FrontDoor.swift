import DecreeClient
import DecreeNode
import DecreeWire
import Logging
import NIOCore
import NIOPosix

/// A node's listening socket, bound before anything is written: while the node is founded, or its store is opened, it
/// tells everybody so; then the loop takes its connections.
final class FrontDoor {
    let logger: Logger
    /// The founding that is under way.
    var founding: FoundingPhase?
    /// The running node.
    var loop: NodeLoop?

    init(logger: Logger) { self.logger = logger }

    fileprivate func handler() -> any ChannelInboundHandler {
        if let loop { InboundConnection(loop: loop) } else { EarlyConnection(door: self) }
    }

    fileprivate func answer(_ hello: Hello) -> HelloReply {
        guard let founding else { return .refused(.unavailable, reason: "this node is starting") }
        return founding.answer(hello)
    }

    /// Binds the node's address.
    static func open(_ door: NIOLoopBound<FrontDoor>, at host: String, port: Int) async throws -> any Channel
    {
        do {
            return try await ServerBootstrap(group: door.eventLoop)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.recvAllocator, value: Dial.receiveAllocator)
                .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        SilentPeer.detect(on: channel, after: .ofClients)
                        try channel.pipeline.syncOperations.addHandler(door.value.handler())
                    }
                }
                .bind(host: host, port: port).get()
        } catch {
            throw NodeError(listeningAt: host, port, error)
        }
    }
}

/// A connection to a node that does not run yet: it is told so, or how far the founding is, and closed.
private final class EarlyConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let door: FrontDoor
    private var decoder = FrameDecoder()
    private var isAnswered = false

    init(door: FrontDoor) { self.door = door }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        // Who says nothing is not waited for.
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        decoder.append(unwrapInboundIn(data))
        do throws(WireError) {
            guard let frame = try decoder.next() else { return }
            guard case .hello(let hello) = frame else { throw .unexpected("the first frame is no hello") }
            isAnswered = true
            var buffer = context.channel.allocator.buffer(capacity: 256)
            try door.answer(hello).write(into: &buffer)
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(buffer)).whenComplete { _ in channel.close(promise: nil) }
        } catch {
            door.logger.debug("closing a connection: \(error)")
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
