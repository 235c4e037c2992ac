import Paxos
import Testing

@testable import DecreeSimulator

/// Three runs that small implementations of Paxos fail.
struct ClassicRunsTests {
    /// Five acceptors of which two are down, proposers that race, a network that delays and reorders: a thousand
    /// proposals are chosen, and all histories are equal.
    @Test func duellingProposersWithTwoOfFiveDown() async {
        var settings = SimulationSettings(seed: 1, options: .calm)
        settings.use(nodes: 5)
        settings.clients = 4
        settings.lanes = 4
        settings.restNanoseconds = 120 * VirtualTime.millisecond
        settings.stormNanoseconds = 40 * VirtualTime.second
        // Patience is shorter than what the network now and then takes: whoever leads loses its quorum, and
        // the others race for it.
        settings.limits.heartbeatTicks = 2
        settings.limits.electionTicks = 6
        settings.limits.electionSpreadTicks = 6
        var faults: [Fault] = [
            .always(1, .kill, .stop(.node(3), .kill), settings),
            .always(2, .kill, .stop(.node(4), .kill), settings),
            .always(
                3, .reorder, .weather(.reorders(perMille: 300, microseconds: 20_000), .everywhere), settings),
        ]
        for burst in 0..<19 {
            let start = UInt64(1 + 2 * burst) * VirtualTime.second
            faults.append(
                Fault(
                    number: 5 + burst, kind: .delay, start: start,
                    end: start + 700 * VirtualTime.millisecond,
                    effect: .weather(.delays(microseconds: 400_000), .everywhere), seed: UInt64(burst)))
        }
        settings.schedule = FaultSchedule(faults: faults)
        let report = await Simulation(seed: 1, settings: settings, workload: ListWorkload()).run()
        #expect(report.violations == [])
        #expect(report.counts.slots >= 1_000, "\(report.counts.slots) slots")
        #expect(report.counts.elections >= 15, "they hardly raced: \(report.counts.elections) ballots led")
    }

    /// Seven nodes, clients on several of them, one message in twenty lost: all finish, all states are equal,
    /// and decisions that were lost are fetched.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func sevenNodesLoseOneMessageInTwenty(seed: UInt64) async {
        var settings = SimulationSettings(seed: seed, options: .calm)
        settings.use(nodes: 7)
        settings.clients = 3
        settings.lanes = 1
        settings.restNanoseconds = 20 * VirtualTime.millisecond
        settings.stormNanoseconds = 8 * VirtualTime.second
        settings.schedule = FaultSchedule(faults: [
            .always(1, .loss, .weather(.loses(perMille: 50), .everywhere), settings)
        ])
        let report = await Simulation(seed: seed, settings: settings, workload: BankWorkload()).run()
        #expect(report.violations == [])
        #expect(report.counts.lost > 100)
        #expect(report.counts.fetches > 0, "nothing was fetched")
        #expect(report.counts.slots >= 50)
    }

    /// Concurrent compare-and-set while leaders change: no acknowledged update is lost.
    @Test func compareAndSetThroughChangingLeaders() async {
        var settings = SimulationSettings(seed: 7, options: .calm)
        settings.use(nodes: 3)
        settings.clients = 4
        settings.lanes = 2
        settings.restNanoseconds = 40 * VirtualTime.millisecond
        settings.stormNanoseconds = 30 * VirtualTime.second
        settings.schedule = FaultSchedule(
            faults: (1..<25).map { number in
                let start = UInt64(number) * VirtualTime.second
                let effect: Fault.Effect =
                    number % 3 == 0 ? .terminate(.leader) : .stop(.leader, .powerCut(.nothing))
                return Fault(
                    number: number, kind: .kill, start: start, end: start + 200 * VirtualTime.millisecond,
                    effect: effect, seed: UInt64(number))
            })
        let told = ToldVersions()
        let report = await Simulation(
            seed: 7, settings: settings, workload: RegisterWorkload(), sink: { _ in }, onHistory: told.take
        ).run()
        #expect(report.violations == [])
        #expect(report.counts.elections >= 15)
        #expect(told.successes >= 200)
        // Each version was made by one client, and no client was told of a version that another made.
        #expect(told.isEachVersionOneClients)
    }
}

extension Fault {
    /// From the first second to the end.
    static func always(
        _ number: Int, _ kind: FaultKind, _ effect: Effect, _ settings: SimulationSettings
    ) -> Fault {
        Fault(
            number: number, kind: kind, start: VirtualTime.second / 10, end: settings.stormNanoseconds,
            effect: effect, seed: UInt64(number))
    }
}

extension SimulationSettings {
    /// Changes how many nodes there are, with nothing cramped.
    mutating func use(nodes count: Int) {
        nodes = count
        configuration = Configuration(voters: (1...count).map { NodeID(UInt16($0)) })
        limits = Limits()
        spares = 0
        paddingBytes = 0
        checkpointPages = 1_000
        diskMicroseconds = 400
        victims = []
        companions = []
        residents = 0
        speaking = []
    }
}
