import Paxos
import Synchronization

@testable import DecreeSimulator

/// A scenario: a small world, and what goes wrong in it, in seconds.
struct Scenario {
    var settings: SimulationSettings
    private var faults: [Fault] = []

    /// Nodes that take snapshots often, and clients that never rest long.
    init(nodes: Int, seconds: UInt64, seed: UInt64 = 1) {
        settings = SimulationSettings(seed: seed, options: .calm)
        settings.use(nodes: nodes)
        settings.clients = 3
        settings.lanes = 2
        settings.restNanoseconds = 60 * VirtualTime.millisecond
        settings.stormNanoseconds = seconds * VirtualTime.second
        settings.limits.snapshotCommands = 40
        settings.spares = 0
        settings.paddingBytes = 0
    }

    /// Adds a fault.
    mutating func add(_ kind: FaultKind, _ effect: Fault.Effect, from start: Double, to end: Double) {
        let number = faults.count + 1
        faults.append(
            Fault(
                number: number, kind: kind, start: UInt64(start * 1_000) * VirtualTime.millisecond,
                end: UInt64(end * 1_000) * VirtualTime.millisecond, effect: effect, seed: UInt64(number)))
    }

    /// Plays it, and whatever heals after it.
    func run(onHistory: (@Sendable ([Operation]) -> Void)? = nil) async -> SimulationReport {
        var settings = settings
        settings.schedule = FaultSchedule(faults: faults)
        return await Simulation(
            seed: 1, settings: settings, workload: BankWorkload(), onHistory: onHistory
        ).run()
    }
}

/// How many were answered within a while: writes, and reads that are not stale.
final class Answered: Sendable {
    private let span: Range<UInt64>
    private let found = Mutex(0)

    init(within span: Range<UInt64>) { self.span = span }

    var count: Int { found.withLock { $0 } }

    /// Takes a run's history.
    func take(_ history: [Operation]) {
        let span = span
        let done = history.count { operation in
            operation.outcome.isAnswered && !operation.isStaleRead
                && (operation.completed.map { span.contains($0) } ?? false)
        }
        found.withLock { $0 = done }
    }
}
