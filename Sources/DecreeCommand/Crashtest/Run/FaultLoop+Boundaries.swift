import Foundation

extension FaultLoop {
    /// kill -9, and from then on every start under a tracer that kills the node at another boundary, until
    /// each has died at a few of them.
    func walk(_ targets: Targets, _ fault: FaultPlan.Fault) async throws {
        let steps = 1 + Int((fault.choice >> 48) % 6)
        for node in targets.nodes { takeStep(node, steps: steps) }
        try await keeper.kill(targets.nodes, absences: fault.absences.map { $0 / 4 })
        figures.walks += targets.nodes.count
        announcer.event("kill -9 of \(targets.names()), to begin a walk\(targets.consequence)")
        var since: [Int: (boundary: Boundary, time: ContinuousClock.Instant)] = [:]
        try await wait {
            let walking = targets.nodes.filter(self.keeper.isWalking)
            guard !walking.isEmpty else { return true }
            let answering = await self.keeper.statuses()
            // One that recovers, however long it takes, is on its way; one that works should soon be there.
            for node in walking where answering[node] != nil {
                guard let boundary = self.keeper.traced[node] else { continue }
                if since[node]?.boundary != boundary { since[node] = (boundary, self.clock.now) }
            }
            let late = walking.filter { node in
                guard let start = since[node], start.boundary == self.keeper.traced[node] else {
                    return false
                }
                return self.clock.now - start.time > CrashSettings.boundaryPatience
            }
            try await self.giveUp(late)
            return false
        }
        stepsLeft = [:]
        // What was acknowledged between two deaths is no sign that it works now.
        history.mark()
    }

    /// A node died where it was to.
    func died(_ node: Int, _ visit: Boundary.Visit) {
        figures.boundaryKills.append(visit)
        announcer.event("node \(node) died before its \(visit.boundary), on \(visit.target)")
        goOn(node)
    }

    /// Nodes that do not get there: kill -9, and another boundary.
    private func giveUp(_ nodes: [Int]) async throws {
        for node in nodes {
            guard let boundary = keeper.traced[node] else { continue }
            walk.unreached(boundary)
            figures.unreached.append(boundary)
            announcer.event("node \(node) does not get to its \(boundary): kill -9")
            goOn(node)
        }
        if !nodes.isEmpty { try await keeper.kill(nodes, absences: nodes.map { _ in .zero }) }
    }

    /// The node's next start is another step, if there is one left.
    private func goOn(_ node: Int) {
        let steps = stepsLeft[node, default: 0] - 1
        stepsLeft[node] = nil
        guard steps > 0, figures.left(of: settings.budget).boundaryKills > stepsLeft.count else { return }
        takeStep(node, steps: steps)
    }

    private func takeStep(_ node: Int, steps: Int) {
        stepsLeft[node] = steps
        keeper.arm(node, walk.next())
    }
}
