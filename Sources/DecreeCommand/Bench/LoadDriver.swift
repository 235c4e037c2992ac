import DecreeClient
import Dispatch
import NIOCore
import Paxos

/// When the clients of a load send, and which of their requests are measured. Times are nanoseconds of
/// the monotonic clock.
struct LoadSchedule: Sendable {
    let start: UInt64
    /// The measured time: from here...
    let measureFrom: UInt64
    /// ...up to here.
    let measureUntil: UInt64
    /// Nothing more is sent from here on.
    fileprivate(set) var end: UInt64
    /// Open loop: commands a second, of all clients together. Nil for the closed loop, in which a client
    /// sends its next request when the last is answered.
    let rate: Double?

    static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

    /// - Parameter secondsAfter: for how long the load goes on behind the measured time.
    init(
        start: UInt64 = now, warmupSeconds: Double, seconds: Double, secondsAfter: Double = 0, rate: Double?
    ) {
        self.start = start
        measureFrom = start + UInt64(warmupSeconds * 1e9)
        measureUntil = measureFrom + UInt64(seconds * 1e9)
        end = measureUntil + UInt64(secondsAfter * 1e9)
        self.rate = rate
    }

    /// Whether a moment lies in the measured time.
    func isMeasured(_ time: UInt64) -> Bool { measureFrom <= time && time < measureUntil }
}

/// A client to be: where it hands in its requests, which of all clients it is, and what its requests are made of.
struct LoadSession: Sendable {
    let door: LoadDoor
    let number: Int
    let seed: UInt64
}

/// The clients of one event loop, and what became of their requests. All of it happens in callbacks on
/// that loop: no task, no lock, no thread change for a request.
final class LoadDriver {
    private(set) var schedule: LoadSchedule
    private let eventLoop: any EventLoop
    private var clients: [LoadClient] = []
    private var tally = Tally()
    /// All answers since the start.
    private var completed: UInt64 = 0
    /// What was recorded since the last look.
    private var recent = Latencies()
    private var active = 0
    /// What the clients were told, if it is to be proved.
    var acknowledgements: Acknowledgements?
    private let finished: EventLoopPromise<Tally>

    // The open loop's pace.
    private let nanosecondsBetween: Double
    private var started: UInt64 = 0

    /// The pacer sleeps no less than this: a wake-up and eight writes for every few of 100,000 commands a second cost
    /// more than the commands, and take the processor from the nodes that are measured. What it is late by counts as
    /// latency.
    private static let shortestPauseNanoseconds: UInt64 = 500_000
    /// After an error a client pauses, lest it fail as fast as it can.
    static let pauseAfterError = TimeAmount.milliseconds(10)
    /// How long after the end a request that should have started before it may still be sent.
    private static let longestDelayNanoseconds: UInt64 = 10_000_000_000

    /// Drives `sessions`, which must belong to `eventLoop`, at their share of the rate. On the loop.
    init(
        sessions: [LoadSession], of allClients: Int, workload: Workload,
        schedule: LoadSchedule, eventLoop: any EventLoop
    ) {
        self.schedule = schedule
        self.eventLoop = eventLoop
        finished = eventLoop.makePromise()
        let rate = (schedule.rate ?? 0) * Double(sessions.count) / Double(allClients)
        nanosecondsBetween = rate > 0 ? 1e9 / rate : 0
        clients = sessions.map { session in
            LoadClient(
                door: session.door, number: session.number,
                requests: workload.requests(seed: session.seed), driver: self, eventLoop: eventLoop)
        }
        active = clients.count
    }

    /// Starts. The future gives what became of the measured requests, when the last is answered.
    func run() -> EventLoopFuture<Tally> {
        if schedule.rate == nil {
            for client in clients { client.start(intended: LoadSchedule.now) }
        } else {
            pace()
        }
        return finished.futureResult
    }

    /// Answers since the start, and what was recorded since the last look.
    func look() -> (completed: UInt64, recent: Latencies) {
        defer { recent.reset() }
        return (completed, recent)
    }

    /// Sends nothing more.
    func stop() { schedule.end = min(schedule.end, LoadSchedule.now) }

    // MARK: The open loop

    /// Starts what is due, each client in turn, and comes again for the next.
    private func pace() {
        let now = LoadSchedule.now
        while true {
            let due = schedule.start + UInt64(Double(started) * nanosecondsBetween)
            guard due < schedule.end else {
                finishPacing()
                return
            }
            guard due <= now else {
                let pause = max(due - now, Self.shortestPauseNanoseconds)
                eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(pause))) { self.pace() }
                return
            }
            clients[Int(started % UInt64(clients.count))].start(intended: due)
            started += 1
        }
    }

    private func finishPacing() {
        for client in clients { client.noMoreStarts() }
        eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(Self.longestDelayNanoseconds))) {
            for client in self.clients { client.dropBacklog() }
        }
    }

    // MARK: What clients tell

    func record(_ outcome: Outcome, intended: UInt64, at now: UInt64) {
        if let trouble = outcome.trouble {
            tally.countError(trouble)
            return
        }
        completed += 1
        if schedule.isMeasured(now) { tally.countAnswer(outcome) }
        // In an open loop what started in time counts, however late it ended.
        guard schedule.isMeasured(schedule.rate == nil ? now : intended) else { return }
        let latency = now > intended ? now - intended : 0
        tally.latencies.record(nanoseconds: latency)
        recent.record(nanoseconds: latency)
    }

    func recordUnsent(_ count: Int) {
        for _ in 0..<count { tally.countError("not sent within 10 s: the cluster cannot keep this rate") }
    }

    /// A client has its last answer.
    func retire() {
        active -= 1
        if active == 0 { finished.succeed(tally) }
    }
}
