package import NIOCore
import NIOPosix

/// A connection in the making: the one way in which this process makes any. The name is looked up beside the loop, its
/// addresses are tried one after the other, each as the one before fails or a quarter of a second after it (RFC 8305), and
/// the first that answers is taken.
package final class Dial {
    /// How soon the system is to give up a connection whose other end acknowledges nothing.
    package enum Silence: Sendable {
        /// A node to a node: after a second and a half, to connect again, for TCP would wait longer and longer before it
        /// tries again, and go on waiting when the network has healed.
        case betweenNodes
        /// Half a minute: machines that vanished are found out, and so are processes that read nothing for so long while
        /// something is sent to them.
        case ofClients
    }

    private static let stagger = TimeAmount.milliseconds(250)
    /// Large enough that a batch comes in one read, small enough that one sender does not hold the loop.
    package static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
        minimum: 4_096, initial: 65_536, maximum: 262_144)

    private let address: NodeAddress
    private let eventLoop: any EventLoop
    private let patience: TimeAmount
    private let silence: Silence
    private let promise: EventLoopPromise<any Channel>
    private var rest: ArraySlice<SocketAddress> = []
    private var count = 0
    private var troubles: [String] = []
    private var running = 0
    private var isOver = false
    private var timer: Scheduled<Void>?

    private init(
        _ address: NodeAddress, _ eventLoop: any EventLoop, _ patience: TimeAmount, _ silence: Silence
    ) {
        self.address = address
        self.eventLoop = eventLoop
        self.patience = patience
        self.silence = silence
        promise = eventLoop.makePromise()
    }

    /// Connects. The channel reads nothing before it is told to: the caller hands it to `begin` with its
    /// handler. Called on the loop.
    ///
    /// - Parameters:
    ///   - patience: how long the lookup, and each of the addresses, may take.
    ///   - silence: how long the other end may be silent later.
    /// - Returns: the channel; or an error whose description says in words why there is none.
    package static func connect(
        to address: NodeAddress, on eventLoop: any EventLoop, within patience: TimeAmount, silence: Silence
    ) -> EventLoopFuture<any Channel> {
        connect(to: address, on: eventLoop, within: patience, silence: silence, lookups: .shared)
    }

    static func connect(
        to address: NodeAddress, on eventLoop: any EventLoop, within patience: TimeAmount, silence: Silence,
        lookups: NameLookups
    ) -> EventLoopFuture<any Channel> {
        let dial = Dial(address, eventLoop, patience, silence)
        dial.setTimer(patience)
        let bound = NIOLoopBound(dial, eventLoop: eventLoop)
        lookups.find(address.host) { outcome in eventLoop.execute { bound.value.found(outcome) } }
        return dial.promise.futureResult
    }

    /// Adds the last handler, and starts to read.
    package static func begin(_ channel: any Channel, with handler: some ChannelInboundHandler) throws {
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.syncOptions?.setOption(.autoRead, value: true)
    }

    private func setTimer(_ time: TimeAmount) {
        timer?.cancel()
        timer = eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            end(.failure(count == 0 ? LookupError.silent : explained("no answer in time")))
        }
    }

    private func found(_ outcome: NameLookups.Outcome) {
        guard !isOver else { return }
        switch outcome {
        case .failure(let error): end(.failure(error))
        case .success(let addresses):
            rest =
                addresses.map {
                    var address = $0
                    address.port = self.address.port
                    return address
                }[...]
            count = rest.count
            setTimer(patience + Self.stagger * (count - 1))
            tryNext()
        }
    }

    private func tryNext() {
        guard !isOver, let next = rest.popFirst() else { return }
        running += 1
        ClientBootstrap(group: eventLoop)
            .connectTimeout(patience)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelOption(.recvAllocator, value: Self.receiveAllocator)
            .connect(to: next)
            .assumeIsolated()
            .whenComplete { [self] result in
                running -= 1
                switch result {
                case .success(let channel) where isOver: channel.close(promise: nil)
                case .success(let channel):
                    SilentPeer.detect(on: channel, after: silence)
                    end(.success(channel))
                case .failure(let error):
                    let reason = NodeAddress.explain(error)
                    troubles.append(count > 1 ? "\(next.ipAddress ?? "\(next)"): \(reason)" : reason)
                    if rest.isEmpty, running == 0 { end(.failure(explained(nil))) } else { tryNext() }
                }
            }
        guard !rest.isEmpty else { return }
        eventLoop.assumeIsolated().scheduleTask(in: Self.stagger) { [self] in tryNext() }
    }

    private func explained(_ last: String?) -> DialError {
        let all = troubles.prefix(4) + (last.map { [$0] } ?? [])
        let prefix = count > 1 ? "none of its \(count) addresses answers: " : ""
        return DialError(description: prefix + all.joined(separator: "; "))
    }

    private func end(_ result: Result<any Channel, any Error>) {
        guard !isOver else {
            if case .success(let channel) = result { channel.close(promise: nil) }
            return
        }
        isOver = true
        timer?.cancel()
        promise.completeWith(result)
    }
}

/// Why no connection could be made, in words.
struct DialError: Error, CustomStringConvertible {
    let description: String
}

/// Has the system find out connections whose other end is gone, on every side of them.
package enum SilentPeer {
    #if os(Linux)
        private static let idle = NIOBSDSocket.Option(rawValue: 4)
        private static let interval = NIOBSDSocket.Option(rawValue: 5)
        private static let count = NIOBSDSocket.Option(rawValue: 6)
        /// TCP_USER_TIMEOUT (RFC 5482): how long sent bytes may stay unacknowledged, in milliseconds.
        private static let unacknowledged = NIOBSDSocket.Option(rawValue: 18)
    #elseif canImport(Darwin)
        private static let idle = NIOBSDSocket.Option(rawValue: 0x10)
        private static let interval = NIOBSDSocket.Option(rawValue: 0x101)
        private static let count = NIOBSDSocket.Option(rawValue: 0x102)
    #endif

    /// Asks a silent end after 15 seconds, and gives it up after another 15; sooner if it leaves what it was sent
    /// unacknowledged. A socket that does not know an option does without it.
    package static func detect(on channel: any Channel, after silence: Dial.Silence) {
        guard let options = channel.syncOptions else { return }
        func set(_ level: NIOBSDSocket.OptionLevel, _ name: NIOBSDSocket.Option, _ value: SocketOptionValue) {
            try? options.setOption(ChannelOptions.Types.SocketOption(level: level, name: name), value: value)
        }
        set(.socket, .so_keepalive, 1)
        #if os(Linux) || canImport(Darwin)
            set(.tcp, idle, 15)
            set(.tcp, interval, 5)
            set(.tcp, count, 3)
        #endif
        #if os(Linux)
            set(.tcp, unacknowledged, silence == .betweenNodes ? 1_500 : 30_000)
        #endif
    }
}
