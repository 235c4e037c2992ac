extension Group {
    /// Takes a request, or says why not.
    mutating func take(_ request: ClientRequest, ticket: Ticket, into step: inout Step) {
        if let response = refusal(of: request) {
            step.respond(ticket, response)
            return
        }
        switch request {
        case .admin(let request): take(request, ticket: ticket, into: &step)
        case .query(let payload, .stale):
            step.respond(
                ticket,
                .answered(
                    replica.machine.query(payload), executedThrough: replica.executedThrough,
                    consistency: .stale))
        case .query(let payload, .linearizable): takeRead(payload, ticket: ticket, into: &step)
        case .openSession:
            takeEntry(.openSession, payloadBytes: 0, ticket: ticket, into: &step)
        case .command(let session, let sequence, let firstUnacknowledged, let payload):
            take(
                .command(
                    session: session, sequence: sequence, firstUnacknowledged: firstUnacknowledged,
                    payload: payload),
                of: session, sequence, payload, ticket: ticket, into: &step)
        case .batch(let session, let sequence, let firstUnacknowledged, let payload):
            if let response = refusalOfBatches {
                step.respond(ticket, response)
                return
            }
            take(
                .batch(
                    session: session, sequence: sequence, firstUnacknowledged: firstUnacknowledged,
                    payload: payload),
                of: session, sequence, payload, ticket: ticket, into: &step)
        }
    }

    /// Takes a session's entry, if its outcome is not known already.
    private mutating func take(
        _ entry: Entry, of session: SessionID, _ sequence: UInt64, _ payload: ArraySlice<UInt8>,
        ticket: Ticket, into step: inout Step
    ) {
        if let known = foresee(session, sequence: sequence) {
            step.respond(ticket, known)
        } else {
            takeEntry(entry, payloadBytes: payload.count, ticket: ticket, into: &step)
        }
    }

    /// What no node would take, whatever its state.
    private func refusal(of request: ClientRequest) -> ClientResponse? {
        guard request.payloadBytes <= limits.valueBytes else { return .refused(.tooLarge) }
        let (sequence, firstUnacknowledged): (UInt64, UInt64)
        switch request {
        case .command(_, let own, let first, _): (sequence, firstUnacknowledged) = (own, first)
        case .batch(_, let own, let first, let payload):
            guard CommandBatch(bytes: payload) != nil else { return .refused(.malformedBatch) }
            (sequence, firstUnacknowledged) = (own, first)
        case .openSession, .query, .admin: return nil
        }
        guard sequence > 0, firstUnacknowledged > 0, sequence >= firstUnacknowledged,
            sequence - firstUnacknowledged < UInt64(configurations.latest.sessionWindow)
        else { return .refused(.outsideWindow) }
        return nil
    }

    /// The answer to a command that need not enter the log: it was executed, or can never be. A session is
    /// unknown for good only where the entry that would have opened it was executed: a node that leads no
    /// more without knowing it may lack that entry.
    private func foresee(_ session: SessionID, sequence: UInt64) -> ClientResponse? {
        guard leader?.isReady == true, let barrier = leader?.barrier, replica.executedThrough >= barrier
        else {
            return nil
        }
        switch replica.sessions.foresee(session, sequence: sequence) {
        case .execute: return nil
        case .repeated(let kept): return .executed(kept.reply, kept.position)
        case .expired: return session.slot <= replica.executedThrough ? .sessionExpired : nil
        case .alreadyAcknowledged: return .alreadyAcknowledged
        // Earlier sequences may be on their way and move the window.
        case .outsideWindow: return nil
        }
    }

    mutating func takeEntry(
        _ entry: Entry, payloadBytes: Int, ticket: Ticket, into step: inout Step
    ) {
        guard leader != nil else {
            step.respond(ticket, .notLeader(leader: knownLeader))
            return
        }
        guard leader?.batcher.append(entry, payloadBytes: payloadBytes, ticket: ticket) == true else {
            step.respond(ticket, .busy)
            return
        }
    }

    private mutating func takeRead(_ payload: ArraySlice<UInt8>, ticket: Ticket, into step: inout Step) {
        guard let barrier = leader?.barrier else {
            step.respond(ticket, .notLeader(leader: knownLeader))
            return
        }
        let needed = max(barrier, acceptor.chosenThrough)
        guard leader?.confirmation.append(ticket: ticket, payload: payload, needed: needed) == true else {
            step.respond(ticket, .busy)
            return
        }
    }

    /// Answers the reads whose round is confirmed and whose slots are executed.
    mutating func answerReads(into step: inout Step) {
        // Where a new configuration governs the next slot, its voters must have promised first: another may have
        // led them.
        guard leader?.unpromisedFrom == nil else { return }
        while let read = leader?.confirmation.takeReady(executedThrough: replica.executedThrough) {
            step.respond(
                read.ticket,
                .answered(
                    replica.machine.query(read.payload), executedThrough: replica.executedThrough,
                    consistency: .linearizable))
        }
    }
}
