import DequeModule

/// The attempts at one request: whether one is under way, and whether one may have had an effect.
struct Attempts: Sendable {
    /// Attempts sent.
    private(set) var count: UInt64 = 0
    /// The node the last attempt is under way to; nil while none is.
    private(set) var node: NodeID?
    /// While an attempt is under way: when to stop waiting for its answer. Else: not to be sent before.
    private(set) var timer: UInt64 = 0
    /// When the attempt under way began.
    private(set) var began: UInt64 = 0
    /// Whether an attempt ended and nobody said what became of it. It never becomes certain again.
    private(set) var isUncertain = false
    /// Whether the node was asked to pass the last attempt on.
    private(set) var isRelayed = false
    /// Attempts in a row that nobody answered.
    private(set) var silences: UInt64 = 0
    /// Pauses in a row because of busy nodes.
    private(set) var pauses = 0
    /// What stood last in the way.
    private(set) var obstacle = Obstacle.unreachable

    /// Whether an attempt may have had an effect: then *failed* must not be said.
    var mayHaveBeenSent: Bool { isUncertain || node != nil }

    /// Whether `id`, from `node`, answers the attempt under way. An answer to an older one only counts if
    /// it tells the end of the whole matter.
    func isCurrent(_ id: RequestID, from node: NodeID) -> Bool {
        self.node == node && count & 0xf == id.attempt
    }

    mutating func begin(to node: NodeID, isRelayed: Bool = false, at now: UInt64, answerBy timer: UInt64) {
        count += 1
        self.isRelayed = isRelayed
        self.node = node
        self.timer = timer
        began = now
        obstacle = .noAnswer
    }

    /// The answer to the attempt under way is waited for longer.
    mutating func extended(to timer: UInt64) { self.timer = timer }

    /// The attempt under way had no effect.
    mutating func refused(_ obstacle: Obstacle) {
        node = nil
        timer = 0
        silences = 0
        self.obstacle = obstacle
    }

    /// The attempt under way had no effect, and the next one must wait.
    mutating func paused(until timer: UInt64) {
        refused(.busy)
        pauses += 1
        self.timer = timer
    }

    /// The attempt under way is lost to sight.
    mutating func lost(_ obstacle: Obstacle) {
        node = nil
        timer = 0
        isUncertain = true
        silences += obstacle == .noAnswer ? 1 : 0
        self.obstacle = obstacle
    }

    /// Nothing was sent, for this reason.
    mutating func held(by obstacle: Obstacle) {
        if node == nil { self.obstacle = obstacle }
    }
}

/// A command or a query on its way to an outcome.
struct PendingRequest: Sendable {
    let ticket: Ticket
    let payload: ArraySlice<UInt8>
    let deadline: UInt64
    /// Of a query.
    let consistency: ReadConsistency
    /// Whether the payload is a `CommandBatch`.
    let isBatch: Bool
    var attempts = Attempts()

    init(
        ticket: Ticket, payload: ArraySlice<UInt8>, deadline: UInt64,
        consistency: ReadConsistency = .linearizable, isBatch: Bool = false
    ) {
        self.ticket = ticket
        self.payload = payload
        self.deadline = deadline
        self.consistency = consistency
        self.isBatch = isBatch
    }
}

/// Requests under consecutive numbers. Numbers of finished requests stay until all before them are done.
struct Ledger: Sendable {
    /// The lowest number that is not done; `next` if all are.
    private(set) var first: UInt64
    private var requests: Deque<PendingRequest?> = []
    /// Requests that are not done.
    private(set) var pendingCount = 0
    /// Bytes of their payloads.
    private(set) var pendingBytes = 0

    init(startingAt first: UInt64) { self.first = first }

    /// The number the next request gets.
    var next: UInt64 { first &+ UInt64(requests.count) }

    /// Numbers from the first that is not done.
    var span: Int { requests.count }

    /// The numbers, done or not.
    var numbers: Range<UInt64> { first..<next }

    /// The full number of the one whose low bits an id repeats, if it is not done.
    func number(of id: RequestID) -> UInt64? {
        let offset = (id.number &- first) & RequestID.numberMask
        guard offset < UInt64(requests.count), requests[Int(offset)] != nil else { return nil }
        return first + offset
    }

    /// The request of a number; nil if it is done.
    subscript(_ number: UInt64) -> PendingRequest? {
        get { numbers.contains(number) ? requests[Int(number - first)] : nil }
        _modify {
            precondition(numbers.contains(number), "only what is not done changes")
            yield &requests[Int(number - first)]
        }
    }

    /// Adds a request under the number `next`.
    mutating func append(_ request: PendingRequest) {
        requests.append(request)
        pendingCount += 1
        pendingBytes += request.payload.count
    }

    /// Takes out a request that is not done.
    mutating func finish(_ number: UInt64) -> PendingRequest? {
        guard numbers.contains(number), let request = requests[Int(number - first)].take() else { return nil }
        pendingCount -= 1
        pendingBytes -= request.payload.count
        while let head = requests.first, head == nil {
            requests.removeFirst()
            first += 1
        }
        return request
    }
}
