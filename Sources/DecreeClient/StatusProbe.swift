import DecreeWire
import NIOCore
import NIOPosix

/// Asks one node for its status, over a connection of its own: so it works whatever state a client's
/// connections are in, and says plainly what is wrong with that node.
struct StatusProbe {
    let address: NodeAddress
    let cluster: String
    let time: TimeAmount

    func run(on eventLoop: any EventLoop) async throws(ClientError) -> [UInt8] {
        let answer = eventLoop.makePromise(of: [UInt8].self)
        let timeout = eventLoop.scheduleTask(in: time) { answer.fail(ClientError.timedOut(address)) }
        defer { timeout.cancel() }
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(time)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        StatusHandler(cluster: cluster, answer: answer))
                }
            }
        let connected = bootstrap.connect(host: address.host, port: address.port)
        connected.whenFailure { answer.fail($0) }
        do {
            let status = try await answer.futureResult.get()
            connected.whenSuccess { $0.close(promise: nil) }
            return status
        } catch {
            connected.whenSuccess { $0.close(promise: nil) }
            if let error = error as? ClientError { throw error }
            throw .unreachable([
                ClientError.Trouble(address: address, reason: Link.explain(error))
            ])
        }
    }
}

/// Greets, asks, and hands over the answer.
private final class StatusHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let cluster: String
    private let answer: EventLoopPromise<[UInt8]>
    private var decoder = FrameDecoder()

    init(cluster: String, answer: EventLoopPromise<[UInt8]>) {
        self.cluster = cluster
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        send(.hello(Hello(clientOf: cluster)), context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        do throws(WireError) {
            while let frame = try decoder.next() { received(frame, context) }
        } catch {
            answer.fail(error)
        }
    }

    private func received(_ frame: Frame, _ context: ChannelHandlerContext) {
        switch frame {
        case .helloReply(.admitted): send(.client(.statusRequest(id: 1)), context)
        case .helloReply(.refused(_, let reason)): answer.fail(RefusedError(description: reason))
        case .client(.statusResponse(_, let status)): answer.succeed(status)
        case .hello, .peer, .client: answer.fail(WireError.unexpected("\(frame)"))
        }
    }

    private func send(_ frame: Frame, _ context: ChannelHandlerContext) {
        var buffer = ByteBuffer()
        do throws(WireError) {
            try frame.write(into: &buffer)
            context.writeAndFlush(NIOAny(buffer), promise: nil)
        } catch {
            answer.fail(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(RefusedError(description: "it closed the connection without an answer"))
    }
}

private struct RefusedError: Error, CustomStringConvertible {
    let description: String
}
