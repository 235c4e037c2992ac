import Testing

@testable import Paxos

/// A few nodes in memory: the core on each, rows that survive crashes, and a network that does what a test
/// wants. Nothing moves but by a call; the seed decides whatever is drawn.
///
/// A node does as a host does: events fill a step while the one before is being written; what the step
/// withholds leaves when it is committed. After every event the `Judge` looks at all nodes.
final class TestCluster {
    let configuration: Configuration
    let limits: Limits
    let seed: UInt64
    let nodes: [TestNode]
    var network: TestNetwork
    var random: SeededGenerator
    private(set) var judge: Judge
    private let machine: any StateMachine
    private(set) var now = 0
    /// Everything that was ever sent, if `keepsTrace`.
    private(set) var trace: [Packet] = []
    var keepsTrace = false
    /// Told what the nodes do, as they do it.
    var onlooker: ((Happening) -> Void)?
    private(set) var responses: [Ticket: ClientResponse] = [:]
    private var lastTicket: UInt64 = 0

    /// Times a tenth of the product's, and small windows, so that a test meets their ends.
    static var shortTimes: Limits {
        var limits = Limits()
        limits.heartbeatTicks = 2
        limits.electionTicks = 10
        limits.electionSpreadTicks = 10
        limits.resendTicks = 4
        return limits
    }

    /// A cluster of the nodes 1 through `count`, and `spares` more that belong to it when they are added, and are
    /// down until then.
    init(
        nodes count: Int = 3, spares: Int = 0, seed: UInt64 = 1, machine: any StateMachine = ListMachine(),
        limits: Limits = TestCluster.shortTimes, sessionLimit: UInt32 = 65_536, alpha: UInt32 = 256,
        version: ClusterVersion = .newest
    ) {
        let voters = (1...count).map { NodeID(UInt16($0)) }
        configuration = Configuration(
            voters: voters, alpha: alpha, sessionLimit: sessionLimit, version: version)
        self.limits = limits
        self.seed = seed
        self.machine = machine
        nodes = (1...count + spares).map { TestNode(id: NodeID(UInt16($0))) }
        network = TestNetwork(nodes: count + spares)
        random = SeededGenerator(seed: seed)
        judge = Judge(configuration: configuration)
        for node in nodes.prefix(count) { start(node) }
    }

    subscript(number: UInt16) -> TestNode { nodes[Int(number) - 1] }
    func node(_ id: NodeID) -> TestNode { nodes[Int(id.rawValue) - 1] }

    // MARK: Nodes

    private func start(_ node: TestNode) {
        do {
            try node.start(genesis: configuration, machine: machine, limits: limits, seed: seed)
        } catch {
            Issue.record("node \(node.id) does not start: \(error) [seed \(seed)]")
        }
    }

    /// Memory is lost, and what was not committed; messages on their way are not.
    func crash(_ number: UInt16) {
        self[number].crash()
        _ = network.take { $0.from == self[number].id && $0.to == self[number].id }
    }

    func restart(_ number: UInt16) {
        if self[number].isUp { crash(number) }
        start(self[number])
    }

    func handle(_ event: Event, at node: TestNode) {
        guard node.isUp else { return }
        node.group?.handle(event, into: &node.filling)
        collect(from: node)
    }

    func collect(from node: TestNode) {
        for index in node.rowsSeen..<node.filling.writes.count {
            judge.see(node.filling.writes[index], of: node.id)
        }
        node.rowsSeen = node.filling.writes.count
        for envelope in node.filling.takeImmediate() { send(envelope, from: node) }
        for (ticket, response) in node.filling.takeResponses() {
            if responses[ticket] != nil { judge.object("ticket \(ticket.rawValue) is answered twice") }
            responses[ticket] = response
            onlooker?(.responded(ticket, response, by: node.id))
        }
        report()
    }

    private var reported = 0

    private func report() {
        // The first few tell; what follows from them would drown them.
        for violation in judge.violations.dropFirst(reported).prefix(max(0, 3 - reported)) {
            Issue.record("\(violation) [seed \(seed), tick \(now)]")
        }
        reported = judge.violations.count
    }

    // MARK: Messages

    private func send(_ envelope: Envelope, from node: TestNode) {
        judge.see(envelope.message, from: node.id, rows: node.rows)
        let packet = network.send(envelope.message, from: node.id, to: envelope.to)
        if keepsTrace { trace.append(packet) }
        onlooker?(.sent(packet, isLost: network.isCut(from: node.id, to: envelope.to)))
    }

