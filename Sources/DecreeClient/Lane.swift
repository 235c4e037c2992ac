import DecreeWire
import Logging
import NIOCore
import Paxos

/// One connection to each node, and the sessions that use them. Everything in it belongs to one event
/// loop; other threads reach it through `LaneHandle` only.
///
/// Frames are gathered in the links' buffers and flushed once a turn of the loop.
final class Lane {
    /// A request id has room for this many sessions.
    static let sessionLimit = 1 << 16
    private static let tickTime = TimeAmount.milliseconds(10)

    let configuration: DecreeClient.Configuration
    let eventLoop: any EventLoop
    let logger: Logger
    private let indices: SessionIndices
    var links: [Link] = []
    private(set) var linkOfNode: [NodeID: Link] = [:]
    var search = MemberSearch()
    /// What the cluster was created with that the links lead to, and the sessions are of; nil before the first link.
    var genesis: Digest?
    private var sessions: [Seat?] = []
    /// Where the next session of an index starts counting, lest it take late responses for its own.
    private var firstNumbers: [UInt64] = []
    private var waiters = Waiters()
    private var actions: [ClientAction] = []
    private var finished: [(Waiter, Outcome)] = []
    private var isFinishing = false
    private var turns = 0
    /// When the turn began, asked once: the clock costs as much as a request.
    private var now: UInt64 = 0
    private var isFlushScheduled = false
    private var isTicking = false
    private var spareOrders: [Order] = []
    private var connectionWaiters: [UnsafeContinuation<Result<Void, ClientError>, Never>?] = []
    private(set) var isClosed = false

    init(
        configuration: DecreeClient.Configuration, eventLoop: any EventLoop, indices: SessionIndices
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.indices = indices
        logger = configuration.logger
    }

    // MARK: Orders

    func drain(_ inbox: Inbox<Order>) {
        var orders = spareOrders
        spareOrders = []
        inbox.swap(&orders)
        turn {
            for order in orders { take(order) }
        }
        orders.removeAll(keepingCapacity: orders.count <= 4_096)
        spareOrders = orders
    }

    private func take(_ order: Order) {
        switch order {
        case .start: start()
        case .request(let request): take(request)
        case .endSession(let index): endSession(index)
        case .awaitConnection(let continuation, let deadline):
            awaitConnection(continuation, deadline: deadline)
        case .close(let continuation): close(continuation)
        }
    }

    /// A request from the loop itself, which may make more of them before it looks at its sockets.
    func takeNow(_ request: Order.Request) { turn(isFlushDeferred: true) { take(request) } }

    private func start() {
        links = configuration.nodes.map { Link(address: $0, lane: self) }
        for link in links { link.connect() }
        scheduleSearch()
    }

    private func makeSession(_ index: Int) {
        while sessions.count <= index {
            sessions.append(nil)
            firstNumbers.append(1)
        }
        guard sessions[index] == nil else { return }
        let seat = Seat(
            Client(
                group: configuration.group, settings: configuration.session,
                jitterSeed: UInt64.random(in: 0...UInt64.max), firstNumber: firstNumbers[index]))
        seat.client.log = log
        sessions[index] = seat
        for (node, _) in linkOfNode.sorted(by: { $0.key < $1.key }) {
            with(index) { client, now, actions in client.connected(node, now: now, into: &actions) }
        }
        if isClosed { with(index) { client, _, actions in client.close(into: &actions) } }
    }

    private func take(_ request: Order.Request) {
        guard request.session < Self.sessionLimit else {
            finished.append((request.waiter, .failed(.queueFull(limit: Self.sessionLimit))))
            return
        }
        makeSession(request.session)
        let ticket = waiters.add(request.waiter)
        with(request.session) { client, now, actions in
            switch request.kind {
            case .command, .batch:
                client.submit(
                    request.payload, isBatch: request.kind == .batch, deadline: request.deadline,
                    ticket: ticket, now: now,
                    into: &actions)
            case .query(let consistency):
                client.query(
                    request.payload, consistency: consistency, deadline: request.deadline, ticket: ticket,
                    now: now, into: &actions)
            }
        }
        startTicking()
    }

    private func endSession(_ index: Int) {
        with(index) { client, _, actions in client.close(into: &actions) }
        if sessions.indices.contains(index), let seat = sessions[index] {
            firstNumbers[index] = seat.client.nextNumber
            sessions[index] = nil
        }
        indices.giveBack(index)
    }

    private func close(_ continuation: UnsafeContinuation<Void, Never>) {
        isClosed = true
        withEachSession { client, _, actions in client.close(into: &actions) }
        tellConnectionWaiters(.failure(.closed))
        let futures = links.map { $0.close() }
        links = []
        EventLoopFuture.andAllComplete(futures, on: eventLoop).whenComplete { _ in continuation.resume() }
    }

    // MARK: Turns

