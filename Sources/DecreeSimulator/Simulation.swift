import DecreeNode
import DecreeWire
import Dispatch
import Paxos

/// One seed's cluster, tried: a storm of faults under load, then a quorum heals while the others stay broken,
/// then all heal, and at last the power fails everywhere; and everything that was said meanwhile is judged.
///
/// The nodes run the core, the store on SQLite, the wire format and the sessions that servers run; the world
/// around them (network, disks, clocks, processes, clients) is simulated in one thread and in virtual time. One
/// seed, one history: whatever a seed finds, the same seed finds again.
public struct Simulation: Sendable {
    private let seed: UInt64
    private let settings: SimulationSettings
    private let sink: (@Sendable (TraceLine) -> Void)?
    private let workload: any Workload
    /// Is given everything that clients asked and were told, when all is over.
    private let onHistory: (@Sendable ([Operation]) -> Void)?

    /// A quorum that has healed serves everybody again within this virtual time, whatever the others do. Twice
    /// the longest election, and a client's longest wait.
    static let healNanoseconds = 20 * VirtualTime.second
    /// All nodes that can agree do so within this virtual time.
    static let agreeNanoseconds = 20 * VirtualTime.second
    /// Histories up to this long are searched for an order of their own.
    static let searchedOperations = 600
    static let searchedConfigurations = 20_000

    /// A simulation of `workload` from a seed.
    public init(
        seed: UInt64, options: SimulationOptions = SimulationOptions(),
        workload: any Workload = BankWorkload()
    ) {
        self.init(
            seed: seed, settings: SimulationSettings(seed: seed, options: options), workload: workload,
            sink: options.sink)
    }

    init(
        seed: UInt64, settings: SimulationSettings, workload: any Workload,
        sink: (@Sendable (TraceLine) -> Void)? = nil,
        onHistory: (@Sendable ([Operation]) -> Void)? = nil
    ) {
        self.seed = seed
        self.settings = settings
        self.workload = workload
        self.sink = sink
        self.onHistory = onHistory
    }

    /// What is to go wrong.
    public var schedule: FaultSchedule { settings.schedule }

    /// Simulations of one process run one after the other, for SQLite has one generator for all its connections;
    /// and on a thread of their own, for they would keep whoever else shares it waiting.
    private static let thread = DispatchQueue(label: "decree-simulation")

    /// Plays it to the end, or to the first violation: a fraction of a second in a release build.
    public func run() async -> SimulationReport {
        await withCheckedContinuation { continuation in
            Self.thread.async { continuation.resume(returning: runHere()) }
        }
    }

    /// Plays it on the calling thread. Only for whoever runs no other at the same time.
    package func runHere() -> SimulationReport {
        let world = World(seed: seed, settings: settings, workload: workload, sink: sink)
        world.begin()
        world.note(.phase, nil, detail: 0, "\(settings.nodes) nodes, \(settings.clients) clients; the storm")
        if settings.isLossless { world.traffic = Traffic(bulkyBytes: settings.limits.bulkyBytes) }
        world.run(until: settings.stormNanoseconds)
        world.judgeTraffic()
        let recovery = healQuorum(world)
        if world.violations.isEmpty { healAll(world) }
        let backup = settings.schedule.faults.first { $0.kind == .restore }
        if let backup, world.violations.isEmpty { loadAgain(world, backup) }
        judge(world)
        onHistory?(world.history)
        guard let backup, world.violations.isEmpty else { return report(world, recovery) }
        return report(restore(world, backup), recovery)
    }

    // MARK: Acts

