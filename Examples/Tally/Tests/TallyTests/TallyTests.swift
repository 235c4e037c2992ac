import DecreeTesting
import Testing

@testable import Tally

/// What voters do, and what their votes must come to.
struct TallyWorkload: Workload {
    var machine: any StateMachine { Tally() }

    /// Votes for a few candidates, each vote with its own mark, so that no two commands are alike; now and then
    /// somebody asks how a candidate stands.
    func next(
        client: Int, number: Int, clients: Int, after last: Reply?, _ random: inout SeededGenerator
    ) -> Request {
        let candidate = ["Lamport", "Liskov", "Gray"][random.below(3)]
        if random.chance(1, in: 4) { return .query(Array(candidate.utf8), .linearizable) }
        return .command(Array("\(candidate) (ballot paper \(client)-\(number))".utf8))
    }
}

/// The tally in a simulated world: nodes die, disks lose what was not synced, messages vanish, and no vote is lost
/// or counted twice. `DECREE_SEEDS=3 swift test` replays seed 3; see docs/testing.md.
@Test(.cluster(seeds: 0..<8))
func noVoteIsLostOrCountedTwice() async throws {
    try await SimulatedCluster.run(TallyWorkload())
}

/// The same with two kinds of faults only, and three nodes.
@Test(.cluster(seeds: 0..<4, faults: [.kill, .powerCut], nodes: 3...3))
func noVoteIsLostWithThePower() async throws {
    let report = try await SimulatedCluster.run(TallyWorkload())
    #expect(report.counts.answered > 0)
}
