public import DecreeSimulator
public import Testing

/// Runs a test once for each seed, in a simulated world of its own:
///
/// ```swift
/// @Test(.cluster(seeds: 0..<200))
/// func votesAreCountedOnce() async throws {
///     try await SimulatedCluster.run(TallyWorkload())
/// }
/// ```
///
/// `DECREE_SEEDS=17` (or `17..30`) in the environment replaces the seeds of every such test, to replay a
/// failure; `DECREE_ONLY=3,8` leaves only these of its faults; `DECREE_TRACE=FILE` writes down all that
/// happened; `DECREE_VERBOSE=1` names each seed before it runs, for machines that trap.
public struct ClusterTrait: TestTrait, SuiteTrait, TestScoping {
    let seeds: Range<Int>
    let options: SimulationOptions

    /// A suite's tests all have it.
    public var isRecursive: Bool { true }

    /// Runs the test once for each seed.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        for seed in Environment.seeds ?? seeds {
            let cluster = SimulatedCluster(seed: UInt64(seed), options: Environment.adapt(options))
            try await SimulatedCluster.$current.withValue(cluster) { try await function() }
        }
    }
}

extension Trait where Self == ClusterTrait {
    /// A simulated cluster for each seed.
    ///
    /// - Parameters:
    ///   - seeds: from 0 on. A seed takes a tenth of a second in a release build, some seconds in a debug one.
    ///   - faults: the kinds that a seed may draw from.
    ///   - nodes: how many nodes, within 3 to 9, of which a seed draws one number.
    public static func cluster(
        seeds: Range<Int>, faults: Set<FaultKind> = Set(FaultKind.allCases), nodes: ClosedRange<Int> = 3...7
    ) -> Self {
        precondition(seeds.lowerBound >= 0, "seeds count from 0")
        precondition(nodes.lowerBound >= 3 && nodes.upperBound <= 9, "3 to 9 nodes")
        var options = SimulationOptions()
        options.faults = faults
        options.nodes = nodes
        return ClusterTrait(seeds: seeds, options: options)
    }
}
