import DecreeTesting
import Testing

@testable import DecreeSimulator

/// The simulator itself: that it tries something, that it repeats itself, and that it can find something.
struct SimulationTests {
    /// A short run of what `decree simulate` does at length.
    @Test(.cluster(seeds: 1..<7))
    func aFewSeedsOfEverything() async throws {
        let report = try await SimulatedCluster.run(BankWorkload())
        // A seed may draw little work; one that counts has a hundred slots.
        #expect(report.counts.elections > 0 && report.counts.slots >= 50, "seed \(report.seed) did nothing")
        #expect(report.counts.reads > 0)
        #expect(report.nanoseconds > 24 * VirtualTime.second)
    }

    @Test func aSeedHasOneHistory() async {
        let first = await Simulation(seed: 5).run()
        let second = await Simulation(seed: 5).run()
        #expect(first.digest == second.digest)
        #expect(first.counts == second.counts)
        #expect(await Simulation(seed: 6).run().digest != first.digest)
    }

    /// The draws of one fault, and those of everything else, do not depend on other faults.
    @Test func aFaultLeftOutLeavesTheOthersAsTheyWere() {
        let whole = Simulation(seed: 3).schedule.faults
        #expect(whole.count > 3)
        var options = SimulationOptions()
        options.only = Set(whole.map(\.number).filter { $0 % 2 == 0 })
        let part = Simulation(seed: 3, options: options).schedule.faults
        #expect(part == whole.filter { $0.number % 2 == 0 })
    }

    @Test func onlyKindsThatWereAskedForAreDrawn() {
        var options = SimulationOptions()
        options.faults = [.kill, .loss]
        let kinds = (1...50).flatMap { seed in
            Simulation(seed: seed, options: options).schedule.faults.map(\.kind)
        }
        #expect(Set(kinds) == [.kill, .loss])
    }

    @Test func everyKindIsDrawnSoonerOrLater() {
        let kinds = (1...60).flatMap { Simulation(seed: $0).schedule.faults.map(\.kind) }
        #expect(Set(kinds) == Set(FaultKind.allCases))
    }

    /// A machine that is not the same on every node is found out by the states that nodes compare.
    @Test func aMachineThatDiffersBetweenNodesIsFound() async {
        let report = await Simulation(seed: 1, workload: MoodyWorkload()).run()
        #expect(report.violations.contains { $0.detail.contains("ChainMatch") })
    }

    /// A machine that answers otherwise than its specification is found out by the replay.
    @Test func aMachineThatDiffersFromItsModelIsFound() async {
        let report = await Simulation(seed: 1, workload: WrongWorkload()).run()
        #expect(report.violations.contains { $0.kind == .wrongAnswer })
    }

    /// A cluster that does not come back is found out. (Its disks take so long that nobody is ever served.)
    @Test func aClusterThatDoesNotComeBackIsFound() async {
        var settings = SimulationSettings(seed: 2, options: .calm)
        settings.diskMicroseconds = 5_000_000
        let report = await Simulation(seed: 2, settings: settings, workload: BankWorkload()).run()
        #expect(report.violations.contains { $0.kind == .stalled })
    }
}

extension SimulationOptions {
    /// Nothing goes wrong.
    static var calm: SimulationOptions {
        var options = SimulationOptions()
        options.faults = []
        options.stormSeconds = 5...5
        return options
    }
}
