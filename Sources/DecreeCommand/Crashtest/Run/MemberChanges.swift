import DecreeClient
import DecreeSimulator
import Foundation
import Paxos

/// Brings nodes into the cluster and out of it while clients work and others are killed: a step at a time, whenever
/// the fault loop has a moment.
final class MemberChanges {
    /// What the present change waits for.
    enum Stage {
        case idle
        /// A cluster that can do without a node for a while.
        case ready(MemberPlan.Change)
        /// A node that was removed is to find out, and end.
        case leaving(Int, asked: Bool, since: ContinuousClock.Instant)
        /// One that lost its disk is to see that it cannot come back, and end.
        case refused(Int, RefusedNode, since: ContinuousClock.Instant)
        /// A node is to come in, and vote; and another to be gone by then.
        case joining(Int, replaced: Int?, since: ContinuousClock.Instant)
    }

    let keeper: NodeKeeper
    let client: DecreeClient
    let announcer: Announcer
    private let plan: MemberPlan
    private var begun = 0
    private var generator: SeededGenerator
    private var nextLook: ContinuousClock.Instant
    let clock = ContinuousClock()
    var stage = Stage.idle
    var figures = CrashFigures.Members()
    var violations: [Violation] = []
    /// Stores of those that are no members any more, for the judge.
    private(set) var formerStores: [(node: Int, directory: String)] = []
    /// The highest id that was given.
    private var highest: Int
    /// When the node that joins is killed once, if it is.
    private var strike: ContinuousClock.Instant?

    init(plan: MemberPlan, keeper: NodeKeeper, client: DecreeClient, announcer: Announcer) {
        self.plan = plan
        self.keeper = keeper
        self.client = client
        self.announcer = announcer
        generator = SeededGenerator(seed: plan.seed &+ 0xc4a9)
        highest = keeper.cluster.ids.last ?? 0
        nextLook = clock.now
        figures.voters = [keeper.voters.count]
    }

    var isIdle: Bool { if case .idle = stage { true } else { false } }

    /// Whether changes are left to begin.
    var hasMore: Bool { begun < plan.changes.count && violations.isEmpty }

    /// Begins the next change, if it is time for it and none is under way.
    ///
    /// - Parameter fraction: the part of the faults that is over.
    func beginIfDue(after fraction: Double) {
        guard isIdle, hasMore, begun < plan.due(after: fraction) else { return }
        stage = .ready(plan.changes[begun])
        begun += 1
    }

    /// One look, and one step if there is one to take.
    func advance() async throws {
        guard !isIdle, clock.now >= nextLook else { return }
        nextLook = clock.now + .milliseconds(50)
        switch stage {
        case .idle: break
        case .ready(let change): try await begin(change)
        case .leaving(let node, let asked, let since):
            try await takeLeave(of: node, asked: asked)
            if case .leaving = stage { giveUp(since, "node \(node), which was removed, did not end") }
        case .refused(let node, let process, let since):
            try await refuse(node, process)
            if case .refused = stage { giveUp(since, "node \(node), whose disk was wiped, did not end") }
        case .joining(let node, let replaced, let since):
            try await welcome(node, replaced)
            if case .joining = stage { giveUp(since, "node \(node), which joins, does not vote") }
        }
    }

    private func giveUp(_ since: ContinuousClock.Instant, _ what: String) {
        guard clock.now - since > CrashSettings.changePatience else { return }
        violations.append(Violation(.stalled, "\(what) within \(CrashSettings.changePatience)"))
        stage = .idle
    }

    // MARK: Beginning

    private func begin(_ change: MemberPlan.Change) async throws {
        await reviewVoters()
        // All of them at work: what is then taken away leaves a majority.
        let running = Set(keeper.running)
        guard keeper.voters.isSubset(of: running), keeper.leaving.isEmpty else { return }
        let candidates = keeper.voters.sorted()
        let chosen = candidates[Int.random(in: 0..<candidates.count, using: &generator)]
        switch change {
        case .join where candidates.count >= MemberPlan.mostVoters:
            announcer.event("node \(chosen) is removed: another is to come")
            stage = .leaving(chosen, asked: false, since: clock.now)
        case .join: try startJoining(replacing: nil)
        case .replacement:
            let refused = try await RefusedNode(losing: chosen, keeper)
            formerStores.append((chosen, refused.lostDirectory))
            announcer.event("kill -9 of node \(chosen), and its disk is wiped")
            stage = .refused(chosen, refused, since: clock.now)
        }
    }

