import Decree
import DecreeClient
import Foundation

extension FaultLoop {
    /// SIGSTOP; SIGCONT after a while, or kill -9.
    ///
    /// A leader that is paused wakes up in another's time, with requests before it that came in its own and in
    /// the other's: what it answers must be fresh (scenario PausedLeader).
    func pause(_ targets: Targets, _ fault: FaultPlan.Fault) async throws {
        let line = try await openLine(to: targets.leader)
        // Already under way when it stops; and in its socket when it wakes up.
        line?.ask(within: fault.stillness + Self.grace)
        history.mark()
        stop(targets.nodes, of: targets)
        line?.ask(within: fault.stillness + Self.grace)
        let end = clock.now + fault.stillness
        if targets.leavesMajority {
            // Another takes over, however long that takes: only then is there anything to be stale against.
            try await wait(within: CrashSettings.patience) { self.history.resumedAfter != nil }
            line?.ask(within: Self.grace + (end - clock.now))
        }
        try await wait { self.clock.now >= end }
        line?.ask(within: Self.grace)
        try await wake(targets.nodes, of: targets, fault)
        if let line { queue.close(line) }
    }

    /// Some are killed, some paused, at the same moment.
    func killAndPause(_ targets: Targets, _ fault: FaultPlan.Fault) async throws {
        let first = Int(fault.choice >> 16 & 1)
        let left = figures.left(of: settings.budget)
        // The budget has room for half of them and no more: of an odd number, the larger half is cut.
        let killed = Array(targets.half(first).prefix(left.kills))
        let paused = Array(targets.half(1 - first).prefix(left.pauses))
        history.mark()
        stop(paused, of: targets)
        try await kill(killed, of: targets, fault)
        try await rest(fault.stillness)
        resume(paused, of: targets)
    }

    /// How long a request to a paused node may take when the node goes on.
    private static let grace = Duration.seconds(3)

    private func stop(_ nodes: [Int], of targets: Targets) {
        keeper.pause(nodes)
        let leaders = nodes.count { $0 == targets.leader }
        figures.leaderPauses += leaders
        figures.followerPauses += nodes.count - leaders
        announcer.event("SIGSTOP of \(targets.names(nodes))\(targets.consequence)")
    }

    private func wake(_ nodes: [Int], of targets: Targets, _ fault: FaultPlan.Fault) async throws {
        // Where nobody could go on meanwhile, the time counts from here.
        if !targets.leavesMajority { history.mark() }
        guard fault.deed == .pauseAndKill else { return resume(nodes, of: targets) }
        try await keeper.kill(nodes, absences: fault.absences)
        figures.killedWhilePaused += nodes.count
        announcer.event("kill -9 of \(targets.names(nodes)), still paused")
    }

    private func resume(_ nodes: [Int], of targets: Targets) {
        keeper.resume(nodes)
        announcer.event("SIGCONT of \(targets.names(nodes))")
    }

    /// A connection to the leader alone, before it is paused.
    private func openLine(to leader: Int?) async throws -> QueuedOperations.Line? {
        guard let member = leader.flatMap({ keeper.cluster.members[$0] })?.configuration.address else {
            return nil
        }
        return await queue.line(to: NodeAddress(host: member.host, port: member.port))
    }
}
