import DequeModule

extension Client {
    /// Takes the response of `node` to an attempt. Responses to what has an outcome are ignored.
    public mutating func receive(
        _ response: ClientResponse, to id: RequestID, from node: NodeID, now: UInt64,
        into actions: inout [ClientAction]
    ) {
        hear(node, now: now)
        switch id.kind {
        case .command:
            if let number = commands.number(of: id) {
                commandAnswered(number, response, id, node, now: now, into: &actions)
            } else if let index = draining.firstIndex(where: { $0.isMeant(by: id) }) {
                drainingAnswered(index, response, id, node, into: &actions)
            }
            if !queue.isEmpty { fillWindow(now: now, into: &actions) }
        case .query:
            guard let number = queries.number(of: id) else { return }
            queryAnswered(number, response, id, node, now: now, into: &actions)
        case .open: openingAnswered(response, id, node, now: now, into: &actions)
        case nil: break
        }
    }

    /// An attempt was not sent, for what waits to be sent to the node is all that may: it is made again after a pause.
    public mutating func notSent(_ id: RequestID, to node: NodeID, now: UInt64) {
        switch id.kind {
        case .command:
            guard let number = commands.number(of: id), let attempts = commands[number]?.attempts,
                attempts.isCurrent(id, from: node)
            else { return }
            let end = pauseEnd(attempts, now: now)
            commands[number]?.attempts.paused(until: end)
        case .query:
            guard let number = queries.number(of: id), let attempts = queries[number]?.attempts,
                attempts.isCurrent(id, from: node)
            else { return }
            let end = pauseEnd(attempts, now: now)
            queries[number]?.attempts.paused(until: end)
        case .open:
            guard let attempts = opening, attempts.isCurrent(id, from: node) else { return }
            let end = pauseEnd(attempts, now: now)
            opening?.paused(until: end)
        case nil: break
        }
    }

    /// When the next pause because of a busy node ends.
    private mutating func pauseEnd(_ attempts: Attempts, now: UInt64) -> UInt64 {
        let end = now + settings.pause(attempts.pauses + 1, jitter: &jitter)
        wake(at: end)
        return end
    }

    // MARK: Commands

    /// An execution and the session's end concern every attempt; any other response only its own.
    private mutating func commandAnswered(
        _ number: UInt64, _ response: ClientResponse, _ id: RequestID, _ node: NodeID, now: UInt64,
        into actions: inout [ClientAction]
    ) {
        // Nearly all are this one: nothing need be known of the attempt.
        if case .executed(let reply, let position) = response {
            fruitlessSessions = 0
            leads(node, now: now)
            finishCommand(number, executed: reply, at: position, into: &actions)
            return
        }
        let isCurrent = commands[number]?.attempts.isCurrent(id, from: node) ?? false
        switch response {
        case .sessionExpired:
            if isCurrent { commands[number]?.attempts.refused(.busy) }
            leads(node, now: now)
            fruitlessSessions += 1
            endSession(because: .sessionExpired, into: &actions)
        case .notLeader(let hint) where isCurrent:
            let wasRelayed = commands[number]?.attempts.isRelayed ?? false
            commands[number]?.attempts.refused(.noLeader)
            isNotLeader(node, hint: hint, wasRelayed: wasRelayed, now: now)
            sendCommand(number, now: now, into: &actions)
        case .leadershipLost(let hint) where isCurrent:
            let wasRelayed = commands[number]?.attempts.isRelayed ?? false
            commands[number]?.attempts.lost(.leadershipLost)
            isNotLeader(node, hint: hint, wasRelayed: wasRelayed, now: now)
            sendCommand(number, now: now, into: &actions)
        case .busy where isCurrent:
            leads(node, now: now)
            let attempts = commands[number]?.attempts ?? Attempts()
            let end = pauseEnd(attempts, now: now)
            commands[number]?.attempts.paused(until: end)
        case .refused(let refusal) where isCurrent:
            commands[number]?.attempts.refused(.busy)
            finishCommand(
                number, unanswered: .refused(refusal), else: .refused(refusal), into: &actions)
        case .alreadyAcknowledged where isCurrent:
            // It was not: its ticket is open. Whatever the cluster executed, the reply is gone.
            finishCommand(number, unanswered: .alreadyAcknowledged, else: .closed, into: &actions)
        case .executed, .notLeader, .leadershipLost, .busy, .refused, .alreadyAcknowledged, .opened,
            .answered,
            .admin:
            break
        }
    }

    /// The session is gone. What was certainly not done begins anew in the next one; what is under way may
    /// still be answered; of the rest nobody will ever know.
    private mutating func endSession(because reason: UnknownReason, into actions: inout [ClientAction]) {
        var certain: [PendingRequest] = []
        for number in commands.numbers {
            let receipt = receipt(number)
            guard let request = commands.finish(number) else { continue }
            if request.attempts.node != nil {
                draining.append(DrainingCommand(number: number, receipt: receipt, request: request))
            } else if request.attempts.mayHaveBeenSent {
                complete(request, unanswered: reason, else: .closed, receipt: receipt, into: &actions)
            } else {
                certain.append(request)
            }
        }
        queue.prepend(contentsOf: certain)
        sequenceBase = commands.next - 1
        session = nil
    }

    /// The nodes that connect from now on belong to another cluster than those before, of which none is connected any
    /// more. A session is named by the position in the log that opened it, and in another log that name is another
    /// client's: nothing goes on under it, and what may have been done is never repeated.
    ///
    /// - Parameter log: the log of the cluster that has come.
    public mutating func clusterReplaced(by log: LogID? = nil, into actions: inout [ClientAction]) {
        defer { self.log = log }
        finder = LeaderFinder()
        opening = nil
        for number in commands.numbers where commands[number]?.attempts.node != nil {
            commands[number]?.attempts.lost(.connectionLost)
        }
        for number in queries.numbers where queries[number]?.attempts.node != nil {
            queries[number]?.attempts.lost(.connectionLost)
        }
        for index in draining.indices.reversed() {
            if draining[index].request.attempts.node != nil {
                draining[index].request.attempts.lost(.connectionLost)
            }
            drained(index, because: .clusterReplaced, into: &actions)
        }
        endSession(because: .clusterReplaced, into: &actions)
    }

