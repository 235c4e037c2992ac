import Bank
import DecreeClient
import Histogram
import NIOCore
import Paxos
import Synchronization

/// Commands a second and how long each takes, for a few numbers of clients with one command in flight each.
struct Throughput {
    let run: CrashRun
    let seconds: Int
    let announcer: Announcer
    let interruption: Interruption

    private static let clientCounts = [1, 16, 64, 256]
    private static let warmUp = Duration.milliseconds(500)

    /// Starts the nodes again, measures, and stops them.
    func measure() async throws {
        let keeper = run.keeper
        do {
            try keeper.cluster.startAll()
            let session = run.client.session()
            guard await session.query(BankQuery.total.bytes, deadline: CrashSettings.patience).isAnswered
            else {
                throw ToolError(.checkFailed, "the nodes did not work when they were started once more")
            }
            announcer.line("  clients    commands/s       p50 ms       p99 ms")
            for count in Self.clientCounts { announcer.line(try await row(clients: count)) }
            let complaints = try await keeper.stopAll().complaints
            guard complaints.isEmpty else {
                throw ToolError(.checkFailed, complaints.joined(separator: "; "))
            }
        } catch {
            keeper.killAll()
            throw error
        }
    }

    private func row(clients: Int) async throws -> String {
        let gauge = Gauge()
        let sessions = (0..<clients).map { _ in run.client.session() }
        for (number, session) in sessions.enumerated() {
            session.eventLoop.execute { [seed = run.settings.seed] in
                Pusher(session: session, gauge: gauge, seed: seed &+ UInt64(number)).submit()
            }
        }
        try await rest(Self.warmUp)
        gauge.begin()
        let start = History.now()
        try await rest(.seconds(seconds))
        let (count, p50, p99) = gauge.end()
        let elapsed = Double(History.now() - start) / 1_000_000_000
        // Whoever still waits is told before the next begin; a node killed meanwhile comes back first.
        while gauge.inFlight > 0 { try await rest(.milliseconds(10)) }
        return clients.grouped.leftPadded(to: 9) + Int(Double(count) / elapsed).grouped.leftPadded(to: 14)
            + Format.fixed(p50, 2).leftPadded(to: 13) + Format.fixed(p99, 2).leftPadded(to: 13)
    }

    /// Sleeps, keeping the nodes alive.
    private func rest(_ time: Duration) async throws {
        let clock = ContinuousClock()
        let end = clock.now + time
        while clock.now < end {
            try interruption.check()
            for event in try run.keeper.tick() {
                if case .endedFromOutside(let node, let how) = event {
                    announcer.notice(
                        "node \(node) was ended by another's hand (\(how)), and is started again")
                } else if case .failed(let node, let how) = event {
                    throw ToolError(
                        .checkFailed,
                        "node \(node) ended of itself (\(how)):\n\(run.keeper.said(by: node))")
                }
            }
            try await Task.sleep(for: min(.milliseconds(20), end - clock.now))
        }
    }
}

/// Counts what is acknowledged, and how long it took.
private final class Gauge: Sendable {
    private struct State {
        var isMeasuring = false
        var isOver = false
        var inFlight = 0
        var microseconds = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
    }

    private let state = Mutex(State())

    var inFlight: Int { state.withLock { $0.inFlight } }

    func begin() { state.withLock { $0.isMeasuring = true } }

    /// How many there were, and percentiles in milliseconds.
    func end() -> (count: UInt64, p50: Double, p99: Double) {
        state.withLock { state in
            state.isMeasuring = false
            state.isOver = true
            return (
                state.microseconds.totalCount,
                Double(state.microseconds.valueAtPercentile(50)) / 1_000,
                Double(state.microseconds.valueAtPercentile(99)) / 1_000
            )
        }
    }

    /// Whether another command is wanted.
    func admits() -> Bool {
        state.withLock { state in
            guard !state.isOver else { return false }
            state.inFlight += 1
            return true
        }
    }

    func completed(_ outcome: Outcome, nanoseconds: UInt64) {
        state.withLock { state in
            state.inFlight -= 1
            if state.isMeasuring && outcome.isAnswered {
                _ = state.microseconds.record(nanoseconds / 1_000)
            }
        }
    }
}

/// One client: the next transfer goes when the last one is answered. Runs on its session's event loop.
private struct Pusher: Sendable {
    let session: Session
    let gauge: Gauge
    private var generator: SeededGenerator

    init(session: Session, gauge: Gauge, seed: UInt64) {
        self.session = session
        self.gauge = gauge
        generator = SeededGenerator(seed: seed)
    }

    func submit() {
        guard gauge.admits() else { return }
        var next = self
        let accounts = LoadSettings(seed: 0).accounts
        let from = Int.random(in: 0..<accounts, using: &next.generator)
        let to = (from + Int.random(in: 1..<accounts, using: &next.generator)) % accounts
        let command = BankCommand.transfer(
            from: CrashWorkload.account(from), to: CrashWorkload.account(to), amount: 1)
        let start = History.now()
        session.submit(command.bytes[...]) { [next] outcome in
            gauge.completed(outcome, nanoseconds: History.now() - start)
            next.submit()
        }
    }
}
