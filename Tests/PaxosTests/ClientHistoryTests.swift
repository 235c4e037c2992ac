import Paxos
import Testing

/// A client against a cluster that keeps the rules of sessions and is as unpleasant as they allow: answers
/// are lost, come late and twice, leaders change, commands surface after they were given up, sessions are
/// evicted. Whatever happens, an outcome must be true.
@Suite struct ClientHistoryTests {
    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func outcomesAreTrue(seed: UInt64) {
        var world = World(seed: seed)
        world.run()
        for (ticket, outcome) in world.outcomes.sorted(by: { $0.key < $1.key }) {
            let executions = world.cluster.executions[ticket] ?? 0
            switch outcome {
            case .ok(let reply, let receipt):
                #expect(executions == 1, "seed \(seed): \(ticket) is ok")
                #expect(reply == world.cluster.replies[ticket], "seed \(seed): \(ticket)")
                #expect(receipt.session == world.cluster.sessionOf[ticket], "seed \(seed): \(ticket)")
            case .failed: #expect(executions == 0, "seed \(seed): \(ticket) failed, and yet was done")
            case .unknown(let reason, _):
                #expect(executions <= 1, "seed \(seed): \(ticket) was done twice")
                #expect(reason != .alreadyAcknowledged, "seed \(seed): \(ticket) was still waited for")
            case .rejected: Issue.record("seed \(seed): nobody rejects")
            }
        }
        #expect(world.outcomes.count == world.submitted, "seed \(seed)")
        #expect(world.client.pendingCount == 0, "seed \(seed)")
        let answered = world.outcomes.values.count { $0.isAnswered }
        #expect(answered > 0, "seed \(seed): a world that lets nothing through proves nothing")
    }
}

/// The session rules of a replica, and nothing else of one.
private struct Cluster {
    struct Session {
        var firstUnacknowledged: UInt64 = 1
        var replies: [UInt64: ([UInt8], LogPosition)] = [:]
    }

    static let window: UInt64 = 8
    var sessions: [SessionID: Session] = [:]
    var slot: UInt64 = 0
    var executions: [UInt64: Int] = [:]
    var replies: [UInt64: [UInt8]] = [:]
    var sessionOf: [UInt64: SessionID] = [:]

    mutating func open() -> SessionID {
        slot += 1
        let session = SessionID(openedAt: LogPosition(slot: Slot(slot), index: 0))
        sessions[session] = Session()
        return session
    }

    mutating func execute(_ request: ClientRequest) -> ClientResponse {
        guard case .command(let id, let sequence, let firstUnacknowledged, let payload) = request else {
            return .opened(open())
        }
        guard var session = sessions[id] else { return .sessionExpired }
        session.firstUnacknowledged = max(session.firstUnacknowledged, firstUnacknowledged)
        session.replies = session.replies.filter { $0.key >= session.firstUnacknowledged }
        defer { sessions[id] = session }
        guard sequence >= session.firstUnacknowledged else { return .alreadyAcknowledged }
        guard sequence < session.firstUnacknowledged + Self.window else { return .refused(.outsideWindow) }
        if let (reply, position) = session.replies[sequence] { return .executed(.ok(reply), position) }
        slot += 1
        let ticket = payload.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let position = LogPosition(slot: Slot(slot), index: 0)
        executions[ticket, default: 0] += 1
        let reply = [UInt8(truncatingIfNeeded: slot), UInt8(truncatingIfNeeded: ticket)]
        replies[ticket] = reply
        sessionOf[ticket] = id
        session.replies[sequence] = (reply, position)
        return .executed(.ok(reply), position)
    }
}

private struct World {
    struct InFlight {
        var due: UInt64
        let id: RequestID
        let node: NodeID
        /// On its way there; nil once answered.
        let request: ClientRequest?
        let response: ClientResponse?
    }

