@testable import Paxos

/// A storm over a cluster, from a seed: messages are lost, doubled and reordered, nodes crash at any moment
/// and lose the step that was not committed, clocks go at different speeds, members come and go, snapshots are taken
/// and what they stand for is deleted. Then it passes, and everything must come to an end.
struct Chaos {
    let cluster: TestCluster
    private var clients: [ChaosClient]
    private(set) var history = ChaosHistory()
    /// What one step in a thousand does: each seed has its own weather.
    private let loss: Int
    private let doubling: Int
    private let crashes: Int
    private let isReordering: Bool
    /// How many in a hundred things that clients do are an operator's.
    private let changes: Int
    /// The node whose votes are to be damaged, if one's are.
    private var toDamage: UInt16?
    private static let spares = 4

    init(seed: UInt64) {
        var weather = SeededGenerator(seed: seed)
        var limits = TestCluster.shortTimes
        limits.slotsInFlight = .random(in: 1...8, using: &weather)
        limits.batchCommands = .random(in: 1...4, using: &weather)
        limits.voteSlots = .random(in: 8...16, using: &weather)
        limits.snapshotCommands = .random(in: 4...60, using: &weather)
        limits.partialTicks = .random(in: 10...100, using: &weather)
        limits.closeSlots = .random(in: 1...20, using: &weather)
        if .random(using: &weather) { limits.promiseBytes = 64 }
        let nodes = Int.random(in: 1...5, using: &weather)
        let alpha: UInt32 = [1, 2, 4, 8, 256].randomElement(using: &weather) ?? 256
        cluster = TestCluster(nodes: nodes, spares: Self.spares, seed: seed, limits: limits, alpha: alpha)
        for spare in nodes + 1...nodes + Self.spares { cluster.restart(UInt16(spare)) }
        clients = (1...3).map { ChaosClient(number: $0) }
        loss = .random(in: 0...60, using: &weather)
        doubling = .random(in: 0...60, using: &weather)
        crashes = .random(in: 0...4, using: &weather)
        isReordering = .random(using: &weather)
        changes = .random(in: 5...40, using: &weather)
        if .random(using: &weather) { toDamage = .random(in: 1...UInt16(nodes), using: &weather) }
    }

    var acknowledged: [(item: String, place: Int)] { clients.flatMap(\.acknowledged) }
    /// Configurations that came after the first.
    var changesMade: Int { cluster.judge.configurations.history.count - 1 }
    var snapshots: Int { cluster.judge.snapshots.count }
    var reads: Int { clients.reduce(0) { $0 + $1.reads } }

    mutating func storm(steps: Int) {
        for _ in 0..<steps { step() }
    }

    private mutating func step() {
        let dice = Int.random(in: 0..<1_000, using: &cluster.random)
        let number = UInt16.random(in: 1...UInt16(cluster.nodes.count), using: &cluster.random)
        let node = cluster[number]
        switch dice {
        case ..<loss:
            guard let packet = cluster.network.takeAny(keeping: false, using: &cluster.random) else { return }
            // A node never loses its own messages but by dying.
            if packet.from == packet.to { cluster.deliver(packet) }
        case ..<(loss + doubling):
            guard let packet = cluster.network.takeAny(keeping: true, using: &cluster.random) else { return }
            cluster.deliver(packet)
        case ..<(loss + doubling + crashes):
            if node.isUp { cluster.crash(number) }
        case ..<(loss + doubling + 2 * crashes):
            if node.isUp { cluster.commit(node, losingMessages: true) }
        case ..<(loss + doubling + 3 * crashes):
            let index = Int.random(in: 1...cluster.nodes.count, using: &cluster.random)
            cluster.isolate(number, from: [UInt16(index)].filter { $0 != number })
        case ..<(loss + doubling + 5 * crashes):
            cluster.network.heal()
        case ..<300:
            if Int.random(in: 0..<100, using: &cluster.random) < changes { return operate() }
            let index = clients.indices.randomElement(using: &cluster.random) ?? 0
            clients[index].act(on: cluster, history: &history, isDraining: false)
        case ..<400:
            if !node.isUp, Int.random(in: 0..<4, using: &cluster.random) == 0 { restart(number) }
            cluster.handle(.tick, at: node)
            cluster.endTurn(at: node, evenIdleRows: dice < 310)
        case ..<402: cluster.handle(.handOver, at: node)
        case ..<500: cluster.commit(node)
        case ..<600: cluster.endTurn(at: node)
        default:
            let packet =
                isReordering
                ? cluster.network.takeAny(keeping: false, using: &cluster.random)
                : cluster.network.takeOldest()
            if let packet { cluster.deliver(packet) }
        }
    }

