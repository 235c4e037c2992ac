import Testing

@testable import DecreeSimulator

/// Members that come, go and come back, and networks that keep only some in touch.
struct MemberScenarioTests {
    /// Reconfigure: a node joins, and another is taken out at once; then it goes on so, while whoever leads dies.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func membersChangeWhileLeadersDie(seed: UInt64) async {
        var scenario = Scenario(nodes: 3, seconds: 24, seed: seed)
        scenario.settings.spares = 3
        for (place, start) in [3.0, 8.0, 13.0].enumerated() {
            scenario.add(.members, .operate(.join(isVoter: true)), from: start, to: start + 0.1)
            scenario.add(.members, .operate(.remove), from: start + 0.05, to: start + 0.1)
            scenario.add(.kill, .stop(.leader, .kill), from: start + 0.3, to: start + 1)
            // The joiner dies in the middle of it, too.
            scenario.add(.kill, .stop(.node(3 + place), .kill), from: start + 0.5, to: start + 2)
            scenario.add(.handOver, .operate(.handOver(isNamed: false)), from: start + 3, to: start + 3.1)
        }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.joins == 3)
        #expect(report.counts.removals >= 1)
    }

    /// A node is down while another is admitted, and those who could introduce them die: the two find each other, for who
    /// joins writes down where all members are.
    @Test func whoWasAwayFindsWhoJoinedMeanwhile() async {
        var scenario = Scenario(nodes: 3, seconds: 20, seed: 1)
        scenario.settings.spares = 1
        scenario.add(.kill, .stop(.node(0), .kill), from: 2, to: 11)
        scenario.add(.members, .operate(.replace), from: 2.5, to: 2.6)
        scenario.add(.kill, .stop(.node(1), .kill), from: 10, to: 19.9)
        scenario.add(.kill, .stop(.node(2), .kill), from: 10, to: 19.9)
        let answered = Answered(within: 14 * VirtualTime.second..<19 * VirtualTime.second)
        let report = await scenario.run(onHistory: answered.take)
        #expect(report.violations == [])
        #expect(report.counts.joins == 1)
        #expect(answered.count > 0, "the two that are left did not find each other")
    }

    /// Members move one after another, announced before and after, while nodes die: all find one another.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func membersThatMoveAreFound(seed: UInt64) async {
        var scenario = Scenario(nodes: 3, seconds: 20, seed: seed)
        for (number, start) in [2.0, 6, 10, 14].enumerated() {
            scenario.add(
                .move, .move(node: number % 3, number % 2 == 0 ? .before : .after), from: start, to: start + 1
            )
            scenario.add(.kill, .stop(.node((number + 1) % 3), .kill), from: start + 0.5, to: start + 2.5)
        }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.moves == 4)
        #expect(report.counts.misdials > 0)
    }

    /// Members move one after another, each with its own entry edited and no other node told; then all start again.
    @Test func membersThatMoveUnannouncedAreFound() async {
        var scenario = Scenario(nodes: 3, seconds: 20, seed: 1)
        for node in 0..<3 {
            let start = 2 + 2 * Double(node)
            scenario.add(.move, .move(node: node, .never), from: start, to: start + 1)
        }
        for node in 0..<3 { scenario.add(.kill, .stop(.node(node), .kill), from: 9, to: 10) }
        let answered = Answered(within: 12 * VirtualTime.second..<19 * VirtualTime.second)
        let report = await scenario.run(onHistory: answered.take)
        #expect(report.violations == [])
        #expect(report.counts.moves == 3)
        #expect(answered.count > 0, "they did not find one another")
    }

    /// Nodes found the cluster while they die at each of their first writes; then two come without their disks.
    @Test(arguments: 1...8)
    func aClusterIsFoundedOnce(operation: Int) async {
        var scenario = Scenario(nodes: 3, seconds: 20, seed: 1)
        for node in 0..<3 {
            scenario.add(
                .founding, .founding(.death(node: node, atOperation: operation * 5 + node)), from: 0, to: 4)
        }
        scenario.add(.founding, .founding(.editedList(node: 2)), from: 0, to: 1)
        for node in 0..<2 {
            scenario.add(.founding, .founding(.missingMount(node: node)), from: 9, to: 14)
        }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.foundings == 3)
        #expect(report.counts.unmounts == 2)
        #expect(report.counts.foundersRefused >= 1)
    }

    /// A removed node that was away knocks when it is back: it is told, and ends; whoever tells it does not.
    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func aRemovedNodeThatKnocksEndsNobodyElse(seed: UInt64) async {
        var scenario = Scenario(nodes: 4, seconds: 14, seed: seed)
        scenario.settings.spares = 2
        for node in 0..<4 {
            let start = 2 + 2.5 * Double(node)
            scenario.add(.kill, .stop(.node(node), .kill), from: start, to: start + 2)
            scenario.add(
                .members, .operate(node % 2 == 0 ? .remove : .replace), from: start + 0.8, to: start + 0.9)
        }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.retired >= 1, "nobody was taken out")
    }

    /// Who is removed ends before long, though it waits until others have all that it has: when it was in touch, when
    /// it was paused or killed just then, and when it comes back.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func whoIsRemovedEnds(seed: UInt64) async {
        var scenario = Scenario(nodes: 5, seconds: 16, seed: seed)
        scenario.settings.spares = 3
        for (number, start) in [2.0, 5.5, 9.0].enumerated() {
            scenario.add(
                .members, .operate((number + Int(seed)) % 2 == 0 ? .remove : .replace), from: start,
                to: start + 0.1)
            let stop: Fault.Effect =
                number == 0 ? .pause(.leader) : .stop(number == 1 ? .leader : .node(number), .kill)
            scenario.add(number == 0 ? .pause : .kill, stop, from: start + 0.05, to: start + 1.5)
        }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.removals >= 1)
        #expect(report.counts.retired >= report.counts.removals, "a node that was removed runs on")
    }

    /// PausedLeader: the leader stops for three election timeouts with reads in its queue, and another leads.
    @Test func aLeaderThatWasPausedAnswersNoOldReads() async {
        var scenario = Scenario(nodes: 3, seconds: 14)
        for start in [3.0, 6.5, 10.0] { scenario.add(.pause, .pause(.leader), from: start, to: start + 1.8) }
        let report = await scenario.run()
        #expect(report.violations == [])
        #expect(report.counts.elections >= 4)
        #expect(report.counts.reads > 50)
    }

    static let partitions: [Partition] = [.quorumLoss(hub: 2), .constrained(hub: 1, leader: 3), .chained]

    /// QuorumLoss, Constrained, Chained: within four election timeouts there is progress again.
    @Test(arguments: partitions)
    func aPartialPartitionIsNoStandstill(_ partition: Partition) async {
        var scenario = Scenario(nodes: 5, seconds: 16)
        scenario.add(.partition, .partition(partition), from: 4, to: 15)
        let answered = Answered(within: 8 * VirtualTime.second..<15 * VirtualTime.second)
        let report = await scenario.run(onHistory: answered.take)
        #expect(report.violations == [])
        #expect(answered.count > 50, "nobody was served under \(partition)")
    }
}
