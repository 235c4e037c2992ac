import DecreeSimulator
import Testing

/// Every seed that ever failed. Seeds age (when what a world draws changes, an old seed is another world), so each
/// has a smaller test besides, which does not; it is named here.
struct RegressionTests {
    struct Regression: Sendable, CustomTestStringConvertible {
        let seed: UInt64
        let stormSeconds: ClosedRange<Int>
        /// What it was, and the test that holds it.
        let was: String
        var testDescription: String { "seed \(seed): \(was)" }
    }

    static let all = [
        Regression(
            seed: 2, stormSeconds: 20...36,
            was: "in the simulator, a process that ended kept its locks (SimulatedNode.vanish)"),
        Regression(
            seed: 885, stormSeconds: 24...44,
            was: "the simulator counted a rotten node toward the quorum that heals (Simulation.healQuorum)"),
        Regression(seed: 996, stormSeconds: 24...44, was: "the same"),
        Regression(
            seed: 382, stormSeconds: 20...36,
            was: "a client waited 8 s for a mute node (redirectsDoNotLengthenTheWaitForASilentNode)"),
        Regression(seed: 912, stormSeconds: 20...36, was: "the same, three nodes"),
        Regression(seed: 1_281, stormSeconds: 20...36, was: "the same, while it opened a session"),
        Regression(
            seed: 1_177, stormSeconds: 24...44,
            was: "an expired session came back with a doubled answer (anExpiredSessionDoesNotComeBack)"),
        Regression(
            seed: 2_676, stormSeconds: 24...44,
            was: "the simulator doubled a request on a client's connection (World+Network.put)"),
        Regression(
            seed: 1_612, stormSeconds: 24...44,
            was: "200 slots vanished behind a rotten key (DatabaseRotTests.aKeyThatRottedIsMissed)"),
        Regression(seed: 1_834, stormSeconds: 24...44, was: "the same, among seven nodes"),
    ]

    @Test(arguments: all) func passes(_ regression: Regression) async {
        var options = SimulationOptions()
        options.stormSeconds = regression.stormSeconds
        let report = await Simulation(seed: regression.seed, options: options).run()
        #expect(report.violations == [])
    }
}