    /// An operator does something: to the members mostly, and of whoever leads mostly.
    private mutating func operate() {
        let members = cluster.judge.members
        let any = UInt16.random(in: 1...UInt16(cluster.nodes.count), using: &cluster.random)
        let target = Bool.random(using: &cluster.random) ? cluster.leader ?? any : any
        let request: AdminRequest
        switch Int.random(in: 0..<10, using: &cluster.random) {
        case ..<4:
            let replaced = members.randomElement(using: &cluster.random)?.node
            let roles: [Member.Role] = [.nonVoter, .joining(replacing: nil), .joining(replacing: replaced)]
            let role = roles.randomElement(using: &cluster.random) ?? .nonVoter
            request = .change(.add(node: NodeID(any), role: role, store: nil, address: "node\(any):1"))
        case ..<5: request = .change(.promote(NodeID(any)))
        case ..<7:
            guard !isAnyAbstaining else { return }
            request = .change(.remove(NodeID(any)))
        case ..<9: request = .takeSnapshot
        default: request = .transferLead(to: .random(using: &cluster.random) ? NodeID(any) : nil)
        }
        if cluster[target].isUp { cluster.submit(.admin(request), to: target) }
    }

    private var isAnyAbstaining: Bool {
        cluster.nodes.contains { $0.rows.damagedThrough ?? .zero > $0.rows.chosenThrough }
    }

    /// A node comes back; once, some of what it had voted cannot be read any more.
    private mutating func restart(_ number: UInt16) {
        let last = cluster.judge.configurations.history.suffix(2)
        if number == toDamage, last.allSatisfy({ $0.configuration.voters.count > 2 }) {
            toDamage = nil
            let rows = cluster[number].rows
            if let slot = rows.votes.accepted.randomElement(using: &cluster.random)?.slot {
                cluster[number].rows.damage(through: slot)
            }
        }
        cluster.restart(number)
    }

    /// The storm is over: every client is answered, every node agrees. Returns the ticks it took.
    mutating func calm(within bound: Int) -> Int {
        cluster.network.heal()
        for node in cluster.nodes where !node.isUp { cluster.restart(node.id.rawValue) }
        cluster.settle()
        for elapsed in 0..<bound {
            if clients.allSatisfy(\.isIdle), cluster.isConverged { return elapsed }
            if cluster.isRestless { break }
            cluster.tick()
            for index in clients.indices {
                for _ in 0..<4 { clients[index].act(on: cluster, history: &history, isDraining: true) }
            }
        }
        history.violations.append("Converge: not within \(bound) ticks")
        return bound
    }

    /// Compares the list with what the clients were told: each acknowledged item once, where it was said to
    /// be, and nothing twice.
    mutating func check() -> [String] {
        var violations = history.violations
        let items = cluster.items(on: cluster.members[0].id.rawValue)
        for node in cluster.nodes {
            let own = cluster.items(on: node.id.rawValue)
            // Who was removed knows what it knew.
            let isMember = cluster.members.contains { $0 === node }
            if isMember ? own != items : !items.starts(with: own) {
                violations.append("Converge: node \(node.id) holds another list")
            }
        }
        if Set(items).count != items.count { violations.append("SessionOnce: an item stands twice") }
        for (item, place) in acknowledged where place >= items.count || items[place] != item {
            violations.append("AckedSurvives: \(item) is not at \(place)")
        }
        return violations
    }
}
