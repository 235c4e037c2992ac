import Decree
import DecreeSimulator
import Foundation

/// Kills and pauses nodes while clients are at work, each time a cluster that works, and measures how soon
/// writes resume.
final class FaultLoop {
    let settings: CrashSettings
    let keeper: NodeKeeper
    let history: History
    let announcer: Announcer
    let queue: QueuedOperations
    let changes: MemberChanges
    private let tail: LogTail
    private let interruption: Interruption
    let clock = ContinuousClock()
    private var plan: FaultPlan
    var walk: BoundaryWalk
    /// How often nodes that walk along the boundaries are still to die.
    var stepsLeft: [Int: Int] = [:]
    var figures = CrashFigures()
    var violations: [Violation] = []

    init(
        settings: CrashSettings, keeper: NodeKeeper, history: History, queue: QueuedOperations,
        changes: MemberChanges, tail: LogTail, announcer: Announcer, interruption: Interruption
    ) {
        self.settings = settings
        self.keeper = keeper
        self.history = history
        self.queue = queue
        self.changes = changes
        self.tail = tail
        self.announcer = announcer
        self.interruption = interruption
        plan = FaultPlan(seed: settings.seed, budget: settings.budget)
        walk = BoundaryWalk(seed: settings.seed)
    }

    /// All faults. It ends early if the cluster does not come back.
    func run() async throws {
        let start = clock.now
        while let fault = plan.next(left: figures.left(of: settings.budget)) {
            changes.beginIfDue(after: fractionOver)
            try await rest(fault.delay)
            guard try await strike(fault) else { break }
        }
        try await finishChanges()
        figures.queued = (queue.asked, await queue.answered())
        figures.faultSeconds = (clock.now - start) / .seconds(1)
    }

    /// The part of the faults that is over.
    private var fractionOver: Double {
        let whole = settings.budget.sum
        return whole == 0 ? 1 : 1 - Double(figures.left(of: settings.budget).sum) / Double(whole)
    }

    /// Those that are under way, and those for which the faults were too few.
    private func finishChanges() async throws {
        repeat {
            changes.beginIfDue(after: 1)
            try await wait { self.changes.isIdle }
        } while changes.hasMore && violations.isEmpty
        violations += changes.violations
        figures.members = changes.figures
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
            try await changes.advance()
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
            case .left(let node): announcer.event("node \(node) says that it was removed, and has ended")
            case .notAdmitted(let node):
                changes.figures.unanswered += 1
                announcer.event("node \(node) found nobody to admit it, and asks again")
            case .diedAtBoundary(let node, let visit): died(node, visit)
            case .failed(let node, let how):
                let log = keeper.said(by: node)
                announcer.notice("node \(node) ended of itself: \(how)")
                violations.append(
                    Violation(.node, "node \(node) ended of itself (\(how)); it said last:\n\(log)"))
            }
        }
        tail.turn(to: keeper.addresses)
        let counts = history.counts
        announcer.update(
            "\(progress), \(counts.acknowledged.grouped) writes acknowledged, "
                + "\(counts.reads.grouped) reads answered")
    }

    /// Keeps nodes alive for a while.
    func rest(_ time: Duration) async throws {
        let end = clock.now + time
        try await wait { self.clock.now >= end }
    }

    private var progress: String {
        let budget = settings.budget
        var words = ["\(figures.kills) of \(budget.kills) kills"]
        if budget.pauses > 0 { words.append("\(figures.pauses) of \(budget.pauses) pauses") }
        if budget.boundaryKills > 0 {
            words.append("\(figures.boundaryKills.count) of \(budget.boundaryKills) at boundaries")
        }
        return words.joined(separator: ", ")
    }

    // MARK: Faults

    /// Does one fault, and waits until writes are acknowledged again. Returns false if they never are.
    private func strike(_ fault: FaultPlan.Fault) async throws -> Bool {
        guard let targets = try await targets(of: fault) else {
            violations.append(
                Violation(.stalled, "no leader with all its majority within \(CrashSettings.patience)"))
            return false
        }
        if targets.nodes.count > 1 { figures.multiNodeFaults += 1 }
        if !targets.leavesMajority { figures.outages += 1 }
        let time = history.mark()
        let cause = try await strike(targets, fault)
        guard
            try await wait(within: CrashSettings.patience, until: { self.history.resumedAfter != nil }),
            let gap = history.resumedAfter
        else {
            violations.append(
                Violation(
                    .stalled,
                    "no write was acknowledged within \(CrashSettings.patience) of: a \(fault.deed) of "
                        + "\(targets.names()) (at \(time) ns)"))
            return false
        }
        figures.gaps.append(
            CrashFigures.Gap(
                cause: cause, wasLeader: targets.leader != nil, leftMajority: targets.leavesMajority,
                nanoseconds: gap))
        let leader = await keeper.statuses().leader
        announcer.event(
            "writes resumed after \(gap.asTime)" + (leader.map { "; node \($0) leads" } ?? ""))
        // Some more of them, so that the next fault meets a cluster at work.
        return try await wait(within: CrashSettings.patience) { self.history.counts.sinceMark >= 20 }
    }

    /// Does it. Of those that are paused, none is afterwards.
    private func strike(
        _ targets: Targets, _ fault: FaultPlan.Fault
    ) async throws -> CrashFigures.Cause {
        switch fault.deed {
        case .kill:
            try await kill(targets, fault)
            return .kill
        case .pause, .pauseAndKill:
            try await pause(targets, fault)
            return .pause
        case .killAndPause:
            try await killAndPause(targets, fault)
            return .kill
        case .boundary:
            try await walk(targets, fault)
            return .boundary
        }
    }

    /// Chooses who is struck, once a leader is known and enough nodes answer; nil if that never comes.
    private func targets(of fault: FaultPlan.Fault) async throws -> Targets? {
        let limit = figures.left(of: settings.budget).room(for: fault.deed)
        var targets: Targets?
        try await wait(within: CrashSettings.patience) {
            let statuses = await self.keeper.statuses().filter { self.keeper.voters.contains($0.key) }
            guard let leader = statuses.leader else { return false }
            targets = Targets(
                of: fault, leader: leader, answering: statuses.keys.sorted(),
                quorumSize: self.keeper.quorumSize, limit: limit)
            return targets != nil
        }
        return targets
    }
}