    /// Faults end in a random quorum; the rest stay broken. Everybody must be served within a bound.
    private func healQuorum(_ world: World) -> UInt64? {
        guard world.violations.isEmpty else { return nil }
        var random = world.streams.stream(.heal)
        world.steward.isPlanning = false
        guard let (sound, quorum) = world.drawQuorum(&random) else {
            world.violate(.stalled, "too few sound nodes are left: \(world.standing)")
            return nil
        }
        var afflictions: [Int: Affliction] = [:]
        // A cluster that is not founded yet needs all.
        for index in sound where !quorum.contains(index) && world.isFounded {
            afflictions[index] = Affliction.allCases[random.below(Affliction.allCases.count)]
        }
        var other = world.streams.stream(.heal, 1)
        // A node of an older build passes no word on: those who reach one another through it alone wait.
        if world.isAsCreated, sound == Array(0..<world.settings.nodes), other.chance(1, in: 4),
            sound.allSatisfy({ world.nodes[$0].speaks >= WireVersion.starts })
        {
            let partition = Partition.drawPartial(nodes: sound.count, &other)
            world.note(.phase, nil, detail: 1, "all heal but the network: \(partition)")
            world.heal(leaving: partition)
        } else {
            world.note(.phase, nil, detail: 1, "a quorum heals: nodes \(quorum.sorted().map { $0 + 1 })")
            world.heal(afflicting: afflictions)
        }
        world.mark()
        let start = world.now
        let isServed = world.run(until: start + Self.healNanoseconds) { world.isServingAll }
        guard world.violations.isEmpty else { return nil }
        guard isServed else {
            world.violate(
                .stalled,
                "a quorum healed, and not everybody was served within "
                    + "\(Self.healNanoseconds / VirtualTime.second) s of virtual time")
            return nil
        }
        return world.now - start
    }

    /// The rest heal too; clients have their last answers, and all nodes agree.
    private func healAll(_ world: World) {
        world.note(.phase, nil, detail: 2, "all heal")
        world.heal()
        if settings.upgradesAll { world.upgradeAll() }
        world.mark()
        let start = world.now
        let isDone = { world.isServingAll && world.isRaisedAsFarAsMayBe }
        guard world.run(until: start + Self.healNanoseconds, isDone: isDone) else {
            guard world.violations.isEmpty else { return }
            world.violate(
                .stalled,
                world.isServingAll
                    ? "all members run this build, and the cluster's version is not raised"
                    : "all healed, and not everybody is served")
            return
        }
        world.isLoadOn = false
        agree(world, "all healed")
        guard world.violations.isEmpty else { return }
        // Once more without what memory holds: the disks alone must tell all that was said.
        world.note(.phase, nil, detail: 3, "the power fails everywhere")
        for node in world.nodes where node.identity != nil {
            world.stop(node, .powerCut(.nothing), downNanoseconds: 10 * VirtualTime.millisecond)
        }
        agree(world, "all came back from a power cut")
        guard world.violations.isEmpty else { return }
        for node in world.nodes where node.isUp { world.inspectDisk(of: node) }
    }

    /// A backup is taken; clients ask again, some of them as new ones, and are in the middle of it when all nodes end.
    private func loadAgain(_ world: World, _ backup: Fault) {
        guard case .restore(let lost) = backup.effect else { return }
        let through = world.judge.chosenThrough
        world.backup = Slot(max(1, through - min(UInt64(lost), max(1, through) - 1)))
        var random = SeededGenerator(seed: backup.seed)
        world.isLoadOn = true
        for client in world.clients {
            // Sessions that are opened from here on have names that the new cluster will give again.
            guard random.chance(1, in: 2) else {
                world.wake(client)
                continue
            }
            client.vanish(world)
            world.plan(.clientStarts(client: client.number), in: random.within(VirtualTime.second))
        }
        world.run(until: world.now + VirtualTime.second + random.within(4 * VirtualTime.second))
        for client in world.clients { world.history += client.unanswered }
    }

