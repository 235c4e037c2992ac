@testable import Paxos

/// A storm over a cluster, from a seed: messages are lost, doubled and reordered, nodes crash at any moment
/// and lose the step that was not committed, clocks go at different speeds. Then it passes, and everything
/// must come to an end.
struct Chaos {
    let cluster: TestCluster
    private var clients: [ChaosClient]
    private(set) var history = ChaosHistory()
    /// What one step in a thousand does: each seed has its own weather.
    private let loss: Int
    private let doubling: Int
    private let crashes: Int
    private let isReordering: Bool

    init(seed: UInt64) {
        var weather = SeededGenerator(seed: seed)
        var limits = TestCluster.shortTimes
        limits.slotsInFlight = .random(in: 1...8, using: &weather)
        limits.batchCommands = .random(in: 1...4, using: &weather)
        limits.voteSlots = .random(in: 8...16, using: &weather)
        let nodes = Int.random(in: 3...5, using: &weather)
        cluster = TestCluster(nodes: nodes, seed: seed, limits: limits)
        cluster.promiseBytes = Bool.random(using: &weather) ? 64 : nil
        clients = (1...3).map { ChaosClient(number: $0) }
        loss = .random(in: 0...60, using: &weather)
        doubling = .random(in: 0...60, using: &weather)
        crashes = .random(in: 0...4, using: &weather)
        isReordering = .random(using: &weather)
    }

    var acknowledged: [(item: String, place: Int)] { clients.flatMap(\.acknowledged) }
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
            let index = clients.indices.randomElement(using: &cluster.random) ?? 0
            clients[index].act(on: cluster, history: &history, isDraining: false)
        case ..<400:
            if !node.isUp, Int.random(in: 0..<4, using: &cluster.random) == 0 { cluster.restart(number) }
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
        let items = cluster.items(on: 1)
        for node in cluster.nodes where cluster.items(on: node.id.rawValue) != items {
            violations.append("Converge: node \(node.id) holds another list than node 1")
        }
        if Set(items).count != items.count { violations.append("SessionOnce: an item stands twice") }
        for (item, place) in acknowledged where place >= items.count || items[place] != item {
            violations.append("AckedSurvives: \(item) is not at \(place)")
        }
        return violations
    }
}
