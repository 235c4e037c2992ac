import Paxos
import Testing

let millisecond: UInt64 = 1_000_000
let second: UInt64 = 1_000_000_000

/// A client on a bench: time passes when a test says so, and nodes answer what it says.
struct ClientBench {
    /// An attempt that was sent and is not answered yet.
    struct Sent {
        let id: RequestID
        let node: NodeID
        let request: ClientRequest
        var isRelayed = false

        /// Session, sequence and firstUnacknowledged of a command.
        var command: (session: SessionID, sequence: UInt64, firstUnacknowledged: UInt64)? {
            guard case .command(let session, let sequence, let first, _) = request else { return nil }
            return (session, sequence, first)
        }
    }

    var client: Client
    var now = second
    var sent: [Sent] = []
    var outcomes: [UInt64: Outcome] = [:]
    private var actions: [ClientAction] = []

    static let nodes = [NodeID(1), NodeID(2), NodeID(3)]
    static let session = SessionID(rawValue: 7 << 20)

    init(settings: ClientSettings = ClientSettings(), connected: [NodeID] = nodes) {
        client = Client(group: .first, settings: settings, jitterSeed: 1)
        for node in connected { up(node) }
    }

    /// A bench whose session is open with node 1, the leader.
    static func withSession(settings: ClientSettings = ClientSettings()) throws -> ClientBench {
        var bench = ClientBench(settings: settings)
        bench.submit(0)
        try bench.answer(.opened(session))
        try bench.answer(executed())
        bench.outcomes = [:]
        return bench
    }

    static func executed(_ reply: Reply = .ok([1]), slot: UInt64 = 9) -> ClientResponse {
        .executed(reply, LogPosition(slot: Slot(slot), index: 0))
    }

    mutating func submit(_ ticket: UInt64, payload: [UInt8] = [5], within time: UInt64 = 10 * second) {
        client.submit(
            payload[...], deadline: now + time, ticket: Ticket(rawValue: ticket), now: now, into: &actions)
        perform()
    }

    mutating func query(
        _ ticket: UInt64, _ consistency: ReadConsistency = .linearizable, within time: UInt64 = 10 * second
    ) {
        client.query(
            [6], consistency: consistency, deadline: now + time, ticket: Ticket(rawValue: ticket), now: now,
            into: &actions)
        perform()
    }

    /// Answers the attempt sent first of those not answered, and takes it off the list.
    @discardableResult
    mutating func answer(_ response: ClientResponse, at index: Int = 0) throws -> Sent {
        try #require(sent.indices.contains(index), "nothing was sent")
        let attempt = sent.remove(at: index)
        receive(response, attempt)
        return attempt
    }

    mutating func receive(_ response: ClientResponse, _ attempt: Sent) {
        client.receive(response, to: attempt.id, from: attempt.node, now: now, into: &actions)
        perform()
    }

    /// The attempt sent first of those not answered found no room.
    mutating func notSent() throws {
        try #require(!sent.isEmpty)
        let attempt = sent.removeFirst()
        client.notSent(attempt.id, to: attempt.node, now: now)
    }

    mutating func up(_ node: NodeID) {
        client.connected(node, now: now, into: &actions)
        perform()
    }

    mutating func down(_ node: NodeID) {
        client.disconnected(node, now: now, into: &actions)
        perform()
    }

    mutating func clusterReplaced() {
        client.clusterReplaced(into: &actions)
        perform()
    }

    mutating func close() {
        client.close(into: &actions)
        perform()
    }

    /// Lets time pass, a tick every 5 ms.
    mutating func pass(_ time: UInt64) {
        let end = now + time
        while now < end {
            now = min(now + 5 * millisecond, end)
            client.tick(now: now, into: &actions)
            perform()
        }
    }

    private mutating func perform() {
        for action in actions {
            switch action {
            case .send(let id, let node, let request):
                sent.append(Sent(id: id, node: node, request: request))
            case .relay(let id, let node, let request):
                sent.append(Sent(id: id, node: node, request: request, isRelayed: true))
            case .complete(let ticket, let outcome):
                if let before = outcomes.updateValue(outcome, forKey: ticket.rawValue) {
                    Issue.record("ticket \(ticket.rawValue) completed twice: \(before), \(outcome)")
                }
            }
        }
        actions.removeAll()
    }
}
