import DecreeWire
import NIOCore
import Paxos

/// Who asks nodes from outside the cluster, over connections that it dials.
protocol Caller: AnyObject {
    var endpoint: Endpoint { get }
    /// Counts its lives: what belongs to an earlier one is void.
    var life: Int { get }
    var isUp: Bool { get }
    /// Connections, by the machine's place.
    var links: [Dialled] { get set }
    /// A node was reached, of a cluster that was created so.
    func meets(_ genesis: Digest, world: World)
    func connected(_ node: NodeID, world: World)
    func disconnected(_ node: NodeID, world: World)
    func receive(_ frame: ClientFrame, from node: NodeID, world: World) throws(WireError)
}

/// A client's process: the real client core, one session, and a few who each ask one thing after the other.
final class SimulatedClient: Caller {
    /// One who asks.
    struct Lane {
        /// Its number among all lanes of all lives: a history's client.
        let client: Int
        var asked = 0
        /// What it waits for.
        var ticket: Ticket?
        var request: Operation.Request?
        var invoked: UInt64 = 0
        var random: SeededGenerator
        /// What it was answered last.
        var last: Reply?
        /// Operations answered that were invoked after the mark.
        var answeredSinceMark = 0
    }

    let endpoint: Endpoint
    let number: Int
    /// The group whose log it means.
    let group: GroupID
    /// The machine in whose node's process it lives; nil for one that connects to nodes.
    let home: Int?
    private let settings: SimulationSettings
    private(set) var life = 0
    private(set) var core: Client?
    private(set) var lanes: [Lane] = []
    /// Connections, by the node's place.
    var links: [Dialled]
    private var random: SeededGenerator
    private var nextTicket: UInt64 = 0
    /// The nodes it is connected to.
    private var reached: Set<NodeID> = []
    /// What the cluster was created with that it knows; nil before it has met a node.
    private var genesis: Digest?

    init(
        endpoint: Endpoint, number: Int, machines: Int, settings: SimulationSettings, streams: Streams,
        home: Int? = nil
    ) {
        self.endpoint = endpoint
        self.number = number
        self.home = home
        self.settings = settings
        let groups = [.first] + settings.companions
        group = groups[number % groups.count]
        random = streams.stream(.client, number)
        links = Array(repeating: Dialled(), count: machines)
    }

    var isUp: Bool { core != nil }
    var isIdle: Bool { lanes.allSatisfy { $0.ticket == nil } }

    // MARK: Life

    func start(firstLane: Int) {
        life += 1
        var client = ClientSettings()
        client.window = Int(settings.configuration.sessionWindow)
        core = Client(group: group, settings: client, jitterSeed: random.next())
        lanes = (0..<settings.lanes).map { Lane(client: firstLane + $0, random: random.forking($0)) }
    }

    /// Dies with all it asked, without a word.
    func vanish(_ world: World) {
        for operation in unanswered { world.record(operation, in: group) }
        life += 1
        core = nil
        lanes = []
        reached = []
        genesis = nil
        for node in links.indices { links[node] = Dialled(connection: links[node].connection) }
    }

    // MARK: Asking

    /// Has a lane ask the next thing. Returns false if it still waits.
    func ask(_ place: Int, world: World) {
        guard lanes[place].ticket == nil else { return }
        lanes[place].asked += 1
        let lane = lanes[place]
        var draws = lane.random
        let request = world.workload.next(
            client: lane.client, number: lane.asked, clients: world.settings.lanesExpected, after: lane.last,
            &draws)
        nextTicket += 1
        let ticket = Ticket(rawValue: nextTicket)
        let patience = draws.chance(1, in: 20) ? 5 + draws.below(400) : 10_000
        lanes[place].random = draws
        lanes[place].ticket = ticket
        lanes[place].request = request
        lanes[place].invoked = world.stamp()
        world.counts.operations += 1
        let deadline = world.now + UInt64(patience) * VirtualTime.millisecond
        perform(world) { core, now, actions in
            switch request {
            case .command(let bytes):
                core.submit(bytes[...], deadline: deadline, ticket: ticket, now: now, into: &actions)
            case .batch(let bytes):
                core.submit(
                    bytes[...], isBatch: true, deadline: deadline, ticket: ticket, now: now, into: &actions)
            case .query(let bytes, let consistency):
                core.query(
                    bytes[...], consistency: consistency, deadline: deadline, ticket: ticket, now: now,
                    into: &actions)
            }
        }
    }

    func mark() {
        for place in lanes.indices { lanes[place].answeredSinceMark = 0 }
    }

    /// What it asked and has no answer to, as one who will never have one.
    var unanswered: [Operation] {
        lanes.compactMap { lane in
            guard let request = lane.request, lane.ticket != nil else { return nil }
            return Operation(client: lane.client, number: lane.asked, request: request, invoked: lane.invoked)
        }
    }

    /// Goes on where `other` is, in a world where none of the nodes that it knew is connected.
    func takeOver(_ other: SimulatedClient, world: World) {
        life = other.life
        core = other.core
        lanes = other.lanes
        random = other.random
        nextTicket = other.nextTicket
        genesis = other.genesis
        for node in other.connectedNodes { disconnected(node, world: world) }
    }

