import DequeModule

extension Client {
    /// `node` can be reached.
    public mutating func connected(_ node: NodeID, now: UInt64, into actions: inout [ClientAction]) {
        finder.up(node)
        sendWaiting(now: now, into: &actions)
    }

    /// `node` cannot be reached any more. What it was asked may have been done.
    public mutating func disconnected(_ node: NodeID, now: UInt64, into actions: inout [ClientAction]) {
        finder.down(node)
        for number in commands.numbers where commands[number]?.attempts.node == node {
            commands[number]?.attempts.lost(.connectionLost)
        }
        for number in queries.numbers where queries[number]?.attempts.node == node {
            queries[number]?.attempts.lost(.connectionLost)
        }
        if opening?.node == node { opening?.lost(.connectionLost) }
        for index in draining.indices.reversed() where draining[index].request.attempts.node == node {
            draining[index].request.attempts.lost(.connectionLost)
            drained(index, into: &actions)
        }
        sendWaiting(now: now, into: &actions)
    }

    /// Time passes: deadlines, answers that did not come, pauses that end.
    public mutating func tick(now: UInt64, into actions: inout [ClientAction]) {
        guard now >= wakeAt else { return }
        wakeAt = .max
        for number in commands.numbers {
            guard let request = commands[number] else { continue }
            if request.deadline <= now {
                let obstacle = request.attempts.obstacle
                finishCommand(
                    number, unanswered: .deadlinePassed(obstacle), else: .deadlinePassed(obstacle),
                    into: &actions)
            } else if let timer = busyTimer(of: request.attempts, now: now) {
                commands[number]?.attempts.extended(to: timer)
            } else if request.attempts.isOverdue(now: now) {
                loseAnswer(of: request.attempts)
                commands[number]?.attempts.lost(.noAnswer)
            }
        }
        for number in queries.numbers {
            guard let request = queries[number] else { continue }
            if request.deadline <= now {
                let obstacle = request.attempts.obstacle
                finishQuery(
                    number, unanswered: .deadlinePassed(obstacle), else: .deadlinePassed(obstacle),
                    into: &actions)
            } else if let timer = busyTimer(of: request.attempts, now: now) {
                queries[number]?.attempts.extended(to: timer)
            } else if request.attempts.isOverdue(now: now) {
                loseAnswer(of: request.attempts)
                queries[number]?.attempts.lost(.noAnswer)
            }
        }
        for index in draining.indices.reversed() {
            let request = draining[index].request
            if request.deadline <= now || request.attempts.isOverdue(now: now) {
                draining[index].request.attempts.lost(.noAnswer)
                drained(index, into: &actions)
            } else {
                wake(at: min(request.deadline, request.attempts.timer))
            }
        }
        expireQueue(now: now, into: &actions)
        if let attempts = opening, attempts.isOverdue(now: now) {
            loseAnswer(of: attempts)
            opening?.lost(.noAnswer)
        }
        sendWaiting(now: now, into: &actions)
    }

    /// Commands that never got into a session.
    private mutating func expireQueue(now: UInt64, into actions: inout [ClientAction]) {
        guard queue.contains(where: { $0.deadline <= now }) else {
            for request in queue { wake(at: request.deadline) }
            return
        }
        let obstacle = session == nil ? opening?.obstacle ?? .unreachable : .busy
        for request in queue {
            if request.deadline <= now {
                complete(
                    request, unanswered: .deadlinePassed(obstacle), else: .deadlinePassed(obstacle),
                    into: &actions)
            } else {
                wake(at: request.deadline)
            }
        }
        queue.removeAll { $0.deadline <= now }
        // Nobody needs the session any more; one that is on its way is still welcome.
        if queue.isEmpty && opening?.node == nil { opening = nil }
    }

    /// Sends whatever waits and may go, and notes when the rest is due.
    private mutating func sendWaiting(now: UInt64, into actions: inout [ClientAction]) {
        for number in commands.numbers {
            guard let request = commands[number] else { continue }
            wake(at: request.deadline)
            if request.attempts.isReady(now: now) {
                sendCommand(number, now: now, into: &actions)
            } else {
                wake(at: request.attempts.timer)
            }
        }
        for number in queries.numbers {
            guard let request = queries[number] else { continue }
            wake(at: request.deadline)
            if request.attempts.isReady(now: now) {
                sendQuery(number, now: now, into: &actions)
            } else {
                wake(at: request.attempts.timer)
            }
        }
        if let opening, opening.timer > now { wake(at: opening.timer) }
        fillWindow(now: now, into: &actions)
    }

    /// Until when an answer that is overdue is waited for, if the node has answered other requests meanwhile: what it was
    /// asked waits behind them.
    private func busyTimer(of attempts: Attempts, now: UInt64) -> UInt64? {
        guard attempts.isOverdue(now: now), let node = attempts.node, let heard = heardAt(node),
            heard >= attempts.began
        else { return nil }
        let timer =
            min(heard, attempts.began + 7 * settings.answerTimeoutNanoseconds)
            + settings.answerTimeoutNanoseconds
        return timer > now ? timer : nil
    }

    private mutating func loseAnswer(of attempts: Attempts) {
        if let node = attempts.node { finder.isSilent(node) }
    }
}

extension Attempts {
    /// Whether the answer to the attempt under way is not to be waited for any longer.
    func isOverdue(now: UInt64) -> Bool { node != nil && timer <= now }

    /// Whether none is under way, and the next may go.
    func isReady(now: UInt64) -> Bool { node == nil && timer <= now }
}
