import DecreeNode
import DecreeStore
import DecreeWire
import Paxos
import Testing

/// Every order in which a few nodes found a cluster, with processes that die before and after each step and answers that
/// arrive late.
@Suite("Founding, exhaustively")
struct FounderModelTests {
    @Test("two nodes, two deaths, a late answer: one founding, and it ends")
    func twoNodes() { Search(nodes: 2, deaths: 2, lateAnswers: 1).run() }

    @Test("three nodes, one death: one founding, and it ends")
    func threeNodes() { Search(nodes: 3, deaths: 1, lateAnswers: 0).run() }

    @Test("three nodes, deaths and late answers, in random orders: one founding, and it ends")
    func threeNodesAtRandom() {
        for seed in 1...60 as ClosedRange<UInt64> {
            Search(nodes: 3, deaths: 6, lateAnswers: 6).walk(seed: seed)
        }
    }
}

/// All nodes of a founding, their disks, and answers on their way.
private struct Scene: Hashable {
    enum Disk: Hashable {
        case empty
        case store(FoundingRecord)
    }

    enum Process: Hashable {
        case down
        case founding(Founder)
        case running
    }

    struct Node: Hashable {
        var disk = Disk.empty
        var process = Process.down
        var job: Founder.Action?
        /// Whether the job is done, and the process does not know.
        var isDone = false
        var tokens: UInt64 = 0
    }

    struct Late: Hashable {
        let to: Int
        let claim: FoundingClaim
        let sent: FoundingClaim
    }

    enum Step {
        case start(Int)
        case die(Int)
        case ask(Int, Int)
        case askAndWait(Int, Int)
        case arrive(Int)
        case write(Int)
        case report(Int)
    }

    var nodes: [Node]
    var late: [Late] = []
    var deaths = 0
    var isRefused = false

    init(nodes count: Int) { nodes = Array(repeating: Node(), count: count) }

    func plan(_ index: Int) -> FoundingPlan {
        let ids = nodes.indices.map { NodeID(UInt16($0 + 1)) }
        return FoundingPlan(
            cluster: "bank", node: ids[index], nodes: ids.map { .init(node: $0, address: "node-\($0):1") },
            groups: [StoreGroup(id: .first, kind: "bank", configuration: Configuration(voters: ids))])
    }

    func steps(_ search: Search) -> [Step] {
        var steps: [Step] = []
        for index in nodes.indices {
            switch nodes[index].process {
            case .down: steps.append(.start(index))
            case .running: break
            case .founding:
                for other in nodes.indices where other != index && nodes[other].process != .down {
                    steps.append(.ask(index, other))
                    if late.count < search.lateAnswers { steps.append(.askAndWait(index, other)) }
                }
                if nodes[index].job != nil {
                    steps.append(nodes[index].isDone ? .report(index) : .write(index))
                }
            }
            if nodes[index].process != .down, deaths < search.deaths { steps.append(.die(index)) }
        }
        return steps + late.indices.map { .arrive($0) }
    }

    mutating func take(_ step: Step) {
        switch step {
        case .start(let index): start(index)
        case .die(let index):
            deaths += 1
            nodes[index].process = .down
            nodes[index].job = nil
            nodes[index].isDone = false
            late.removeAll { $0.to == index }
        case .ask(let from, let to):
            if let (claim, sent) = ask(from, to) { hear(from, claim, sent) }
        case .askAndWait(let from, let to):
            if let (claim, sent) = ask(from, to) { late.append(Late(to: from, claim: claim, sent: sent)) }
        case .arrive(let place):
            let answer = late.remove(at: place)
            hear(answer.to, answer.claim, answer.sent)
        case .write(let index): write(index)
        case .report(let index): report(index)
        }
    }

    private mutating func start(_ index: Int) {
        nodes[index].tokens += 1
        let token = UInt64(index + 1) << 32 | nodes[index].tokens
        var founder: Founder
        switch nodes[index].disk {
        case .store(let record) where record.isComplete:
            nodes[index].process = .running
            return
        case .store(let record): founder = Founder(plan(index), resuming: record)
        case .empty: founder = Founder(plan(index), token: token)
        }
        let action = founder.start()
        nodes[index].process = .founding(founder)
        perform(action, index)
    }

    private mutating func ask(_ from: Int, _ to: Int) -> (FoundingClaim, FoundingClaim)? {
        guard case .founding(let founder) = nodes[from].process else { return nil }
        let sent = founder.claim
        hear(to, sent, nil)
        return (claim(of: to), sent)
    }

