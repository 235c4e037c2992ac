import DequeModule

/// One session of one group, as its client sees it: numbers commands, finds the leader, repeats what was
/// not answered under the same sequence, and says what became of each (invariant SessionOnce).
///
/// A value without clock, network or randomness of its own. What happens is told by `submit`, `query`,
/// `receive`, `connected`, `disconnected` and `tick`, each with the time in nanoseconds of any clock that
/// does not go back; what is to be done is appended to `actions`. `tick` is called every few milliseconds.
///
/// The session is opened when the first command asks for it, and anew when the cluster evicted it.
public struct Client: Sendable {
    /// The group its session belongs to.
    public let group: GroupID
    /// Bounds and times.
    public let settings: ClientSettings
    /// The session; nil until a command was submitted and the cluster has opened it.
    public internal(set) var session: SessionID?
    /// The log that the nodes keep, which receipts name; nil if the host does not know yet.
    public var log: LogID?

    var finder = LeaderFinder()
    var jitter: SeededGenerator
    /// Commands of the session, numbered; the sequence is the number less `sequenceBase`.
    var commands: Ledger
    var sequenceBase: UInt64
    /// Commands in flight in sessions that have expired since.
    var draining: [DrainingCommand] = []
    /// Commands without a number, since the window is full or there is no session. None of them may have
    /// been sent, or each attempt was refused.
    var queue: Deque<PendingRequest> = []
    var queries: Ledger
    /// The attempts at opening a session, while one is wanted.
    var opening: Attempts?
    var openingNumber: UInt64
    /// Sessions lost without a command executed in between: to open them in a circle would help nobody.
    var fruitlessSessions = 0
    /// The node that was asked last for a stale read.
    var lastReader: NodeID?
    /// Who answered anything last, and when; and when those before did.
    private var lastHeard: (node: NodeID, at: UInt64)?
    private var heardBefore: [NodeID: UInt64] = [:]
    /// Nothing is due before.
    var wakeAt = UInt64.max
    var isClosed = false

    /// A client that has yet to hear of a node.
    ///
    /// - Parameters:
    ///   - jitterSeed: spreads its retries; give each client another.
    ///   - firstNumber: where request ids start. A host that uses the free bits of an id for another
    ///     client, after this one, passes `nextNumber` of the one before, lest late responses be mistaken.
    public init(
        group: GroupID, settings: ClientSettings = ClientSettings(), jitterSeed: UInt64,
        firstNumber: UInt64 = 1
    ) {
        self.group = group
        self.settings = settings
        jitter = SeededGenerator(seed: jitterSeed)
        commands = Ledger(startingAt: firstNumber)
        sequenceBase = firstNumber - 1
        queries = Ledger(startingAt: firstNumber)
        openingNumber = firstNumber
    }

    /// Above the number of any request so far.
    public var nextNumber: UInt64 { max(commands.next, queries.next, openingNumber + 1) }

    /// Requests without an outcome.
    public var pendingCount: Int {
        commands.pendingCount + queries.pendingCount + queue.count + draining.count
    }

    /// When `tick` next has something to do; never, if nothing is pending.
    public var nextTick: UInt64 { wakeAt }

    // MARK: What is asked of it

    /// Takes a command, or the bytes of a `CommandBatch`. `ticket` is completed once, by `deadline` or a tick later.
    public mutating func submit(
        _ payload: ArraySlice<UInt8>, isBatch: Bool = false, deadline: UInt64, ticket: Ticket, now: UInt64,
        into actions: inout [ClientAction]
    ) {
        let request = PendingRequest(ticket: ticket, payload: payload, deadline: deadline, isBatch: isBatch)
        guard admits(request, queued: queue.count, now: now, into: &actions) else { return }
        wake(at: deadline)
        if session != nil, queue.isEmpty, hasRoom(for: request) {
            sendNew(request, now: now, into: &actions)
        } else {
            queue.append(request)
            openSession(now: now, into: &actions)
        }
    }

    /// Takes a query, which needs no session.
    public mutating func query(
        _ payload: ArraySlice<UInt8>, consistency: ReadConsistency = .linearizable, deadline: UInt64,
        ticket: Ticket, now: UInt64, into actions: inout [ClientAction]
    ) {
        let request = PendingRequest(
            ticket: ticket, payload: payload, deadline: deadline, consistency: consistency)
        guard admits(request, queued: queries.pendingCount, now: now, into: &actions) else { return }
        wake(at: deadline)
        let number = queries.next
        queries.append(request)
        sendQuery(number, now: now, into: &actions)
    }

    /// Ends it: whatever is pending is completed, and nothing is taken any more. The cluster evicts the
    /// session in its time.
    public mutating func close(into actions: inout [ClientAction]) {
        isClosed = true
        opening = nil
        for request in queue { complete(request, unanswered: .closed, else: .closed, into: &actions) }
        queue.removeAll()
        for number in commands.numbers {
            finishCommand(number, unanswered: .closed, else: .closed, into: &actions)
        }
        for number in queries.numbers {
            finishQuery(number, unanswered: .closed, else: .closed, into: &actions)
        }
        while let drained = draining.popLast() {
            complete(
                drained.request, unanswered: .closed, else: .closed, receipt: drained.receipt, into: &actions)
        }
        wakeAt = .max
    }

    /// Completes at once what can never be sent.
    private func admits(
        _ request: PendingRequest, queued: Int, now: UInt64, into actions: inout [ClientAction]
    ) -> Bool {
        let reason: FailureReason
        if isClosed {
            reason = .closed
        } else if request.payload.count > settings.payloadLimitBytes {
            reason = .tooLarge(bytes: request.payload.count, limitBytes: settings.payloadLimitBytes)
        } else if request.deadline <= now {
            reason = .deadlinePassed(.alreadyLate)
        } else if queued >= settings.queueLimit {
            reason = .queueFull(limit: settings.queueLimit)
        } else {
            return true
        }
        actions.append(.complete(request.ticket, .failed(reason)))
        return false
    }

    /// A node answers.
    mutating func hear(_ node: NodeID, now: UInt64) {
        if let lastHeard, lastHeard.node != node { heardBefore[lastHeard.node] = lastHeard.at }
        lastHeard = (node, now)
    }

    /// When a node answered anything last.
    func heardAt(_ node: NodeID) -> UInt64? {
        if let lastHeard, lastHeard.node == node { lastHeard.at } else { heardBefore[node] }
    }

    mutating func wake(at time: UInt64) { wakeAt = min(wakeAt, time) }
}

/// A command whose session has expired while an attempt was under way. Only the answer to that attempt can
/// still tell what became of it.
struct DrainingCommand: Sendable {
    let number: UInt64
    let receipt: Receipt
    var request: PendingRequest
}
