public import Logging
public import NIOCore
import NIOPosix
public import Paxos

/// A client of a cluster: it keeps connections to all nodes, and gives sessions that share them.
///
///     let client = DecreeClient(cluster: "bank", nodes: [NodeAddress("127.0.0.1:7001")!])
///     let session = client.session()
///     switch await session.submit(command) {
///     case .ok(let reply, _): …
///     case .rejected(let reason, _): …   // the state machine's answer
///     case .failed(let reason): …        // definitely not done
///     case .unknown(let reason, _): …    // done, or not
///     }
///     await client.close()
///
/// Connections are made and made again in the background; a request waits for one until its deadline.
/// Close it when done: it goes on connecting otherwise.
public final class DecreeClient: Sendable {
    /// How a client is set up.
    public struct Configuration: Sendable {
        /// The cluster's name; empty for whichever cluster stands at the addresses.
        public var cluster: String
        /// Where its nodes are. Any one will do to begin with: the others are learnt from it.
        public var nodes: [NodeAddress]
        /// The group whose log is meant.
        public var group: GroupID
        /// Connections to each node; sessions are spread over them. One carries a few hundred thousand
        /// requests a second.
        public var connections: Int
        /// The time a request has, where it says nothing else.
        public var deadline: Duration
        /// Bounds and pauses of each session.
        public var session: ClientSettings
        /// Where troubles with connections are told.
        public var logger: Logger

        /// A configuration with the defaults.
        public init(
            cluster: String, nodes: [NodeAddress], group: GroupID = .first, connections: Int = 1,
            deadline: Duration = .seconds(10), session: ClientSettings = ClientSettings(),
            logger: Logger = Logger(label: "decree.client")
        ) {
            self.cluster = cluster
            self.nodes = nodes
            self.group = group
            self.connections = connections
            self.deadline = deadline
            self.session = session
            self.logger = logger
        }
    }

    /// How it was set up.
    public let configuration: Configuration
    private let lanes: [LaneHandle]
    let group: any EventLoopGroup
    let conversations = Conversations()

    /// A client that connects at once, in the background, on NIO's shared threads unless told otherwise.
    public init(_ configuration: Configuration, eventLoopGroup: (any EventLoopGroup)? = nil) {
        let group = eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton
        self.configuration = configuration
        self.group = group
        lanes = (0..<max(1, configuration.connections)).map { _ in
            LaneHandle(configuration: configuration, eventLoop: group.next())
        }
        for lane in lanes { lane.post(.start) }
    }

    /// As `init(_:eventLoopGroup:)`, with the defaults.
    public convenience init(
        cluster: String, nodes: [NodeAddress], group: GroupID = .first, connections: Int = 1
    ) {
        self.init(
            Configuration(cluster: cluster, nodes: nodes, group: group, connections: connections))
    }

    /// A new session, which the cluster hears of when its first command is submitted. Sessions are made to
    /// be kept: each one costs the cluster an entry in its log.
    public func session() -> Session {
        let lane = lanes[sessionCount.next(modulo: lanes.count)]
        return Session(lane: lane, deadline: configuration.deadline)
    }

    private let sessionCount = RoundRobin()

    /// Waits until a node is connected.
    ///
    /// - Throws: `ClientError.unreachable` when time is up, or as soon as every node has refused for good.
    public func connected(within time: Duration = .seconds(5)) async throws(ClientError) {
        let deadline = NIODeadline.now() + TimeAmount(time)
        let result = await withUnsafeContinuation { continuation in
            lanes[0].post(.awaitConnection(continuation, deadline: deadline))
        }
        try result.get()
    }

    /// Completes what is pending (as *failed* or *unknown*, whichever is true) and closes all connections.
    /// Await the outcomes you care for before.
    public func close() async {
        for lane in lanes {
            await withUnsafeContinuation { continuation in lane.post(.close(continuation)) }
        }
        conversations.closeAll()
    }
}
