import DecreeNode
import DecreeStore
import DecreeWire
import NIOCore
import Paxos

/// A cluster and its clients in one thread and virtual time: nothing happens but what was planned, in its
/// order. The nodes' cores, stores, wire format and the clients' cores are the real ones.
///
/// The parts: `World+Network` carries bytes, `World+Connections` lets ends meet, `World+Nodes` starts and ends
/// processes, `World+Clients` is the load, `World+Faults` what goes wrong, `World+Operator` what an operator does.
/// `Simulation` plays the acts.
final class World {
    let settings: SimulationSettings
    let workload: any Workload
    let streams: Streams
    var now: UInt64 = 0
    private var queue = EventQueue<WorldEvent>()
    var trace: Trace
    /// Judges the first group.
    var judge: Judge
    /// The other groups, if the nodes host any.
    var companions: [Companion]
    private(set) var nodes: [SimulatedNode] = []
    private(set) var clients: [SimulatedClient] = []
    private(set) var steward: SimulatedOperator
    /// Those whom faults of the schedule bring, and who comes for which.
    let visitors: [any Visitor]
    let visitorsByFault: [Int: Int]
    /// The groups' versions, where they were raised.
    var versions: [GroupID: ClusterVersion] = [:]
    /// Where the nodes run that have an id.
    private var places: [NodeID: Int] = [:]
    /// Disks as they were, to be put back.
    var images: [Int: DiskImage] = [:]
    /// Until when no fault begins: two processes of one node are to be met by all the others first.
    var quietUntil: UInt64 = 0
    /// Disks that are not mounted, by their machines.
    var unmounted: [Int: DiskImage] = [:]
    /// Machines whose disks are exchanged.
    var swapped: Set<Int> = []
    /// What nodes said of themselves when they went on from a peer's snapshot.
    var installedStates: [NodeState] = []
    /// Everything that clients asked and were told.
    var history: [Operation] = []
    /// Through where a backup of the log was taken, if one was.
    var backup: Slot?
    /// What the cluster was created with, once a node has told a client.
    var genesis: Digest?
    /// What was found wrong.
    var violations: [Violation] = []
    var faults: [Int: ActiveFault] = [:]
    /// Active faults that touch messages, by number: asked for every message.
    var weather: [ActiveFault] = []
    var counts = SimulationCounts()
    var network: SeededGenerator
    /// The same for what visitors send and are sent.
    var visitorNetwork: SeededGenerator
    /// When the last frame from one end to another arrives: what is sent later comes later, as over TCP,
    /// unless a fault reorders.
    var lastArrival: [UInt64]
    /// Frames that a clogged link holds back.
    var clogged: [(fault: Int, packet: Packet)] = []
    /// What waits in narrow links, by their faults.
    var narrowLinks: [Int: NarrowLink] = [:]
    /// What crossed links, and what had to: judged where nothing is lost.
    var traffic: Traffic?
    /// What the world does to nodes that stay broken while a quorum heals.
    var afflictions: [Int: Affliction] = [:]
    /// What is left of the network meanwhile, if not all nodes reach one another.
    var partition: Partition?
    let schedule: FaultSchedule
    /// Lanes of all clients in all their lives so far.
    var lanesStarted = 0
    var lastStamp: UInt64 = 0
    var markedAt: UInt64 = 0
    /// Events in the current second of virtual time. Without a bound, a world that goes in a circle would keep its
    /// process for ever.
    private var eventsThisSecond = 0
    private static let mostEventsInASecond = 2_000_000
    /// Whether clients ask new things.
    var isLoadOn = true

    init(seed: UInt64, settings: SimulationSettings, workload: any Workload, sink: ((TraceLine) -> Void)?) {
        self.settings = settings
        self.workload = workload
        streams = Streams(seed: seed)
        trace = Trace(sink: sink)
        let machines = settings.nodes + settings.spares + settings.copies
        judge = Judge(configuration: settings.configuration, machines: machines)
        companions = settings.companions.map { group in
            Companion(group: group, judge: Judge(configuration: settings.configuration, machines: machines))
        }
        steward = SimulatedOperator(
            endpoint: machines + settings.clients + settings.residents, machines: machines,
            random: streams.stream(.steward))
        network = streams.stream(.network)
        visitorNetwork = streams.stream(.visitors)
        schedule = settings.schedule
        (visitors, visitorsByFault) = Self.visitors(
            for: settings, endpoint: machines + settings.clients + settings.residents + 1, machines: machines,
            streams: streams)
        let ends = machines + settings.clients + settings.residents + 1 + visitors.count
        lastArrival = Array(repeating: 0, count: ends * ends)
        for (index, node) in settings.configuration.voters.enumerated() { places[node] = index }
        for index in 0..<machines {
            nodes.append(
                SimulatedNode(
                    index: index, world: self, streams: streams, diskMicroseconds: settings.diskMicroseconds,
                    nodes: machines))
        }
        for index in 0..<settings.clients + settings.residents {
            clients.append(
                SimulatedClient(
                    endpoint: machines + index, number: index, machines: machines, settings: settings,
                    streams: streams, home: index < settings.clients ? nil : index - settings.clients))
        }
    }

    /// How many ends there are: machines, then clients, then the operator, then visitors.
    var ends: Int { nodes.count + clients.count + 1 + visitors.count }

    /// Where a node runs; nil for one that nobody has admitted.
    func place(of node: NodeID) -> Int? { places[node] }

    /// The machine that stands ready for a copy, or runs one.
    var copyMachine: SimulatedNode? { settings.copies > 0 ? nodes.last : nil }

    /// A node is looked for on another machine from now on, by those who have not been told where it is.
    func move(_ node: NodeID, to machine: Int) { places[node] = machine }

