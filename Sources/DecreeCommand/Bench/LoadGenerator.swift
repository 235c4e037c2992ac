import Decree
import DecreeClient
import Foundation
import NIOCore
import Paxos

/// One load: so many clients, for so long.
struct Load: Sendable {
    var clients: Int
    var rate: Double?
    var warmupSeconds: Double
    var seconds: Double
    var seed: UInt64
    /// For how long it goes on behind the measured time, to be struck.
    var secondsAfter = 0.0
    /// Whether it is remembered what the clients were told.
    var isProved = false

    /// The clients' seeds, by number.
    var clientSeeds: [UInt64] {
        var random = SeededGenerator(seed: seed)
        return (0..<clients).map { _ in random.next() }
    }
}

/// Runs a load, and looks at the nodes before and after its measured time.
struct LoadGenerator {
    let client: DecreeClient
    let cluster: ClusterProbe
    let workload: Workload
    /// The node of this process, if the clients are in it.
    var node: (node: Node, eventLoop: any EventLoop)?

    /// A load that ran.
    struct Result {
        let tally: Tally
        let usage: Usage
        var acknowledgements = Acknowledgements()
    }

    /// - Parameter strike: what is done when the measured time is over, and the load goes on.
    func run(
        _ load: Load, timeline: inout Timeline?, progress: inout BenchProgress,
        strike: () async throws -> Void = {}
    ) async throws -> Result {
        let drivers = try await start(load)
        let schedule = drivers.schedule
        await Self.sleep(until: schedule.measureFrom)
        let before = try await cluster.look()
        let completedBefore = try await drivers.look().completed
        try await watch(drivers, load, timeline: &timeline, progress: &progress)
        let after = try await cluster.look()
        let completedAfter = try await drivers.look().completed
        try await strike()
        let tally = try await drivers.finish()
        let acknowledgements = try await drivers.acknowledgements()
        return Result(
            tally: tally,
            usage: Usage(
                from: before, to: after, commands: completedAfter - completedBefore,
                isInNode: node != nil),
            acknowledgements: acknowledgements)
    }

    /// Tells every second how it goes, until the measured time is over.
    private func watch(
        _ drivers: RunningLoad, _ load: Load, timeline: inout Timeline?, progress: inout BenchProgress
    ) async throws {
        var last = try await drivers.look()
        var lastTime = LoadSchedule.now
        let total = Int(load.seconds.rounded(.up))
        for second in 1...max(1, total) {
            let tick = drivers.schedule.measureFrom + UInt64(second) * 1_000_000_000
            await Self.sleep(until: min(tick, drivers.schedule.measureUntil))
            let look = try await drivers.look()
            let now = LoadSchedule.now
            let perSecond = Double(look.completed - last.completed) * 1e9 / Double(max(1, now - lastTime))
            progress.tell(
                "\(load.clients) clients  \(second)/\(total) s  "
                    + "\(Format.count(perSecond)) \(workload.work.unit)/s  "
                    + "p50 \(Format.time(look.recent.microseconds(at: 50)))  "
                    + "p99 \(Format.time(look.recent.microseconds(at: 99)))")
            if timeline != nil {
                let nodes = try await cluster.look().nodes
                try timeline?.add(second: second, perSecond: perSecond, latencies: look.recent, nodes)
            }
            (last, lastTime) = (look, now)
        }
    }

    /// Starts a load; it runs for its time, or until it is stopped.
    func start(_ load: Load) async throws -> RunningLoad {
        var byLoop: [(eventLoop: any EventLoop, sessions: [LoadSession])] = []
        for (number, seed) in load.clientSeeds.enumerated() {
            let door: LoadDoor =
                node.map { .node($0.node, eventLoop: $0.eventLoop) } ?? .session(client.session())
            let place = byLoop.firstIndex { $0.eventLoop === door.eventLoop }
            if place == nil { byLoop.append((door.eventLoop, [])) }
            byLoop[place ?? byLoop.count - 1].sessions.append(
                LoadSession(door: door, number: number, seed: seed))
        }
        let schedule = LoadSchedule(
            warmupSeconds: load.warmupSeconds, seconds: load.seconds, secondsAfter: load.secondsAfter,
            rate: load.rate)
        var running = RunningLoad(schedule: schedule)
        let workload = workload
        for (eventLoop, sessions) in byLoop {
            let allClients = load.clients
            let (driver, tally) = try await eventLoop.submit {
                let driver = LoadDriver(
                    sessions: sessions, of: allClients, workload: workload, schedule: schedule,
                    eventLoop: eventLoop)
                if load.isProved { driver.acknowledgements = Acknowledgements() }
                return (NIOLoopBound(driver, eventLoop: eventLoop), driver.run())
            }.get()
            running.drivers.append((driver, tally))
        }
        return running
    }

    private static func sleep(until time: UInt64) async {
        let now = LoadSchedule.now
        guard time > now else { return }
        try? await Task.sleep(nanoseconds: time - now)
    }
}

/// A load that runs, seen from outside its event loops.
struct RunningLoad: Sendable {
    let schedule: LoadSchedule
    var drivers: [(bound: NIOLoopBound<LoadDriver>, tally: EventLoopFuture<Tally>)] = []

    /// Answers since the start, and the latencies of those since the last look.
    func look() async throws -> (completed: UInt64, recent: Latencies) {
        var completed: UInt64 = 0
        var recent = Latencies()
        for (bound, _) in drivers {
            let look = try await bound.eventLoop.submit { bound.value.look() }.get()
            completed += look.completed
            recent.add(look.recent)
        }
        return (completed, recent)
    }

    /// What the clients were told, if it was remembered.
    func acknowledgements() async throws -> Acknowledgements {
        var all = Acknowledgements()
        for (bound, _) in drivers {
            if let some = try await bound.eventLoop.submit({ bound.value.acknowledgements }).get() {
                all.add(some)
            }
        }
        return all
    }

    /// Nothing more is sent.
    func stop() async throws {
        for (bound, _) in drivers { try await bound.eventLoop.submit { bound.value.stop() }.get() }
    }

    /// Waits for the last answer.
    func finish() async throws -> Tally {
        var tally = Tally()
        for driver in drivers { tally.add(try await driver.tally.get()) }
        return tally
    }
}