    private func claim(of index: Int) -> FoundingClaim {
        if case .founding(let founder) = nodes[index].process { return founder.claim }
        guard case .store(let record) = nodes[index].disk else {
            preconditionFailure("it runs without a store")
        }
        return FoundingClaim(
            cluster: "bank", node: NodeID(UInt16(index + 1)), list: Digest(rawValue: 0), nodes: [], token: 0,
            stage: .complete(record.id), standing: .member)
    }

    private mutating func hear(_ index: Int, _ claim: FoundingClaim, _ sent: FoundingClaim?) {
        guard case .founding(var founder) = nodes[index].process else { return }
        let action = founder.hear(claim, answering: sent)
        nodes[index].process = .founding(founder)
        perform(action, index)
    }

    private mutating func perform(_ action: Founder.Action?, _ index: Int) {
        guard let action else { return }
        if case .refuse = action { isRefused = true }
        nodes[index].job = action
        nodes[index].isDone = false
    }

    private mutating func write(_ index: Int) {
        switch nodes[index].job {
        case .prepare(let record): nodes[index].disk = .store(record)
        case .complete(let record): nodes[index].disk = .store(record.completed)
        case .delete: nodes[index].disk = .empty
        case .refuse, nil: break
        }
        nodes[index].isDone = true
    }

    private mutating func report(_ index: Int) {
        guard case .founding(var founder) = nodes[index].process, let job = nodes[index].job else { return }
        nodes[index].job = nil
        nodes[index].isDone = false
        var action: Founder.Action?
        switch job {
        case .prepare: action = founder.prepared()
        case .complete: founder.completed()
        case .delete:
            nodes[index].tokens += 1
            action = founder.deleted(newToken: UInt64(index + 1) << 32 | nodes[index].tokens)
        case .refuse: break
        }
        nodes[index].process = job.isComplete ? .running : .founding(founder)
        perform(action, index)
    }

    /// Stores whose nodes may vote, by the founding.
    var foundings: Set<Digest> {
        Set(
            nodes.compactMap { node in
                guard case .store(let record) = node.disk, record.isComplete else { return nil }
                return record.id
            })
    }

    /// Whether a founding is complete somewhere and a store of it is missing.
    var isTorn: Bool {
        guard let founding = foundings.first else { return false }
        return nodes.contains { node in
            guard case .store(let record) = node.disk else { return true }
            return record.id != founding
        }
    }

    /// Everybody is up, and each asks each, again and again.
    func endsInOneCluster() -> Bool {
        var scene = self
        for _ in 0..<12 {
            for index in nodes.indices where scene.nodes[index].process == .down { scene.start(index) }
            while !scene.late.isEmpty { scene.take(.arrive(0)) }
            for from in nodes.indices {
                for to in nodes.indices where from != to { scene.take(.ask(from, to)) }
            }
            for index in nodes.indices where scene.nodes[index].job != nil {
                if !scene.nodes[index].isDone { scene.write(index) }
                scene.report(index)
            }
            if scene.nodes.allSatisfy({ $0.process == .running }) { return scene.foundings.count == 1 }
        }
        return false
    }
}

extension Founder.Action {
    fileprivate var isComplete: Bool { if case .complete = self { true } else { false } }
}

/// Goes through the scenes.
private struct Search {
    let nodes: Int
    let deaths: Int
    let lateAnswers: Int

    func run() {
        var seen: Set<Scene> = [Scene(nodes: nodes)]
        var open = Array(seen)
        while let scene = open.popLast() {
            guard judge(scene) else { return }
            for step in scene.steps(self) {
                var next = scene
                next.take(step)
                if seen.insert(next).inserted { open.append(next) }
            }
        }
        print("founding: \(nodes) nodes, \(deaths) deaths, \(lateAnswers) late answers: \(seen.count) scenes")
    }

    func walk(seed: UInt64) {
        var random = SplitMix(state: seed)
        var scene = Scene(nodes: nodes)
        for _ in 0..<200 {
            let steps = scene.steps(self)
            guard let step = steps.randomElement(using: &random) else { return }
            scene.take(step)
            guard judge(scene) else {
                Issue.record("seed \(seed)")
                return
            }
        }
    }

    private func judge(_ scene: Scene) -> Bool {
        let flaws = [
            scene.foundings.count > 1 ? "two foundings are complete" : nil,
            scene.isTorn ? "a store of a complete founding is missing" : nil,
            scene.isRefused ? "a node is refused, and nothing was lost" : nil,
            scene.endsInOneCluster() ? nil : "with all up it does not end",
        ].compactMap { $0 }
        guard flaws.isEmpty else {
            Issue.record("\(flaws): \(scene)")
            return false
        }
        return true
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