    func deliver(_ packet: Packet) {
        handle(.message(packet.message, from: packet.from), at: node(packet.to))
    }

    /// A host's turn: what arrived was handed in, now what is to be written goes to the disk.
    func endTurn(at node: TestNode, evenIdleRows: Bool = false) {
        guard node.isUp else { return }
        handle(.turnEnded(isDiskIdle: node.isDiskIdle), at: node)
        let hasUpkeep = node.doUpkeep()
        collect(from: node)
        if node.isDiskIdle,
            hasUpkeep || node.filling.isUrgent || node.filling.hasReads
                || (evenIdleRows && !node.filling.isEmpty)
        {
            node.beginWriting()
            onlooker?(.writes(node.writing?.writes ?? [], node.reading, by: node.id))
        }
    }

    /// The disk has done it. With `losingMessages` the node dies between the commit and what follows it.
    func commit(_ node: TestNode, losingMessages: Bool = false) {
        guard let step = node.writing.take() else { return }
        for row in step.writes {
            judge.object(node.rows.apply(row))
            judge.commit(row, of: node.id)
        }
        guard !losingMessages else { return crash(node.id.rawValue) }
        for read in node.takeReads() { answer(read, from: node) }
        for envelope in step.release() { send(envelope, from: node) }
        node.upkeepCommitted()
        collect(from: node)
    }

    /// What was to be read is read, and sent or answered.
    private func answer(_ read: LogRead, from node: TestNode) {
        let result = node.result(of: read)
        switch read.to {
        case .node(let peer):
            for message in node.group?.messages(result, for: read.content) ?? [] {
                send(Envelope(group: .first, to: peer, message: message), from: node)
            }
        case .tickets(let tickets):
            if let response = node.group?.response(result, for: read.content) {
                for ticket in tickets { node.filling.respond(ticket, response) }
            }
        }
    }

    // MARK: Time

    /// Set when messages were found to breed messages without end.
    private(set) var isRestless = false

    /// Delivers what may be delivered, and writes what is to be written, until all is quiet.
    func settle(bound: Int = 20_000) {
        guard !isRestless else { return }
        for node in nodes { endTurn(at: node) }
        for _ in 0..<bound {
            if let packet = network.takeOldest() {
                deliver(packet)
                endTurn(at: node(packet.to))
                continue
            }
            let writers = nodes.filter { $0.isUp && !$0.isDiskIdle && !$0.isDiskStuck }
            guard !writers.isEmpty else { return }
            for writer in writers {
                commit(writer)
                endTurn(at: writer)
            }
        }
        isRestless = true
        Issue.record("the cluster does not come to rest [seed \(seed), tick \(now)]")
    }

    /// One tick for everybody, or for a few.
    func tick(only some: [UInt16]? = nil) {
        now += 1
        for node in nodes where some?.contains(node.id.rawValue) ?? true {
            handle(.tick, at: node)
            endTurn(at: node, evenIdleRows: now % 10 == 0)
        }
        settle()
    }

    func run(ticks: Int) {
        for _ in 0..<ticks { tick() }
    }

    /// Runs until the condition holds. Returns the ticks it took; records an issue if `bound` is not enough.
    @discardableResult
    func run(
        within bound: Int = 200, _ what: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        until condition: (TestCluster) -> Bool
    ) -> Int {
        settle()
        for elapsed in 0...bound {
            if condition(self) { return elapsed }
            tick()
        }
        Issue.record(
            "not within \(bound) ticks: \(what ?? "the condition") [seed \(seed)]",
            sourceLocation: sourceLocation)
        return bound
    }

    // MARK: Clients

    /// What the next request will be called.
    var nextTicket: Ticket { Ticket(rawValue: lastTicket + 1) }

    /// Hands a request to a node; the response is found under the ticket, some time.
    @discardableResult
    func submit(_ request: ClientRequest, to number: UInt16) -> Ticket {
        lastTicket += 1
        let ticket = Ticket(rawValue: lastTicket)
        handle(.request(ticket, request), at: self[number])
        return ticket
    }
}

/// What an onlooker of a cluster is told.
enum Happening {
    /// A message leaves; with a cut link it goes nowhere.
    case sent(Packet, isLost: Bool)
    /// A step goes to the disk: rows to write, slots to read; neither, if it only waits for the one before.
    case writes([Write], [LogRead], by: NodeID)
    /// A client's attempt is answered.
    case responded(Ticket, ClientResponse, by: NodeID)
}