    private var connectedNodes: [NodeID] { reached.sorted() }

    // MARK: Events

    /// As the lanes of a client do: what was asked of one cluster is not gone on with in another of its name.
    func meets(_ genesis: Digest, world: World) {
        let log = LogID(genesis: genesis, group: group)
        world.genesis = genesis
        defer { self.genesis = genesis }
        guard let known = self.genesis else {
            core?.log = log
            return
        }
        guard known != genesis else { return }
        perform(world) { core, _, actions in core.clusterReplaced(by: log, into: &actions) }
    }

    func connected(_ node: NodeID, world: World) {
        reached.insert(node)
        perform(world) { core, now, actions in core.connected(node, now: now, into: &actions) }
    }

    func disconnected(_ node: NodeID, world: World) {
        reached.remove(node)
        perform(world) { core, now, actions in core.disconnected(node, now: now, into: &actions) }
    }

    func receive(_ frame: ClientFrame, from node: NodeID, world: World) throws(WireError) {
        guard case .response(let id, let response) = frame else {
            throw .unexpected("no node sends this to a client")
        }
        perform(world) { core, now, actions in
            core.receive(response, to: RequestID(rawValue: id), from: node, now: now, into: &actions)
        }
    }

    /// The answer to a request within the process, or over a link of its node's.
    func receive(_ response: ClientResponse, to id: RequestID, from node: NodeID, world: World) {
        perform(world) { core, now, actions in
            core.receive(response, to: id, from: node, now: now, into: &actions)
        }
    }

    func tick(_ world: World) {
        guard let core, core.nextTick <= world.now else { return }
        perform(world) { core, now, actions in core.tick(now: now, into: &actions) }
    }

    private func perform(_ world: World, _ body: (inout Client, UInt64, inout [ClientAction]) -> Void) {
        guard var client = core.take() else { return }
        var actions: [ClientAction] = []
        body(&client, world.now, &actions)
        core = client
        var unknown: [(RequestID, NodeID)] = []
        for action in actions {
            switch action {
            case .complete(let ticket, let outcome): complete(ticket, outcome, world)
            case .send(let id, let node, let request):
                if !send(request, id, to: node, isRelayed: false, world) { unknown.append((id, node)) }
            case .relay(let id, let node, let request):
                if !send(request, id, to: node, isRelayed: true, world) { unknown.append((id, node)) }
            }
        }
        // As a lane does: a node whose build knows no batches would not answer.
        for (id, node) in unknown {
            perform(world) { core, now, actions in
                core.receive(.refused(.batchesTooNew), to: id, from: node, now: now, into: &actions)
            }
        }
    }

    /// Returns false if the node's build does not know the request.
    private func send(
        _ request: ClientRequest, _ id: RequestID, to node: NodeID, isRelayed: Bool, _ world: World
    ) -> Bool {
        if isRelayed { world.counts.relayed += 1 }
        if let home {
            return world.send(
                request, id, isRelayed: isRelayed, of: self, in: world.nodes[home], to: node)
        }
        guard let place = world.place(of: node) else { return true }
        let frame =
            isRelayed
            ? ClientFrame.relay(id: id.rawValue, group: group, request)
            : ClientFrame.request(id: id.rawValue, group: group, request)
        return world.send(frame, from: self, to: place)
    }

    private func complete(_ ticket: Ticket, _ outcome: Outcome, _ world: World) {
        guard let place = lanes.firstIndex(where: { $0.ticket == ticket }),
            let request = lanes[place].request
        else {
            world.violate(.history, "client \(number + 1) was told twice of ticket \(ticket.rawValue)")
            return
        }
        if case .unknown(.alreadyAcknowledged, _) = outcome {
            world.violate(
                .history, "client \(number + 1) waits for a reply that the cluster holds to be acknowledged")
        }
        if outcome.isAnswered, outcome.receipt?.log != world.genesis.map({ LogID(genesis: $0, group: group) })
        {
            world.violate(
                .history,
                "PositionNamesItsLog: client \(number + 1) is given a receipt of another log: \(outcome)")
        }
        let lane = lanes[place]
        lanes[place].ticket = nil
        lanes[place].request = nil
        switch outcome {
        case .ok(let reply, _): lanes[place].last = .ok(reply)
        case .rejected(let reason, _): lanes[place].last = .rejected(reason)
        case .failed, .unknown: lanes[place].last = nil
        }
        let operation = Operation(
            client: lane.client, number: lane.asked, request: request, invoked: lane.invoked,
            completed: world.stamp(), outcome: outcome)
        // A stale read is answered by any node, whatever has become of the others.
        if outcome.isAnswered, !operation.isStaleRead, lane.invoked >= world.markedAt {
            lanes[place].answeredSinceMark += 1
        }
        world.completed(operation, of: self, lane: place)
    }
}

extension SeededGenerator {
    /// A generator of its own for one of several, drawn from this one.
    fileprivate func forking(_ number: Int) -> SeededGenerator {
        var copy = self
        return SeededGenerator(seed: Digest(of: copy.next(), UInt64(number), 0, 0).rawValue)
    }
}