    var random: SplitMix
    var client: Client
    var cluster = Cluster()
    var leader: NodeID? = NodeID(1)
    var up = Set(ClientBench.nodes)
    var network: [InFlight] = []
    var ghosts: [ClientRequest] = []
    var outcomes: [UInt64: Outcome] = [:]
    var submitted = 0
    var now = second
    /// How unpleasant it is, out of 1,000 for each chance.
    var malice: Int
    private var actions: [ClientAction] = []

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        malice = Int.random(in: 0...40, using: &random)
        var settings = ClientSettings()
        settings.window = Int(Cluster.window)
        settings.queueLimit = 20
        client = Client(group: .first, settings: settings, jitterSeed: seed, firstNumber: 1 << 42 - 50)
        for node in ClientBench.nodes { client.connected(node, now: now, into: &actions) }
        perform()
    }

    mutating func run() {
        for step in 0..<3_000 {
            now += 5 * millisecond
            if step < 2_000 { submitSome() }
            if step < 2_400 { misbehave() }
            deliver()
            client.tick(now: now, into: &actions)
            perform()
        }
        now += 20 * second
        client.tick(now: now, into: &actions)
        perform()
        // What was given up may still surface.
        for ghost in ghosts { _ = cluster.execute(ghost) }
        for message in network { if let request = message.request { _ = cluster.execute(request) } }
    }

    mutating func chance(_ perThousand: Int) -> Bool {
        Int.random(in: 0..<1_000, using: &random) < perThousand
    }

    mutating func submitSome() {
        for _ in 0..<Int.random(in: 0...2, using: &random) where chance(300) {
            submitted += 1
            var payload: [UInt8] = []
            for shift in 0..<8 { payload.append(UInt8(truncatingIfNeeded: submitted >> (shift * 8))) }
            let deadline = now + UInt64.random(in: 1...4_000, using: &random) * millisecond
            client.submit(
                payload[...], deadline: deadline, ticket: Ticket(rawValue: UInt64(submitted)), now: now,
                into: &actions)
            perform()
        }
    }

    mutating func misbehave() {
        if chance(malice) { leader = chance(500) ? nil : ClientBench.nodes.randomElement(using: &random) }
        if leader == nil && chance(50) { leader = ClientBench.nodes.randomElement(using: &random) }
        if chance(malice / 4) { cluster.sessions.removeAll() }
        if chance(malice / 2), let node = up.sorted().randomElement(using: &random) {
            up.remove(node)
            // What was on its way there may arrive all the same; the answers do not.
            for message in network where message.node == node {
                if let request = message.request, chance(500) { ghosts.append(request) }
            }
            network.removeAll { $0.node == node }
            client.disconnected(node, now: now, into: &actions)
            perform()
        }
        for node in ClientBench.nodes where !up.contains(node) && chance(30) {
            up.insert(node)
            client.connected(node, now: now, into: &actions)
            perform()
        }
        if !ghosts.isEmpty && chance(100) { _ = cluster.execute(ghosts.removeFirst()) }
    }

    mutating func deliver() {
        let due = network.filter { $0.due <= now }
        network.removeAll { $0.due <= now }
        for message in due {
            if let request = message.request {
                guard let response = answer(request, by: message.node) else { continue }
                send(message.id, message.node, request: nil, response: response)
                if chance(malice) { send(message.id, message.node, request: nil, response: response) }
            } else if let response = message.response {
                client.receive(response, to: message.id, from: message.node, now: now, into: &actions)
                perform()
            }
        }
    }

    mutating func answer(_ request: ClientRequest, by node: NodeID) -> ClientResponse? {
        guard node == leader else { return .notLeader(leader: chance(800) ? leader : nil) }
        if chance(malice) { return .busy }
        if chance(malice) {
            ghosts.append(request)
            return chance(500) ? .leadershipLost(leader: leader) : nil
        }
        if chance(malice) {
            _ = cluster.execute(request)
            return chance(500) ? .leadershipLost(leader: nil) : nil
        }
        return cluster.execute(request)
    }

    mutating func send(_ id: RequestID, _ node: NodeID, request: ClientRequest?, response: ClientResponse?) {
        guard !chance(malice / 4) else {
            if let request, chance(500) { ghosts.append(request) }
            return
        }
        let delay = chance(malice) ? 2_000 : 20
        network.append(
            InFlight(
                due: now + UInt64.random(in: 0...UInt64(delay), using: &random) * millisecond, id: id,
                node: node, request: request, response: response))
    }

    mutating func perform() {
        let todo = actions
        actions.removeAll()
        for action in todo {
            switch action {
            case .send(let id, let node, let request), .relay(let id, let node, let request):
                if up.contains(node) { send(id, node, request: request, response: nil) }
            case .complete(let ticket, let outcome):
                if outcomes.updateValue(outcome, forKey: ticket.rawValue) != nil {
                    Issue.record("ticket \(ticket.rawValue) completed twice")
                }
            }
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
