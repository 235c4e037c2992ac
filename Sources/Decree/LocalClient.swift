import DecreeClient
import DecreeNode
import DecreeWire
import Dispatch
import NIOCore
import Paxos

/// The client within a node's process: the same sessions, retries and outcomes as over a connection, the
/// same requests at the same gateway. Where another node leads, they go over the link to it.
final class LocalClient {
    let group: GroupID
    /// Where the group stands among those that the node hosts: what a peer is asked is tagged with it.
    private let place: Int
    private unowned let loop: NodeLoop
    private var client: Client
    private var waiters = Waiters()
    private var actions: [ClientAction] = []
    /// Questions of the node alone, outside the client: they are not asked again elsewhere.
    private var questions: [UInt64: CheckedContinuation<ClientResponse?, Never>] = [:]
    /// Above all ids of the client's requests.
    private var nextQuestion: UInt64 = 1 << 63
    private var reachable: [NodeID] = []

    init(group: GroupID, at place: Int, loop: NodeLoop) {
        self.group = group
        self.place = place
        self.loop = loop
        client = Client(group: group, jitterSeed: .random(in: 0...UInt64.max))
        client.log = LogID(genesis: loop.core.identity.genesis, group: group)
        perform { client, now, actions in client.connected(loop.node, now: now, into: &actions) }
    }

    // MARK: Requests

    func take(_ request: LocalRequest, now: UInt64) {
        let ticket = waiters.add(request.waiter)
        perform(now) { client, now, actions in
            switch request.kind {
            case .command, .batch:
                client.submit(
                    request.payload, isBatch: request.kind == .batch, deadline: now + request.time,
                    ticket: ticket, now: now, into: &actions)
            case .query(let consistency):
                client.query(
                    request.payload, consistency: consistency, deadline: now + request.time, ticket: ticket,
                    now: now, into: &actions)
            }
        }
    }

    /// Asks this node, whatever it is in the group. It is answered with nil if the node ends before.
    func ask(_ request: ClientRequest, continuation: CheckedContinuation<ClientResponse?, Never>) {
        guard let ticket = loop.tickets.issue(to: .local(group, id: nextQuestion)) else {
            return continuation.resume(returning: .busy)
        }
        questions[nextQuestion] = continuation
        nextQuestion += 1
        loop.take(request, group: group, ticket: ticket)
    }

    // MARK: Events

    func receive(_ response: ClientResponse, id: UInt64, from node: NodeID, now: UInt64) {
        if !questions.isEmpty, let continuation = questions.removeValue(forKey: id) {
            return continuation.resume(returning: response)
        }
        perform(now) { client, now, actions in
            client.receive(response, to: RequestID(rawValue: id), from: node, now: now, into: &actions)
        }
    }

    func tick() {
        let up = loop.links.filter(\.isUp).map(\.peer)
        perform { client, now, actions in
            for node in up where !reachable.contains(node) {
                client.connected(node, now: now, into: &actions)
            }
            for node in reachable where !up.contains(node) {
                client.disconnected(node, now: now, into: &actions)
            }
            client.tick(now: now, into: &actions)
        }
        reachable = up
    }

    func stop() {
        perform { client, _, actions in client.close(into: &actions) }
        for continuation in questions.values { continuation.resume(returning: nil) }
        questions = [:]
    }

    // MARK: Actions

    /// The clock that requests and answers are timed by. Asked once for many: it costs as much as handling one.
    static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

    private func perform(_ now: UInt64 = now, _ body: (inout Client, UInt64, inout [ClientAction]) -> Void) {
        // Taken out and given back: an answer that comes at once would find it in use.
        var actions = actions
        self.actions = []
        body(&client, now, &actions)
        for action in actions {
            switch action {
            case .complete(let ticket, let outcome): waiters.take(ticket)?.complete(outcome)
            case .send(let id, let node, let request): send(request, id: id, to: node)
            case .relay(let id, let node, let request): send(request, id: id, to: node, isRelayed: true)
            }
        }
        actions.removeAll(keepingCapacity: true)
        self.actions = actions
    }

    private func send(_ request: ClientRequest, id: RequestID, to node: NodeID, isRelayed: Bool = false) {
        guard node != loop.node else {
            // The answer comes through the gateway at the end of the turn, never within this call. What this node is to pass
            // on, it has no link for either: it says who leads.
            if let ticket = loop.tickets.issue(to: .local(group, id: id.rawValue)) {
                loop.take(request, group: group, ticket: ticket)
            }
            return
        }
        let id = ForwardedID(place: place, request: id).rawValue
        let frame =
            isRelayed
            ? ClientFrame.relay(id: id, group: group, request)
            : ClientFrame.request(id: id, group: group, request)
        switch loop.send(frame, to: node) {
        case .sent, .unreachable: break
        case .noRoom: answerLater(.busy, to: id, from: node)
        // A node whose build knows no batches would not answer.
        case .unknownToPeer: answerLater(.refused(.batchesTooNew), to: id, from: node)
        }
        loop.core.scheduleTurnEnd()
    }

    /// As if the node had answered, behind what is being done.
    private func answerLater(_ response: ClientResponse, to id: UInt64, from node: NodeID) {
        let request = ForwardedID(rawValue: id).request
        loop.eventLoop.assumeIsolated().execute { [weak self] in
            self?.receive(response, id: request.rawValue, from: node, now: Self.now)
        }
    }
}
