import Foundation

extension FaultLoop {
    /// kill -9.
    func kill(_ targets: Targets, _ fault: FaultPlan.Fault) async throws {
        try await freeze(targets, for: fault.freeze)
        history.mark()
        try await kill(targets.nodes, of: targets, fault)
    }

    /// kill -9 of some of those that are struck.
    func kill(_ nodes: [Int], of targets: Targets, _ fault: FaultPlan.Fault) async throws {
        try await keeper.kill(nodes, absences: fault.absences)
        let leaders = nodes.count { $0 == targets.leader }
        figures.leaderKills += leaders
        figures.followerKills += nodes.count - leaders
        announcer.event("kill -9 of \(targets.names(nodes))\(targets.consequence)")
    }

    /// Stops followers for a moment before they are killed together with others.
    private func freeze(_ targets: Targets, for time: Duration) async throws {
        guard targets.nodes.count > 1 else { return }
        keeper.pause(targets.nodes.filter { $0 != targets.leader })
        try await rest(time)
    }
}

extension Targets {
    /// What is left.
    var consequence: String { leavesMajority ? "" : ": no majority is left" }
}