    /// Runs `body` as a part of the loop's turn; at its end outcomes are told and frames flushed. A turn
    /// within a turn leaves both to the outer one. Where the loop may call again before it looks at its
    /// sockets, the flush is put off to then.
    func turn(isFlushDeferred: Bool = false, _ body: () -> Void) {
        turns += 1
        if turns == 1 { now = NIODeadline.now().uptimeNanoseconds }
        body()
        if turns == 1 { tellOutcomes() }
        turns -= 1
        guard turns == 0 else { return }
        guard isFlushDeferred else {
            flush()
            return
        }
        guard !isFlushScheduled, links.contains(where: \.hasOutgoing) else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.flush()
        }
    }

    private func flush() { for link in links { link.flush() } }

    /// Whoever is told may submit again, which adds to the list.
    private func tellOutcomes() {
        guard !isFinishing else { return }
        isFinishing = true
        var index = 0
        while index < finished.count {
            let (waiter, outcome) = finished[index]
            waiter.complete(outcome)
            index += 1
        }
        finished.removeAll(keepingCapacity: index <= 4_096)
        isFinishing = false
    }

    /// Lets something happen to a session, and does what it wants done.
    private func with(
        _ index: Int, _ body: (inout Client, UInt64, inout [ClientAction]) -> Void
    ) {
        guard sessions.indices.contains(index), let seat = sessions[index] else { return }
        assert(turns > 0, "the time is that of a turn")
        body(&seat.client, now, &actions)
        var unsent: [(id: RequestID, node: NodeID, sending: Link.Sending)] = []
        for action in actions {
            switch action {
            case .send(let id, let node, let request):
                let whole = UInt64(index) << RequestID.bits | id.rawValue
                let sending =
                    linkOfNode[node]?.send(
                        .request(id: whole, group: configuration.group, request)) ?? .sent
                if sending != .sent { unsent.append((id, node, sending)) }
            case .relay(let id, let node, let request):
                let whole = UInt64(index) << RequestID.bits | id.rawValue
                let sending =
                    linkOfNode[node]?.send(.relay(id: whole, group: configuration.group, request)) ?? .sent
                if sending != .sent { unsent.append((id, node, sending)) }
            case .complete(let ticket, let outcome):
                if let waiter = waiters.take(ticket) { finished.append((waiter, explained(outcome))) }
            }
        }
        actions.removeAll(keepingCapacity: true)
        for (id, node, sending) in unsent {
            with(index) { client, now, actions in
                guard sending == .unknownToNode else { return client.notSent(id, to: node, now: now) }
                // It would not answer: of what clients ask in sessions, a build that knows no batches knows all else.
                client.receive(.refused(.batchesTooNew), to: id, from: node, now: now, into: &actions)
            }
        }
    }

    func withEachSession(_ body: (inout Client, UInt64, inout [ClientAction]) -> Void) {
        for index in sessions.indices { with(index, body) }
    }

    /// Ticks while somebody waits.
    private func startTicking() {
        guard !isTicking else { return }
        isTicking = true
        eventLoop.assumeIsolated().scheduleTask(in: Self.tickTime) { [weak self] in self?.tick() }
    }

    private func tick() {
        isTicking = false
        turn {
            for index in sessions.indices where (sessions[index]?.client.nextTick ?? .max) <= now {
                with(index) { client, now, actions in client.tick(now: now, into: &actions) }
            }
        }
        if !waiters.isEmpty { startTicking() }
    }

    // MARK: What links tell

    func received(_ id: UInt64, _ response: ClientResponse, from node: NodeID, by link: Link) {
        guard !MemberSearch.isMeant(by: id) else { return learn(from: response, by: link) }
        switch response {
        case .notLeader(let leader?), .leadershipLost(let leader?):
            if linkOfNode[leader] == nil {
                links.first { $0.lastNode == leader }?.hurry()
                lookFor(leader, askingAt: link)
            }
        default: break
        }
        with(Int(id >> RequestID.bits)) { client, now, actions in
            client.receive(response, to: RequestID(rawValue: id), from: node, now: now, into: &actions)
        }
    }

    /// Returns false if another link leads to the node already.
    func linkIsUp(_ link: Link, to node: NodeID) -> Bool {
        guard linkOfNode[node] == nil else { return false }
        linkOfNode[node] = link
        turn {
            withEachSession { client, now, actions in client.connected(node, now: now, into: &actions) }
        }
        tellConnectionWaiters(.success(()))
        return true
    }

    func linkIsDown(_ link: Link, to node: NodeID) {
        guard linkOfNode[node] === link else { return }
        linkOfNode[node] = nil
        turn {
            withEachSession { client, now, actions in client.disconnected(node, now: now, into: &actions) }
            lookForMembers()
        }
    }

    /// A link could not be made.
    func linkFailed() {
        if links.allSatisfy(\.isRefusedForGood) { tellConnectionWaiters(.failure(troubles)) }
    }

    // MARK: Waiting for a connection

    private func awaitConnection(
        _ continuation: UnsafeContinuation<Result<Void, ClientError>, Never>, deadline: NIODeadline
    ) {
        guard !isClosed else { return continuation.resume(returning: .failure(.closed)) }
        guard linkOfNode.isEmpty else { return continuation.resume(returning: .success(())) }
        if links.allSatisfy(\.isRefusedForGood) {
            return continuation.resume(returning: .failure(troubles))
        }
        let index = connectionWaiters.count
        connectionWaiters.append(continuation)
        eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            guard self.connectionWaiters.indices.contains(index),
                let waiter = self.connectionWaiters[index]
            else { return }
            self.connectionWaiters[index] = nil
            waiter.resume(returning: .failure(self.troubles))
        }
    }

    /// The places stay, for the timers know them.
    private func tellConnectionWaiters(_ result: Result<Void, ClientError>) {
        for index in connectionWaiters.indices {
            connectionWaiters[index]?.resume(returning: result)
            connectionWaiters[index] = nil
        }
    }

    private var troubles: ClientError {
        .unreachable(
            links.map { ClientError.Trouble(address: $0.address, reason: $0.trouble ?? "no answer yet") })
    }
}

/// A session. Looked at where it is: a `Client` is too large to be copied for a question.
private final class Seat {
    var client: Client

    init(_ client: Client) { self.client = client }
}
