import DecreeWire
import NIOCore
import NIOPosix
import Paxos
import Synchronization

/// A node that speaks the wire and does whatever a test says.
final class FakeNode: Sendable {
    /// What it does about a frame.
    enum Reaction: Sendable {
        case answer(ClientFrame)
        case silence
        case close
        case garbage
    }

    let id: NodeID
    let cluster: String
    let genesis: Digest
    let address: Mutex<Int> = Mutex(0)
    private let react: @Sendable (ClientFrame) -> Reaction
    private let refusals: Int
    private let server = Mutex<(any Channel)?>(nil)
    private let connections = Mutex<[any Channel]>([])
    private let accepted = Atomic<Int>(0)

    init(
        _ id: UInt16, cluster: String = "bank", genesis: Digest = .zero, refusals: Int = 0,
        react: @escaping @Sendable (ClientFrame) -> Reaction
    ) {
        self.id = NodeID(id)
        self.cluster = cluster
        self.genesis = genesis
        self.refusals = refusals
        self.react = react
    }

    var port: Int { address.withLock { $0 } }

    /// Connections it has ever taken.
    var connectionCount: Int { accepted.load(ordering: .relaxed) }

    /// Listens, on the port it had before if it had one.
    func start() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                self.accepted.wrappingAdd(1, ordering: .relaxed)
                self.connections.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FakeNodeHandler(node: self))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        address.withLock { $0 = channel.localAddress?.port ?? 0 }
        server.withLock { $0 = channel }
    }

    /// As a node that is killed.
    func stop() async throws {
        let channel = server.withLock { server in
            defer { server = nil }
            return server
        }
        try await channel?.close()
        dropConnections()
    }

    func dropConnections() {
        let channels = connections.withLock { channels in
            defer { channels = [] }
            return channels
        }
        for channel in channels { channel.close(promise: nil) }
    }

    fileprivate func greet(_ hello: Hello) -> HelloReply {
        if connectionCount <= refusals { return .refused(.tooManyConnections, reason: "no room for you") }
        let identity = NodeIdentity(
            cluster: cluster, genesis: genesis, node: id, store: StoreID(rawValue: 1), persistSequence: 0)
        return Handshake.answer(to: hello, as: identity, witnessed: nil, standing: .unknown).reply
    }

    fileprivate func reaction(to frame: ClientFrame) -> Reaction { react(frame) }
}

private final class FakeNodeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let node: FakeNode
    private var decoder = FrameDecoder()
    private var outgoing = ByteBuffer()

    init(node: FakeNode) { self.node = node }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        do {
            while let frame = try decoder.next() {
                switch frame {
                case .hello(let hello):
                    let reply = node.greet(hello)
                    if case .admitted(let admission) = reply { decoder.version = admission.version }
                    try reply.write(into: &outgoing)
                case .client(let frame):
                    switch node.reaction(to: frame) {
                    case .answer(let answer): try answer.write(version: decoder.version, into: &outgoing)
                    case .silence: break
                    case .garbage: outgoing.writeString("HTTP/1.1 400 Bad Request\r\n\r\n")
                    case .close: return context.close(promise: nil)
                    }
                case .helloReply, .peer, .node: return context.close(promise: nil)
                }
            }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard outgoing.readableBytes > 0 else { return }
        context.writeAndFlush(NIOAny(outgoing), promise: nil)
        outgoing.clear()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// The sessions of a cluster: what was executed is not executed again. The reply to a command is its
/// payload.
final class FakeLog: Sendable {
    private struct FakeSession {
        var firstUnacknowledged: UInt64 = 1
        var replies: [UInt64: (Reply, LogPosition)] = [:]
    }

    private struct State {
        var slot: UInt64 = 0
        var sessions: [SessionID: FakeSession] = [:]
        var executions: [[UInt8]: Int] = [:]
    }

    private let state = Mutex(State())

    var executions: [[UInt8]: Int] { state.withLock { $0.executions } }

    func answer(_ frame: ClientFrame) -> ClientFrame {
        switch frame {
        case .request(let id, _, let request), .relay(let id, _, let request):
            .response(id: id, execute(request))
        case .statusRequest(let id): .statusResponse(id: id, Array("{\"node\":1}".utf8))
        case .response, .statusResponse, .join, .welcome: frame
        }
    }

    func execute(_ request: ClientRequest) -> ClientResponse {
        state.withLock { state in
            switch request {
            case .openSession:
                state.slot += 1
                let session = SessionID(openedAt: LogPosition(slot: Slot(state.slot), index: 0))
                state.sessions[session] = FakeSession()
                return .opened(session)
            case .command(let id, let sequence, let firstUnacknowledged, let payload),
                .batch(let id, let sequence, let firstUnacknowledged, let payload):
                guard var session = state.sessions[id] else { return .sessionExpired }
                for done in session
                    .firstUnacknowledged..<max(session.firstUnacknowledged, firstUnacknowledged)
                {
                    session.replies[done] = nil
                }
                session.firstUnacknowledged = max(session.firstUnacknowledged, firstUnacknowledged)
                defer { state.sessions[id] = session }
                // An attempt that was overtaken by its own retry.
                guard sequence >= session.firstUnacknowledged else { return .alreadyAcknowledged }
                if let (reply, position) = session.replies[sequence] { return .executed(reply, position) }
                state.slot += 1
                state.executions[Array(payload), default: 0] += 1
                let position = LogPosition(slot: Slot(state.slot), index: 0)
                let reply = Reply.ok(Array(payload))
                session.replies[sequence] = (reply, position)
                return .executed(reply, position)
            case .query(let payload, let consistency):
                return .answered(
                    .ok(Array(payload)), executedThrough: Slot(state.slot), consistency: consistency)
            case .admin: return .refused(.unknownGroup)
            }
        }
    }
}
