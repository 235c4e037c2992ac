import DecreeNode
import DecreeWire
import Dispatch
import NIOCore
import Paxos

/// The client within a node's process: the same sessions, retries and outcomes as over a connection, the
/// same requests at the same gateway. Where another node leads, they go over the link to it.
final class LocalClient {
    private let group: GroupID
    private unowned let loop: NodeLoop
    private var client: Client
    private var waiting: [Ticket: CheckedContinuation<Outcome, Never>] = [:]
    private var nextTicket: UInt64 = 0
    /// Questions of the node alone, outside the client: they are not asked again elsewhere.
    private var questions: [UInt64: CheckedContinuation<ClientResponse?, Never>] = [:]
    /// Above all ids of the client's requests.
    private var nextQuestion: UInt64 = 1 << 63
    private var reachable: [NodeID] = []

    init(group: GroupID, loop: NodeLoop) {
        self.group = group
        self.loop = loop
        client = Client(group: group, jitterSeed: .random(in: 0...UInt64.max))
        perform { client, now, actions in client.connected(loop.node, now: now, into: &actions) }
    }

    // MARK: Requests

    func submit(
        _ command: ArraySlice<UInt8>, deadline: UInt64, continuation: CheckedContinuation<Outcome, Never>
    ) {
        let ticket = issue(continuation)
        perform { client, now, actions in
            client.submit(command, deadline: deadline, ticket: ticket, now: now, into: &actions)
        }
    }

    func query(
        _ query: ArraySlice<UInt8>, consistency: ReadConsistency, deadline: UInt64,
        continuation: CheckedContinuation<Outcome, Never>
    ) {
        let ticket = issue(continuation)
        perform { client, now, actions in
            client.query(
                query, consistency: consistency, deadline: deadline, ticket: ticket, now: now,
                into: &actions)
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

    private func issue(_ continuation: CheckedContinuation<Outcome, Never>) -> Ticket {
        nextTicket += 1
        let ticket = Ticket(rawValue: nextTicket)
        waiting[ticket] = continuation
        return ticket
    }

    // MARK: Events

    func receive(_ response: ClientResponse, id: UInt64, from node: NodeID) {
        if let continuation = questions.removeValue(forKey: id) {
            return continuation.resume(returning: response)
        }
        perform { client, now, actions in
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

    private func perform(_ body: (inout Client, UInt64, inout [ClientAction]) -> Void) {
        var actions: [ClientAction] = []
        body(&client, DispatchTime.now().uptimeNanoseconds, &actions)
        for action in actions {
            switch action {
            case .complete(let ticket, let outcome):
                waiting.removeValue(forKey: ticket)?.resume(returning: outcome)
            case .send(let id, let node, let request): send(request, id: id, to: node)
            }
        }
    }

    private func send(_ request: ClientRequest, id: RequestID, to node: NodeID) {
        guard node != loop.node else {
            // The answer comes through the gateway at the end of the turn, never within this call.
            if let ticket = loop.tickets.issue(to: .local(group, id: id.rawValue)) {
                loop.take(request, group: group, ticket: ticket)
            }
            return
        }
        loop.links.first { $0.peer == node }?.send(
            .request(id: Self.join(group, id), group: group, request))
        loop.core.scheduleTurnEnd()
    }

    // The peer hands the id back: the group's client stands in the 16 bits a request id leaves free.

    private static func join(_ group: GroupID, _ id: RequestID) -> UInt64 {
        UInt64(group.rawValue & 0xffff) << RequestID.bits | id.rawValue
    }

    /// The group's low 16 bits and the request's id.
    static func split(_ id: UInt64) -> (group: UInt16, request: UInt64) {
        (UInt16(id >> RequestID.bits), id & (1 << RequestID.bits - 1))
    }
}
