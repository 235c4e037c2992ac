import DequeModule

extension Client {
    /// Gives a command the next sequence and sends it. There is a session, and room in its window.
    mutating func sendNew(_ request: PendingRequest, now: UInt64, into actions: inout [ClientAction]) {
        let number = commands.next
        commands.append(request)
        sendCommand(number, now: now, into: &actions)
    }

    /// Sends an attempt at a command of which none is under way, if there is somebody to ask.
    mutating func sendCommand(_ number: UInt64, now: UInt64, into actions: inout [ClientAction]) {
        guard let session, let request = commands[number] else { return }
        guard let node = leader(now: now) else {
            let obstacle = whyNobody
            commands[number]?.attempts.held(by: obstacle)
            return
        }
        let attempt = request.attempts.count + 1
        let timer = answerTimer(request.attempts, now: now)
        let isRelayed = finder.isRelaying(now: now)
        commands[number]?.attempts.begin(to: node, isRelayed: isRelayed, at: now, answerBy: timer)
        let (sequence, first) = (number - sequenceBase, commands.first - sequenceBase)
        actions.append(
            .attempt(
                RequestID(.command, number: number, attempt: attempt), to: node, isRelayed: isRelayed,
                request.isBatch
                    ? .batch(
                        session: session, sequence: sequence, firstUnacknowledged: first,
                        payload: request.payload)
                    : .command(
                        session: session, sequence: sequence, firstUnacknowledged: first,
                        payload: request.payload)))
    }

    /// As `sendCommand`. A stale read goes to the nodes in turn, for any of them may answer it.
    mutating func sendQuery(_ number: UInt64, now: UInt64, into actions: inout [ClientAction]) {
        guard let request = queries[number] else { return }
        guard let node = request.consistency == .stale ? anyone() : leader(now: now) else {
            let obstacle = whyNobody
            queries[number]?.attempts.held(by: obstacle)
            return
        }
        let attempt = request.attempts.count + 1
        let timer = answerTimer(request.attempts, now: now)
        let isRelayed = request.consistency == .linearizable && finder.isRelaying(now: now)
        queries[number]?.attempts.begin(to: node, isRelayed: isRelayed, at: now, answerBy: timer)
        actions.append(
            .attempt(
                RequestID(.query, number: number, attempt: attempt), to: node, isRelayed: isRelayed,
                .query(payload: request.payload, consistency: request.consistency)))
    }

    /// Asks for a session, unless there is one, it is asked for already, or nobody needs it.
    mutating func openSession(now: UInt64, into actions: inout [ClientAction]) {
        guard session == nil, !queue.isEmpty else { return }
        var attempts = opening ?? startOpening(now: now)
        defer { opening = attempts }
        guard attempts.node == nil, now >= attempts.timer else { return }
        guard let node = leader(now: now) else {
            attempts.held(by: whyNobody)
            return
        }
        let attempt = attempts.count + 1
        let isRelayed = finder.isRelaying(now: now)
        attempts.begin(
            to: node, isRelayed: isRelayed, at: now, answerBy: answerTimer(attempts, now: now))
        actions.append(
            .attempt(
                RequestID(.open, number: openingNumber, attempt: attempt), to: node, isRelayed: isRelayed,
                .openSession))
    }

    /// A cluster that evicts sessions as fast as they are opened is given time between two.
    private mutating func startOpening(now: UInt64) -> Attempts {
        openingNumber += 1
        var attempts = Attempts()
        if fruitlessSessions > 1 {
            attempts.paused(until: now + settings.pause(fruitlessSessions - 1, jitter: &jitter))
            wake(at: attempts.timer)
        }
        return attempts
    }

    /// Moves commands from the queue into the session, as far as the window reaches.
    mutating func fillWindow(now: UInt64, into actions: inout [ClientAction]) {
        guard session != nil else {
            openSession(now: now, into: &actions)
            return
        }
        while let request = queue.first, hasRoom(for: request) {
            queue.removeFirst()
            sendNew(request, now: now, into: &actions)
        }
    }

    /// Whether the window reaches to another command.
    func hasRoom(for request: PendingRequest) -> Bool {
        commands.span < settings.window
            && (commands.pendingBytes == 0
                || commands.pendingBytes + request.payload.count <= settings.windowBytes)
    }

    /// The node to ask; if there is none, sees to it that somebody looks again.
    private mutating func leader(now: UInt64) -> NodeID? {
        let node = finder.target(now: now)
        if node == nil && finder.guess != nil { wake(at: finder.pausedUntil) }
        return node
    }

    private mutating func anyone() -> NodeID? {
        lastReader = finder.next(after: lastReader)
        return lastReader
    }

    private var whyNobody: Obstacle {
        guard finder.guess != nil else { return .unreachable }
        return finder.wanted.map { .leaderUnreachable($0) } ?? .noLeader
    }

    private mutating func answerTimer(_ attempts: Attempts, now: UInt64) -> UInt64 {
        let rounds = attempts.silences / UInt64(max(1, finder.reachable.count))
        let timer = now + settings.answerTimeout(afterSilentRounds: rounds, jitter: &jitter)
        wake(at: timer)
        return timer
    }
}

extension ClientAction {
    fileprivate static func attempt(
        _ id: RequestID, to node: NodeID, isRelayed: Bool, _ request: ClientRequest
    ) -> ClientAction {
        isRelayed ? .relay(id, to: node, request) : .send(id, to: node, request)
    }
}
