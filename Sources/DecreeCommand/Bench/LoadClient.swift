import DecreeClient
import DequeModule
import NIOCore
import Paxos

/// One client of a load: a session. In the closed loop it has one request in flight; in the open loop as
/// many as are due, up to a limit, and what is due beyond it waits with its intended start.
final class LoadClient {
    private let door: LoadDoor
    /// Which of all clients it is, from 0.
    private let number: Int
    /// Requests made.
    private var made = 0
    private var requests: RequestSource
    private unowned let driver: LoadDriver
    private let eventLoop: any EventLoop
    private var inFlight = 0
    private var backlog: Deque<UInt64> = []
    private var isLast = false
    /// Itself, for callbacks.
    private var bound: NIOLoopBound<LoadClient>?

    /// In flight in an open loop: below a session's window.
    private static let inFlightLimit = 512

    init(
        door: LoadDoor, number: Int, requests: RequestSource, driver: LoadDriver, eventLoop: any EventLoop
    ) {
        self.door = door
        self.number = number
        self.requests = requests
        self.driver = driver
        self.eventLoop = eventLoop
        bound = NIOLoopBound(self, eventLoop: eventLoop)
    }

    /// Sends a request that should start at `intended`, or keeps it until there is room.
    func start(intended: UInt64) {
        guard inFlight < Self.inFlightLimit else {
            backlog.append(intended)
            return
        }
        send(intended: intended)
    }

    private func send(intended: UInt64) {
        guard let bound else { return }
        inFlight += 1
        let request = made
        made += 1
        door.send(requests.next()) { outcome in
            bound.value.take(outcome, of: request, intended: intended)
        }
    }

    private func take(_ outcome: Outcome, of request: Int, intended: UInt64) {
        let now = LoadSchedule.now
        inFlight -= 1
        driver.record(outcome, intended: intended, at: now)
        driver.acknowledgements?.note(outcome, client: number, request: request)
        if driver.schedule.rate == nil {
            continueClosed(now: now, afterError: !outcome.isAnswered)
        } else if let next = backlog.popFirst() {
            send(intended: next)
        } else {
            retireIfDone()
        }
    }

    private func continueClosed(now: UInt64, afterError: Bool) {
        guard now < driver.schedule.end else {
            isLast = true
            retireIfDone()
            return
        }
        guard afterError else {
            send(intended: now)
            return
        }
        eventLoop.assumeIsolated().scheduleTask(in: LoadDriver.pauseAfterError) {
            self.continueClosed(now: LoadSchedule.now, afterError: false)
        }
    }

    // MARK: The end

    /// The open loop starts nothing more.
    func noMoreStarts() {
        isLast = true
        retireIfDone()
    }

    /// What still waits is too late.
    func dropBacklog() {
        driver.recordUnsent(backlog.count)
        backlog.removeAll()
    }

    private func retireIfDone() {
        guard isLast, inFlight == 0, backlog.isEmpty, bound != nil else { return }
        bound = nil
        driver.retire()
    }
}