    /// All nodes are made again from the backup, under clients that live on. The new cluster answers nothing of what they
    /// asked of the one before, and does none of it; and it serves them.
    private func restore(_ old: World, _ backup: Fault) -> World {
        guard let slot = old.backup, slot.rawValue <= old.judge.chosenThrough else { return old }
        old.note(.phase, nil, detail: slot.rawValue, "all are restored from a backup through slot \(slot)")
        var random = SeededGenerator(seed: backup.seed &+ 1)
        let living = old.clients.filter { $0.isUp && random.chance(2, in: 3) }
        // They may have their answers yet.
        let asked = Set(living.flatMap(\.unanswered))
        old.history.removeAll(where: asked.contains)
        let world: World
        do {
            world = try World.restored(
                from: old, through: slot, living: living, seed: Digest(of: seed, backup.seed, 0, 0).rawValue,
                sink: sink)
        } catch {
            old.violate(.store, "no store can be made of the backup: \(error)")
            return old
        }
        let cut = old.lastStamp
        healAll(world)
        world.history = world.history.compactMap { operation in
            operation.invoked <= cut && !operation.outcome.isAnswered ? operation.surviving(slot) : operation
        }
        judge(world)
        return world
    }

    private func agree(_ world: World, _ what: String) {
        let agreed = world.run(until: world.now + Self.agreeNanoseconds) {
            world.clients.allSatisfy(\.isIdle) && world.isOperatorServed && world.isAgreed
                && world.waitingVisitor == nil
        }
        if !agreed, world.violations.isEmpty {
            world.violate(
                .stalled,
                "\(what), and the nodes did not agree within "
                    + "\(Self.agreeNanoseconds / VirtualTime.second) s: \(world.standing)")
        }
    }

    // MARK: Judgement

    private func judge(_ world: World) {
        guard world.violations.isEmpty else { return }
        world.takeFlaws()
        judge(
            world, .first, world.history, world.judge, world.installedStates)
        for companion in world.companions {
            judge(world, companion.group, companion.history, companion.judge, companion.installedStates)
        }
    }

    private func judge(
        _ world: World, _ group: GroupID, _ history: [Operation], _ judge: Judge, _ installed: [NodeState]
    ) {
        guard world.violations.isEmpty else { return }
        let check = HistoryCheck(
            history, log: judge.log, model: workload.model, machine: workload.machine,
            states: installed + world.states(of: group), configuration: world.settings.configuration,
            wording: workload.wording)
        world.counts.reads += check.readsChecked
        for (slot, indexes) in judge.unexecuted.sorted(by: { $0.key < $1.key })
        where slot <= check.through.rawValue {
            let wanted = check.unexecuted.filter { $0.slot.rawValue == slot }.map(\.index).sorted()
            guard indexes != wanted else { continue }
            world.violate(
                .invariant,
                "SessionOnce: nodes keep that \(indexes) of slot \(slot) were not executed; by the model, \(wanted)"
            )
        }
        judgeReaders(world, group, check)
        let own = workload.violations(in: history, machine: check.machine, model: check.model)
        for violation in check.violations + own { world.violate(violation.kind, violation.detail) }
        guard world.violations.isEmpty else { return }
        let opening = Linearizability.opening(of: history, count: Self.searchedOperations)
        let search = Linearizability(
            opening, model: workload.model, configurationLimit: Self.searchedConfigurations,
            wording: workload.wording)
        switch search.verdict {
        case .linearizable: world.counts.searches += 1
        case .undecided: break
        case .violation(let detail): world.violate(.notLinearizable, detail)
        }
    }

    /// What readers of the log were given is what it executed.
    private func judgeReaders(_ world: World, _ group: GroupID, _ check: HistoryCheck) {
        let readers = world.visitors.compactMap { $0 as? SimulatedReader }.filter {
            $0.isUp && $0.group == group
        }
        guard !readers.isEmpty else { return }
        let executed = check.executed
        for reader in readers {
            guard let flaw = reader.flaw(executed: executed, through: check.through) else { continue }
            world.violate(.invariant, flaw)
        }
    }

