public import DecreeSimulator
import Paxos
public import Testing

/// The simulated world of a test's current seed.
public struct SimulatedCluster: Sendable {
    /// The world of the test that is running; nil outside tests with `.cluster(seeds:)`.
    @TaskLocal public static var current: SimulatedCluster?

    /// The seed.
    public let seed: UInt64
    let options: SimulationOptions

    /// A test without the trait asked for a cluster.
    public struct NoCluster: Error, CustomStringConvertible {
        /// What to do.
        public var description: String {
            "there is no simulated cluster here: give the test the trait .cluster(seeds: 0..<100)"
        }
    }

    /// Tries a workload in the current seed's world: a storm of faults, then healing, then judgement. What was
    /// wrong is recorded as an issue of the test, with the faults that it takes and the way to replay it.
    ///
    /// - Throws: `NoCluster` in a test without the trait.
    @discardableResult
    public static func run(
        _ workload: some Workload, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> SimulationReport {
        guard let current else { throw NoCluster() }
        Environment.announce(current.seed)
        let report = await Environment.traced(current.options) { options in
            await Simulation(seed: current.seed, options: options, workload: workload).run()
        }
        if !report.violations.isEmpty {
            Issue.record(
                Comment(rawValue: await current.complaint(report, workload)), sourceLocation: sourceLocation)
        }
        return report
    }

    private func complaint(_ report: SimulationReport, _ workload: some Workload) async -> String {
        let shrinking = Shrinking(mostAttempts: 60) { numbers in
            var options = options
            options.only = Set(numbers)
            return await !Simulation(seed: seed, options: options, workload: workload).run().violations
                .isEmpty
        }
        let all = report.schedule.faults
        let left = (try? await shrinking.shrink(all.map(\.number))) ?? all.map(\.number)
        let needed = all.filter { left.contains($0.number) }
        var lines = ["seed \(seed) fails:"]
        lines += report.violations.prefix(5).map { "  \($0)" }
        lines.append("these faults are enough, \(needed.count) of \(all.count):")
        lines += needed.map { "  \($0)" }
        let only = left.isEmpty ? "none" : left.map(String.init).joined(separator: ",")
        lines.append(
            "replay: DECREE_SEEDS=\(seed) DECREE_ONLY=\(only) DECREE_TRACE=trace.txt swift test --filter (this test)"
        )
        return lines.joined(separator: "\n")
    }
}