    // MARK: Commands of expired sessions

    private mutating func drainingAnswered(
        _ index: Int, _ response: ClientResponse, _ id: RequestID, _ node: NodeID,
        into actions: inout [ClientAction]
    ) {
        if case .executed(let reply, let position) = response {
            let drained = draining.remove(at: index)
            var receipt = drained.receipt
            receipt.position = position
            actions.append(.complete(drained.request.ticket, .answered(reply, receipt)))
            return
        }
        guard draining[index].request.attempts.isCurrent(id, from: node) else { return }
        switch response {
        case .sessionExpired, .notLeader, .busy, .refused: draining[index].request.attempts.refused(.busy)
        case .leadershipLost: draining[index].request.attempts.lost(.leadershipLost)
        case .alreadyAcknowledged, .executed, .opened, .answered, .admin: break
        }
        drained(index, into: &actions)
    }

    /// Nothing more will be heard of a command of an expired session: to repeat it there is useless.
    mutating func drained(
        _ index: Int, because reason: UnknownReason = .sessionExpired, into actions: inout [ClientAction]
    ) {
        let drained = draining.remove(at: index)
        if drained.request.attempts.mayHaveBeenSent {
            complete(
                drained.request, unanswered: reason, else: .closed, receipt: drained.receipt, into: &actions)
        } else {
            queue.prepend(drained.request)
        }
    }

    // MARK: Queries

    private mutating func queryAnswered(
        _ number: UInt64, _ response: ClientResponse, _ id: RequestID, _ node: NodeID, now: UInt64,
        into actions: inout [ClientAction]
    ) {
        if case .answered(let reply, let executedThrough, let consistency) = response {
            if consistency == .linearizable { leads(node, now: now) }
            guard let request = queries[number] else { return }
            // A stale answer to a linearizable question is none.
            guard consistency == .linearizable || request.consistency == .stale else { return }
            _ = queries.finish(number)
            let receipt = Receipt(executedThrough: executedThrough, consistency: consistency, log: log)
            actions.append(.complete(request.ticket, .answered(reply, receipt)))
            return
        }
        guard queries[number]?.attempts.isCurrent(id, from: node) == true else { return }
        switch response {
        case .notLeader(let hint), .leadershipLost(let hint):
            // The node says that it did not answer: nothing was done.
            let wasRelayed = queries[number]?.attempts.isRelayed ?? false
            queries[number]?.attempts.refused(.noLeader)
            isNotLeader(node, hint: hint, wasRelayed: wasRelayed, now: now)
            sendQuery(number, now: now, into: &actions)
        case .busy:
            let attempts = queries[number]?.attempts ?? Attempts()
            let end = pauseEnd(attempts, now: now)
            queries[number]?.attempts.paused(until: end)
        case .refused(let refusal):
            queries[number]?.attempts.refused(.busy)
            finishQuery(number, unanswered: .refused(refusal), else: .refused(refusal), into: &actions)
        case .opened, .executed, .answered, .sessionExpired, .alreadyAcknowledged, .admin: break
        }
    }

    // MARK: The session

    /// An open session is welcome from any attempt at this opening. What comes of an earlier one is left to be
    /// evicted: it may be the very session that has expired, whose sequences were given before.
    private mutating func openingAnswered(
        _ response: ClientResponse, _ id: RequestID, _ node: NodeID, now: UInt64,
        into actions: inout [ClientAction]
    ) {
        guard session == nil, var attempts = opening, id.number == openingNumber & RequestID.numberMask else {
            return
        }
        if case .opened(let session) = response {
            self.session = session
            opening = nil
            leads(node, now: now)
            fillWindow(now: now, into: &actions)
            return
        }
        guard attempts.isCurrent(id, from: node) else { return }
        switch response {
        case .notLeader(let hint), .leadershipLost(let hint):
            let wasRelayed = attempts.isRelayed
            attempts.refused(.noLeader)
            isNotLeader(node, hint: hint, wasRelayed: wasRelayed, now: now)
        case .busy:
            attempts.paused(until: pauseEnd(attempts, now: now))
        case .refused(let refusal):
            // No session, no commands: none of the queue was sent, and none ever can be.
            opening = nil
            while let request = queue.popFirst() {
                complete(request, unanswered: .refused(refusal), else: .refused(refusal), into: &actions)
            }
            return
        case .opened, .executed, .answered, .sessionExpired, .alreadyAcknowledged, .admin: return
        }
        opening = attempts
        openSession(now: now, into: &actions)
    }

    // MARK: The leader

    private mutating func leads(_ node: NodeID, now: UInt64) {
        let wasPaused = finder.pausedUntil > now
        finder.leads(node, now: now)
        // Whatever waited for the end of the pause may go at the next tick.
        if wasPaused && finder.pausedUntil <= now { wake(at: now) }
    }

    private mutating func isNotLeader(_ node: NodeID, hint: NodeID?, wasRelayed: Bool, now: UInt64) {
        finder.isNotLeader(
            node, hint: hint, wasRelayed: wasRelayed, now: now, settings: settings, jitter: &jitter)
    }
}

extension DrainingCommand {
    /// Whether `id` names an attempt at this command.
    func isMeant(by id: RequestID) -> Bool { number & RequestID.numberMask == id.number }
}
