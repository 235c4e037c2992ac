import Decree
import DecreeSimulator
import Foundation

/// Kills nodes while clients are at work, each time a cluster that works, and measures how soon writes
/// resume.
final class FaultLoop {
    private let settings: CrashSettings
    private let keeper: NodeKeeper
    private let history: History
    private let announcer: Announcer
    private let interruption: Interruption
    private let clock = ContinuousClock()
    private var plan: FaultPlan
    private(set) var figures = CrashFigures()
    private(set) var violations: [Violation] = []

    init(
        settings: CrashSettings, keeper: NodeKeeper, history: History, announcer: Announcer,
        interruption: Interruption
    ) {
        self.settings = settings
        self.keeper = keeper
        self.history = history
        self.announcer = announcer
        self.interruption = interruption
        plan = FaultPlan(seed: settings.seed)
    }

    private var kills: Int { figures.leaderKills + figures.followerKills }

    /// All kills. It ends early if the cluster does not come back.
    func run() async throws {
        let start = clock.now
        while kills < settings.kills {
            let fault = plan.next()
            let end = clock.now + fault.delay
            try await wait { self.clock.now >= end }
            guard try await strike(fault) else { break }
        }
        figures.faultSeconds = (clock.now - start) / .seconds(1)
    }

    /// Keeps nodes alive until `condition` holds. Returns whether it did in time.
    @discardableResult
    func wait(within time: Duration = .seconds(3_600), until condition: () async throws -> Bool) async throws
        -> Bool
    {
        let end = clock.now + time
        while try await !condition() {
            guard clock.now < end else { return false }
            try await Task.sleep(for: .milliseconds(10))
            try tick()
        }
        return true
    }

    /// One look at everything.
    func tick() throws {
        try interruption.check()
        for event in try keeper.tick() {
            switch event {
            case .restarted(let node): announcer.event("node \(node) is started again")
            case .endedFromOutside(let node, let how):
                figures.endedFromOutside += 1
                announcer.notice("node \(node) was ended by another's hand (\(how)), and is started again")
            case .failed(let node, let how):
                let log = keeper.said(by: node)
                announcer.notice("node \(node) ended of itself: \(how)")
                violations.append(
                    Violation(.node, "node \(node) ended of itself (\(how)); it said last:\n\(log)"))
            }
        }
        let counts = history.counts
        announcer.update(
            "\(kills) of \(settings.kills) kills, \(counts.acknowledged.grouped) writes acknowledged, "
                + "\(counts.reads.grouped) reads answered")
    }

    // MARK: Kills

    /// Does one fault, and waits until writes are acknowledged again. Returns false if they never are.
    private func strike(_ fault: FaultPlan.Fault) async throws -> Bool {
        guard let targets = try await targets(of: fault) else {
            violations.append(
                Violation(.stalled, "no leader with all its majority within \(CrashSettings.patience)"))
            return false
        }
        try await freeze(targets, for: fault.freeze)
        let time = history.mark()
        try await keeper.kill(targets.nodes, pauses: fault.pauses)
        count(targets)
        announcer.event(describe(targets))
        guard
            try await wait(within: CrashSettings.patience, until: { self.history.resumedAfter != nil }),
            let gap = history.resumedAfter
        else {
            violations.append(
                Violation(
                    .stalled,
                    "no write was acknowledged within \(CrashSettings.patience) of: \(describe(targets)) "
                        + "(at \(time) ns)"))
            return false
        }
        figures.gaps.append(
            CrashFigures.Gap(
                wasLeader: targets.leader != nil, leftMajority: targets.leavesMajority, nanoseconds: gap))
        let leader = await keeper.statuses().leader
        announcer.event(
            "writes resumed after \(gap.asTime)" + (leader.map { "; node \($0) leads" } ?? ""))
        // Some more of them, so that the next kill meets a cluster at work.
        return try await wait(within: CrashSettings.patience) { self.history.counts.sinceMark >= 20 }
    }

    /// Stops followers for a moment before they are killed together with others.
    private func freeze(_ targets: Targets, for time: Duration) async throws {
        guard targets.nodes.count > 1 else { return }
        for node in targets.nodes where node != targets.leader { keeper.cluster.signal(node, SIGSTOP) }
        let end = clock.now + time
        try await wait { self.clock.now >= end }
    }

    private struct Targets {
        let nodes: [Int]
        /// The leader, if it is among them.
        let leader: Int?
        let leavesMajority: Bool
    }

    /// Chooses who is killed, once a leader is known and enough nodes answer; nil if that never comes.
    private func targets(of fault: FaultPlan.Fault) async throws -> Targets? {
        var targets: Targets?
        try await wait(within: CrashSettings.patience) {
            let statuses = await self.keeper.statuses()
            guard let leader = statuses.leader else { return false }
            targets = self.targets(of: fault, leader: leader, answering: statuses.keys.sorted())
            return targets != nil
        }
        return targets
    }

    private func targets(of fault: FaultPlan.Fault, leader: Int, answering: [Int]) -> Targets? {
        let followers = answering.filter { $0 != leader }
        switch fault.kind {
        case .leader:
            guard followers.count >= keeper.quorumSize else { return nil }
            return Targets(nodes: [leader], leader: leader, leavesMajority: true)
        case .follower:
            guard followers.count >= keeper.quorumSize, !followers.isEmpty else { return nil }
            let follower = followers[Int(fault.choice % UInt64(followers.count))]
            return Targets(nodes: [follower], leader: nil, leavesMajority: true)
        case .outage(let withLeader):
            // Starting anywhere, in a circle: the leader goes first or last.
            let start = followers.isEmpty ? 0 : Int(fault.choice % UInt64(followers.count))
            let circle = Array(followers[start...] + followers[..<start])
            return several(
                withLeader ? [leader] + circle : circle + [leader],
                count: answering.count - keeper.quorumSize + 1, leader: leader)
        case .blackout: return several([leader] + followers, count: answering.count, leader: leader)
        }
    }

    /// The first `count` of the nodes that answer, as long as there are kills left.
    private func several(_ answering: [Int], count: Int, leader: Int) -> Targets {
        let count = max(1, min(count, settings.kills - kills))
        let nodes = Array(answering.prefix(count))
        return Targets(
            nodes: nodes, leader: nodes.contains(leader) ? leader : nil,
            leavesMajority: answering.count - count >= keeper.quorumSize)
    }

    private func count(_ targets: Targets) {
        if targets.leader != nil { figures.leaderKills += 1 }
        figures.followerKills += targets.nodes.count - (targets.leader == nil ? 0 : 1)
        if !targets.leavesMajority { figures.outages += 1 }
    }

    private func describe(_ targets: Targets) -> String {
        let names = targets.nodes.map { $0 == targets.leader ? "node \($0), the leader" : "node \($0)" }
        return "kill -9 of " + names.joined(separator: " and ")
            + (targets.leavesMajority ? "" : ": no majority is left")
    }
}
