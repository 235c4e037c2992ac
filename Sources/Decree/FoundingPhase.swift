import DecreeClient
import DecreeNode
import DecreeStore
import DecreeWire
import Foundation
import Logging
import NIOCore
import NIOPosix
import Paxos

/// A node that has no store, or whose founding is not complete, among the others that are to found the cluster: what
/// `Founder` decides, with sockets and a disk. It asks each of the others how far it is, over a connection for each
/// question, and answers those who ask.
final class FoundingPhase {
    /// What is done to the store, on a thread of its own.
    struct Storage: Sendable {
        let prepare: @Sendable (FoundingRecord) throws -> Void
        let complete: @Sendable (FoundingRecord) throws -> Void
        let delete: @Sendable (FoundingRecord) throws -> Void
    }

    private let eventLoop: any EventLoop
    private let logger: Logger
    private let directory: String
    private let storage: Storage
    private var founder: Founder
    private var ticker: RepeatedTask?
    private var isOver = false
    /// Succeeds when the founding is complete; fails with `CancellationError` when the node is told to stop.
    let done: EventLoopPromise<Void>
    /// Who is being asked, and from when on each is asked again.
    private var asked: Set<NodeID> = []
    private var asksFrom: [NodeID: NIODeadline] = [:]
    private var failures: [NodeID: Int] = [:]
    private var said = ""
    private var saidAt = NIODeadline.uptimeNanoseconds(0)
    private var warnings: Set<String> = []

    init(
        _ founder: Founder, directory: String, storage: Storage, eventLoop: any EventLoop, logger: Logger
    ) {
        self.founder = founder
        self.directory = directory
        self.storage = storage
        self.eventLoop = eventLoop
        self.logger = logger
        done = eventLoop.makePromise()
    }