    private func report(_ world: World, _ recovery: UInt64?) -> SimulationReport {
        world.counts.elections = world.judge.ledBallots.count
        world.counts.slots = Int(world.judge.chosenThrough)
        return SimulationReport(
            seed: seed, nodes: world.nodes.count, violations: world.violations, counts: world.counts,
            nanoseconds: world.now, recoveryNanoseconds: recovery, digest: world.trace.digest,
            schedule: world.schedule)
    }
}

extension World {
    /// Whether all members that can run do, and have executed all that was chosen; and each node that came back with a
    /// disk that was lost has been turned away, or can reach no member.
    var isAgreed: Bool {
        nodes.allSatisfy { node in
            guard node.retired == nil, let id = node.identity else { return true }
            guard judge.void[node.index] == nil else { return isOutOfReach(node) }
            guard judge.members.latest.members[id.rawValue] != nil else { return true }
            return hasAll(node)
        }
    }

    /// Whether a node that was removed, of whose disk nothing is left, looks for the others where none of them is any more.
    /// They do not look for it.
    private func isOutOfReach(_ node: SimulatedNode) -> Bool {
        judge.members.latest.members[node.id.rawValue] == nil
            && node.configured.allSatisfy { $0.key == node.id || place(at: $0.value) == nil }
    }

    /// Whether the members are those the cluster was created with, and all of them vote.
    var isAsCreated: Bool {
        let voters = settings.configuration.voters.map(\.rawValue)
        return steward.isIdle
            && judge.members.governing(from: judge.chosenThrough + 1).allSatisfy {
                Set($0.members.keys) == Set(voters)
            }
    }

    /// Sound machines, and some of them that are a quorum of everybody who may govern an open slot, by what any of them
    /// knows to be chosen. Those who are about to vote are among them, and while an operator waits for an answer about
    /// members, all are: a cluster that is changed while it is broken may be changed into one that is broken.
    func drawQuorum(_ random: inout SeededGenerator) -> (sound: [Int], quorum: Set<Int>)? {
        // What has rotted may be found out, and be out, at any start.
        let sound = nodes.indices.filter {
            nodes[$0].identity != nil && nodes[$0].retired == nil && !judge.rotten.contains($0)
                && judge.void[$0] == nil
        }
        var rest = sound.shuffled(using: &random)
        let extra = random.below(sound.count + 1)
        var quorum = Set(
            sound.filter { judge.members.latest.members[judge.id($0)].map { !$0.isVoter } ?? false })
        rest.removeAll { quorum.contains($0) }
        if !steward.isIdle {
            quorum.formUnion(rest)
            rest = []
        }
        while !isQuorum(quorum) {
            guard let next = rest.popLast() else { return nil }
            quorum.insert(next)
        }
        let more = rest.prefix(max(0, extra - quorum.count))
        return (sound, quorum.union(more))
    }

    private func isQuorum(_ machines: Set<Int>) -> Bool {
        let known = machines.map { judge.nodes[$0].chosenThrough.rawValue }.max() ?? 0
        let ids = Set(machines.map { judge.id($0) })
        return judge.members.governing(from: known + 1).allSatisfy { $0.isQuorum(ids) }
    }

    /// How far each node is, for whoever asks why they do not agree.
    var standing: String {
        nodes.map { node in
            guard let id = node.identity else { return "" }
            let where_ = node.retired ?? node.core.map { "\($0.groups[0].chosenThrough)" } ?? "down"
            return
                "node \(id)\(node.index + 1 == Int(id.rawValue) ? "" : " on machine \(node.index + 1)"): \(where_), "
        }.joined() + "chosen \(judge.chosenThrough), voters \(judge.members.latest.voters.sorted()) of "
            + "\(judge.members.latest.members.keys.sorted())"
            + (steward.isIdle ? "" : ", the operator waits for \(steward.wishes.map { "\($0.aim)" })")
            + (waitingVisitor.map { ", \($0)" } ?? "")
    }
}