    private func startJoining(replacing replaced: Int?) throws {
        highest += 1
        try keeper.cluster.add(
            highest, joining: keeper.contacts(without: replaced), replacing: replaced)
        keeper.joining.insert(highest)
        try keeper.begin(highest)
        announcer.event(
            "node \(highest) joins" + (replaced.map { " in the place of node \($0)" } ?? ""))
        // Every other one is killed on its way.
        let delay = Duration.milliseconds(Int.random(in: 0...400, using: &generator))
        strike = Bool.random(using: &generator) ? clock.now + delay : nil
        stage = .joining(highest, replaced: replaced, since: clock.now)
    }

    // MARK: A node leaves

    private func takeLeave(of node: Int, asked: Bool) async throws {
        if !asked {
            keeper.leaving.insert(node)
            guard await remove(node) else { return }
            keeper.voters.remove(node)
            stage = .leaving(node, asked: true, since: clock.now)
        }
        guard !keeper.leaving.contains(node) else { return }
        figures.removals += 1
        formerStores.append((node, keeper.cluster.dataDirectory(of: node)))
        await reviewVoters()
        figures.voters.append(keeper.voters.count)
        announcer.event("node \(node) has left; \(keeper.voters.count) vote")
        try startJoining(replacing: nil)
    }

    /// What `decree member remove` asks.
    private func remove(_ node: Int) async -> Bool {
        guard let id = UInt16(exactly: node).flatMap(NodeID.init(rawValue:)) else { return false }
        for address in keeper.addresses.values {
            do throws(AdminError) {
                _ = try await client.admin(.change(.remove(id)), to: address, deadline: .seconds(1))
                return true
            } catch {
                if error == .changeRefused(.unknownMember) { return true }
            }
        }
        return false
    }

    // MARK: A node comes

    private func refuse(_ node: Int, _ refused: RefusedNode) async throws {
        guard let end = try refused.end(keeper) else { return }
        if let complaint = end.complaint(of: node) { violations.append(Violation(.node, complaint)) }
        figures.refusals += 1
        announcer.event("node \(node) with an empty disk is refused: \(end.lastLine)")
        try startJoining(replacing: node)
    }

    private func welcome(_ node: Int, _ replaced: Int?) async throws {
        if let time = strike, clock.now >= time, keeper.running.contains(node) {
            strike = nil
            let absence = Duration.milliseconds(Int.random(in: 0...500, using: &generator))
            try await keeper.kill([node], absences: [absence])
            figures.joinerKills += 1
            announcer.event("kill -9 of node \(node), on its way in")
        }
        await reviewVoters()
        guard keeper.voters.contains(node), replaced.map({ !keeper.voters.contains($0) }) ?? true else {
            return
        }
        keeper.joining.remove(node)
        if replaced == nil { figures.joins += 1 } else { figures.replacements += 1 }
        figures.voters.append(keeper.voters.count)
        announcer.event(
            "node \(node) votes" + (replaced.map { "; node \($0) is gone" } ?? "")
                + "; \(keeper.voters.count) vote")
        strike = nil
        stage = .idle
    }

    // MARK: Who votes

    /// Asks those that run, and believes whoever is furthest.
    private func reviewVoters() async {
        let client = client
        let logs = await withTaskGroup(of: LogDescription?.self, returning: [LogDescription].self) { group in
            for address in keeper.addresses.values {
                group.addTask {
                    guard
                        case .described(let log)? = try? await client.admin(
                            .describeLog, to: address, deadline: .milliseconds(300))
                    else { return nil }
                    return log
                }
            }
            return await group.reduce(into: []) { if let log = $1 { $0.append(log) } }
        }
        guard let latest = logs.max(by: { $0.chosenThrough < $1.chosenThrough }) else { return }
        keeper.voters = Set(latest.configuration.voters.map { Int($0.rawValue) })
    }
}