    /// Who listens at an address; nil for one where no node does.
    func place(at address: String) -> Int? { nodes.firstIndex { $0.address == address } }

    /// Where the members are, as the node knows that a joining one asks.
    private func members(by contact: NodeID) -> [NodeID: String] {
        guard let place = place(of: contact) else { return [:] }
        var members = [contact: nodes[place].address]
        guard let core = nodes[place].core else { return members }
        for member in core.groups.first?.configurations.latest.members ?? [] {
            members[member.node] = core.address(of: member.node)
        }
        return members
    }

    /// A machine's node belongs to the cluster from now on.
    func admit(_ node: SimulatedNode, as id: NodeID, store: StoreID, welcome: Welcome, contact: NodeID) {
        judgingAll { judge, _ in judge.admitted(node.index, as: id) }
        places[id] = node.index
        node.admit(as: id, store: store, welcome: welcome, members: members(by: contact))
        counts.joins += 1
        note(.node, node.index, detail: UInt64(id.rawValue), "is admitted as node \(id)")
        startLater(node, in: network.within(300 * VirtualTime.millisecond))
    }

    // MARK: Time

    func plan(_ event: WorldEvent, in nanoseconds: UInt64) { queue.plan(event, at: now + nanoseconds) }

    func plan(_ event: WorldEvent, at time: UInt64) { queue.plan(event, at: max(now, time)) }

    /// Lets things happen until `end`, or until the condition holds, which is looked at every so often.
    /// Returns whether it held.
    @discardableResult
    func run(until end: UInt64, isDone: () -> Bool = { false }) -> Bool {
        var nextLook = now
        while violations.isEmpty {
            guard let (time, event) = queue.next(by: end) else {
                now = end
                return isDone()
            }
            if time / VirtualTime.second != now / VirtualTime.second { eventsThisSecond = 0 }
            now = time
            eventsThisSecond += 1
            guard eventsThisSecond < Self.mostEventsInASecond else {
                violate(.stalled, "\(eventsThisSecond) events in one second: messages breed messages")
                return false
            }
            happen(event)
            counts.events += 1
            takeFlaws()
            if now >= nextLook {
                if isDone() { return true }
                nextLook = now + 20 * VirtualTime.millisecond
            }
        }
        return false
    }

    private func happen(_ event: WorldEvent) {
        switch event {
        case .tick(let index, let life): tick(index, life, event)
        case .turnEnds(let index, let life):
            guard let node = awake(index, life, event) else { return }
            node.core?.endTurn()
            look(at: node)
        case .diskWorks(let index, let life): diskWorks(index, life, event)
        case .diskReports(let index, let life):
            guard let node = awake(index, life, event) else { return }
            for report in node.takeReports() { node.core?.take(report) }
            look(at: node)
        case .arrives(let packet): arrive(packet)
        case .dials(let end, let life, let node): dials(end, life, to: node)
        case .givesUp(let end, let life, let node, let connection): givesUp(end, life, node, connection)
        case .clientTicks(let index, let life): clientTicks(index, life)
        case .laneActs(let index, let life, let lane): laneActs(index, life, lane)
        case .clientStarts(let index): startClient(clients[index])
        case .nodeStarts(let index, let boot): if nodes[index].boot == boot { startNode(nodes[index]) }
        case .machineFails(let index, let survival):
            stop(nodes[index], .powerCut(survival), downNanoseconds: 300 * VirtualTime.millisecond)
        case .faultBegins(let number): beginFault(number)
        case .faultEnds(let number): endFault(number)
        case .hunts(let number): hunt(number)
        case .passes(let number): pass(number)
        case .copyGoesOn(let number): goOnWithCopy(number)
        case .worksBeside(let index, let life):
            guard let node = awake(index, life, event) else { return }
            node.workedBeside()
            look(at: node)
        case .operatorActs: operatorActs()
        case .visitorActs(let number): visitorActs(number)
        case .foundingAsks(let index, let life): foundingAsks(index, life, event)
        case .foundingWorks(let index, let life): foundingWorks(index, life, event)
        case .foundingReports(let index, let life): foundingReports(index, life, event)
        }
    }

    /// The node, if it is in that life and not stopped; if it is, the event waits until it goes on.
    func awake(_ index: Int, _ life: Int, _ event: WorldEvent) -> SimulatedNode? {
        let node = nodes[index]
        guard node.life == life, node.isUp else { return nil }
        guard !node.isPaused else {
            node.deferred.append(event)
            return nil
        }
        return node
    }

    /// What a node has executed is what everybody has.
    func look(at node: SimulatedNode) {
        guard let core = node.core else { return }
        for place in core.groups.indices where core.groups[place].chosenThrough != node.lookedAt[place] {
            node.lookedAt[place] = core.groups[place].chosenThrough
            let (group, end) = (core.groups[place].id, core.groups[place].end.digest())
            let version = judging(group) { judge in
                judge.executed(node.index, through: end.slot, chain: end.chain, state: end.state)
                return judge.members.latest.version
            }
            if version > versions[group, default: settings.configuration.version] {
                versions[group] = version
                judgeRaise(of: group, to: version)
            }
        }
    }

    // MARK: What is told

    func violate(_ kind: Violation.Kind, _ detail: String) {
        let violation = Violation(kind, detail)
        violations.append(violation)
        trace.note(.violation, at: now, violation.description)
    }

    func note(
        _ kind: TraceLine.Kind, _ node: Int? = nil, detail: UInt64 = 0, _ text: @autoclosure () -> String
    ) {
        trace.note(kind, at: now, node: node, detail: detail, text())
    }
}
