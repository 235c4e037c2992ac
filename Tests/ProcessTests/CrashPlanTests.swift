import Testing

@testable import DecreeCommand

/// Who is to be struck, how and when: all from the seed.
@Suite struct CrashPlanTests {
    private let budget = FaultBudget(kills: 200, pauses: 100, boundaryKills: 100)

    private func faults(_ seed: UInt64, _ budget: FaultBudget, _ count: Int = 400) -> [FaultPlan.Fault] {
        var plan = FaultPlan(seed: seed, budget: budget)
        return (0..<count).compactMap { _ in plan.next(left: budget) }
    }

    @Test func oneSeedMakesOnePlan() {
        func plan(_ seed: UInt64) -> [String] { faults(seed, budget, 50).map { "\($0)" } }
        #expect(plan(7) == plan(7))
        #expect(plan(7) != plan(8))
    }

    @Test func aPlanHasFaultsOfEveryKindInProportion() {
        let faults = faults(7, budget)
        let deeds = Dictionary(grouping: faults, by: \.deed).mapValues(\.count)
        #expect(deeds[.kill, default: 0] > 150 && deeds[.boundary, default: 0] > 70)
        #expect(deeds[.pause, default: 0] > 40 && deeds[.pauseAndKill, default: 0] > 8)
        #expect(deeds[.killAndPause, default: 0] > 5)
        for deed in [FaultPlan.Deed.kill, .pause, .boundary] {
            let extents = Dictionary(grouping: faults.filter { $0.deed == deed }, by: \.extent)
            #expect(extents[.leader] != nil && extents[.follower] != nil && extents[.blackout] != nil)
            #expect(extents[.several(withLeader: true)] != nil || extents[.several(withLeader: false)] != nil)
            #expect(extents[.outage(withLeader: true)] != nil || extents[.outage(withLeader: false)] != nil)
        }
    }

    @Test func timesAreBounded() {
        for fault in faults(7, budget) {
            #expect(fault.absences.allSatisfy { (.zero ... .seconds(2)).contains($0) })
            #expect(fault.stillness < .seconds(4))
            // Three election timeouts of 500 ms.
            if fault.extent == .leader { #expect(fault.stillness > .milliseconds(1_500)) }
        }
    }

    @Test(arguments: 0..<20) func theLeaderIsKilledFirst(seed: UInt64) {
        #expect(faults(seed, budget, 1).map(\.extent) == [.leader])
        #expect(faults(seed, budget, 1).map(\.deed) == [.kill])
    }

    @Test func whatIsUsedUpComesNoMore() {
        var plan = FaultPlan(seed: 1, budget: budget)
        for _ in 0..<100 {
            #expect(plan.next(left: FaultBudget(pauses: 3)).map { $0.deed == .kill } == false)
        }
        let deeds = (0..<100).compactMap { _ in plan.next(left: FaultBudget(kills: 0, pauses: 1))?.deed }
        #expect(Set(deeds) == [.pause, .pauseAndKill])
        #expect(plan.next(left: FaultBudget()) == nil)
    }

    // MARK: Targets

    private func targets(
        _ extent: FaultPlan.Extent, choice: UInt64 = 0, answering: [Int] = [1, 2, 3, 4, 5], limit: Int = 100
    ) -> Targets? {
        Targets(
            of: FaultPlan.Fault(
                deed: .kill, extent: extent, delay: .zero, freeze: .zero, choice: choice, stillness: .zero,
                absences: []), leader: 2, answering: answering, quorumSize: 3, limit: limit)
    }

    @Test func targetsFollowTheExtent() {
        #expect(targets(.leader)?.nodes == [2])
        #expect(targets(.follower, choice: 2)?.nodes == [4])
        #expect(targets(.follower, choice: 2)?.leader == nil)
        #expect(targets(.several(withLeader: true), choice: 1)?.nodes == [2, 3])
        #expect(targets(.several(withLeader: true), choice: 1)?.leavesMajority == true)
        #expect(targets(.several(withLeader: false), choice: 3 << 32)?.nodes == [1, 3, 4, 5, 2])
        #expect(targets(.outage(withLeader: false))?.nodes == [1, 3, 4])
        #expect(targets(.outage(withLeader: false))?.leavesMajority == false)
        #expect(targets(.blackout)?.nodes.count == 5)
        #expect(targets(.blackout, limit: 2)?.nodes == [2, 1])
    }

    @Test func oneOfAMajorityIsNotStruckWhenNoOtherIsLeft() {
        #expect(targets(.leader, answering: [1, 2, 3]) == nil)
        #expect(targets(.follower, answering: [1, 2, 3]) == nil)
        #expect(targets(.leader, answering: [1, 2, 3, 4]) != nil)
    }

    @Test func halvesAreDisjointAndComplete() throws {
        let targets = try #require(self.targets(.blackout))
        #expect(Set(targets.half(0) + targets.half(1)) == [1, 2, 3, 4, 5])
        #expect(targets.half(0).count + targets.half(1).count == 5)
    }
}