    func start() {
        perform(founder.start())
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ticker = eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(25)) { _ in
            bound.value.tick()
        }
    }

    /// The node is told to stop.
    func stop() { end(.failure(CancellationError())) }

    /// What a process that connects is told.
    func answer(_ hello: Hello) -> HelloReply {
        guard hello.role == .founder, let claim = hello.claim else {
            founder.greeted(by: hello)
            return .refused(.unavailable, reason: founder.excuse)
        }
        // It is up: no need to wait before asking it.
        failures[claim.node] = 0
        asksFrom[claim.node] = nil
        take(claim, answering: nil)
        return .founding(founder.claim)
    }

    // MARK: Asking

    private func tick() {
        guard !isOver else { return }
        let now = NIODeadline.now()
        for node in founder.asks where !asked.contains(node) && now >= asksFrom[node] ?? now { ask(node) }
        tell(now)
    }

    private func ask(_ node: NodeID) {
        let place = founder.address(of: node, attempt: failures[node] ?? 0)
        guard let address = NodeAddress(place) else { return }
        asked.insert(node)
        let question = Question(Hello(founding: founder.claim, to: node), of: node, by: self)
        Dial.connect(to: address, on: eventLoop, within: .seconds(1), silence: .betweenNodes)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel): question.ask(channel)
                case .failure(let error):
                    question.end(.failure("cannot connect: \(NodeAddress.explain(error))"))
                }
            }
    }

    fileprivate func answered(_ answer: Answer, by node: NodeID, to sent: FoundingClaim?) {
        asked.remove(node)
        guard !isOver else { return }
        let failures: Int
        switch answer {
        case .claim(let claim):
            failures = 0
            heard(claim, from: node, to: sent)
        case .failure(let reason):
            failures = (self.failures[node] ?? 0) + 1
            founder.cannotReach(node, reason)
        }
        self.failures[node] = failures
        asksFrom[node] = .now() + .milliseconds(min(1_000, 50 << Int64(min(failures, 5))))
    }

    private func heard(_ claim: FoundingClaim, from node: NodeID, to sent: FoundingClaim?) {
        if case .complete = claim.stage {
        } else if claim.node != node {
            founder.cannotReach(node, "node \(claim.node) answers there; check the addresses in \"nodes\"")
            return
        }
        if !ClusterName.areSame(claim.cluster, founder.plan.cluster) {
            founder.cannotReach(
                node, "a node of cluster \"\(claim.cluster)\" answers there; check the addresses in \"nodes\""
            )
            return
        }
        take(claim, answering: sent)
    }

    private func take(_ claim: FoundingClaim, answering sent: FoundingClaim?) {
        for warning in founder.plan.otherAddresses(in: claim) where warnings.insert(warning).inserted {
            logger.warning("\(warning)")
        }
        perform(founder.hear(claim, answering: sent))
    }

    // MARK: The store

    private func perform(_ action: Founder.Action?) {
        guard !isOver else { return }
        switch action {
        case nil: break
        case .prepare(let record):
            work({ [storage] in try storage.prepare(record) }) { $0.perform($0.founder.prepared()) }
        case .complete(let record):
            work({ [storage] in try storage.complete(record) }) { phase in
                phase.founder.completed()
                phase.logger.notice("founded the cluster with all nodes of \"nodes\"")
                phase.end(.success(()))
            }
        case .delete(let record):
            logger.notice("a node died before it had made its store: the founding begins again")
            work({ [storage] in try storage.delete(record) }) { phase in
                phase.perform(phase.founder.deleted(newToken: .random(in: 1...UInt64.max)))
            }
        case .refuse(let refusal):
            let reason = refusal.description(of: directory)
            end(
                .failure(
                    refusal.isMember
                        ? NodeError.fenced(reason) : NodeError.configuration(ConfigurationError(reason))))
        }
    }

    private func work(
        _ job: @escaping @Sendable () throws -> Void, then: @escaping (FoundingPhase) -> Void
    ) {
        let bound = NIOLoopBound((phase: self, then: then), eventLoop: eventLoop)
        let eventLoop = eventLoop
        let thread = Thread {
            let result = Result { try job() }
            eventLoop.execute {
                let (phase, then) = bound.value
                switch result {
                case .success: then(phase)
                case .failure(let error):
                    phase.end(.failure((error as? StoreError).map { NodeError.store($0) } ?? error))
                }
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    private func end(_ result: Result<Void, any Error>) {
        guard !isOver else { return }
        isOver = true
        ticker?.cancel()
        done.completeWith(result)
    }

    // MARK: What is said

    /// Once a change, and every 30 s.
    private func tell(_ now: NIODeadline) {
        let waited = founder.waitsFor
        guard !waited.isEmpty else { return }
        let text = waited.map { "node \($0.node) at \(founder.plan.address(of: $0.node)): \($0.reason)" }
            .joined(separator: "; ")
        guard text != said || now - saidAt >= .seconds(30) else { return }
        said = text
        saidAt = now
        logger.notice(
            "waiting to found the cluster together with all nodes of \"nodes\", each with an empty directory: \(text)"
        )
    }
}

private enum Answer {
    case claim(FoundingClaim)
    case failure(String)
}

/// One question, on a connection of its own.
private final class Question: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let hello: Hello
    private let node: NodeID
    private var phase: FoundingPhase?
    private var decoder = FrameDecoder()

    init(_ hello: Hello, of node: NodeID, by phase: FoundingPhase) {
        self.hello = hello
        self.node = node
        self.phase = phase
    }

    func end(_ answer: Answer) {
        phase?.answered(answer, by: node, to: hello.claim)
        phase = nil
    }

    func ask(_ channel: any Channel) {
        var buffer = channel.allocator.buffer(capacity: 512)
        do {
            try hello.write(into: &buffer)
            try Dial.begin(channel, with: self)
        } catch {
            channel.close(promise: nil)
            return end(.failure(NodeAddress.explain(error)))
        }
        channel.writeAndFlush(buffer, promise: nil)
        channel.eventLoop.assumeIsolated().scheduleTask(in: .seconds(2)) { [weak self] in
            self?.end(.failure("it does not answer"))
            channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        do throws(WireError) {
            guard let frame = try decoder.next() else { return }
            switch frame {
            case .helloReply(.founding(let claim)): end(.claim(claim))
            case .helloReply(.refused(_, let reason)): end(.failure(reason))
            default: end(.failure("it answers with \(frame.name)"))
            }
        } catch {
            end(.failure("\(error)"))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(
            .failure(
                "it closes the connection without an answer; if it runs an earlier version, upgrade it"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.failure("the connection broke: \(error)"))
        context.close(promise: nil)
    }
}
