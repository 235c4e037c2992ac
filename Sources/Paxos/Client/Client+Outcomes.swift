/// The one place where outcomes are said.
extension Client {
    /// Completes a command with what the state machine answered.
    mutating func finishCommand(
        _ number: UInt64, executed reply: Reply, at position: LogPosition,
        into actions: inout [ClientAction]
    ) {
        var receipt = receipt(number)
        receipt.position = position
        guard let request = commands.finish(number) else { return }
        actions.append(.complete(request.ticket, .answered(reply, receipt)))
    }

    /// Completes a command without an answer: *unknown* if an attempt may have been sent, else *failed*.
    mutating func finishCommand(
        _ number: UInt64, unanswered reason: UnknownReason, else failure: FailureReason,
        into actions: inout [ClientAction]
    ) {
        let receipt = receipt(number)
        guard let request = commands.finish(number) else { return }
        complete(request, unanswered: reason, else: failure, receipt: receipt, into: &actions)
    }

    /// As for a command. A query that was not answered has changed nothing, but the rule is one.
    mutating func finishQuery(
        _ number: UInt64, unanswered reason: UnknownReason, else failure: FailureReason,
        into actions: inout [ClientAction]
    ) {
        guard let request = queries.finish(number) else { return }
        let receipt = Receipt(consistency: request.consistency, log: log)
        complete(request, unanswered: reason, else: failure, receipt: receipt, into: &actions)
    }

    /// Says *failed* only of what has definitely not been done.
    func complete(
        _ request: PendingRequest, unanswered reason: UnknownReason, else failure: FailureReason,
        receipt: Receipt = Receipt(), into actions: inout [ClientAction]
    ) {
        let outcome: Outcome =
            request.attempts.mayHaveBeenSent ? .unknown(reason, receipt) : .failed(failure)
        actions.append(.complete(request.ticket, outcome))
    }

    /// Session and sequence of a numbered command.
    func receipt(_ number: UInt64) -> Receipt {
        Receipt(session: session, sequence: number - sequenceBase, log: log)
    }
}

extension Outcome {
    static func answered(_ reply: Reply, _ receipt: Receipt) -> Outcome {
        reply.isRejected
            ? .rejected(reason: reply.text, receipt) : .ok(reply: reply.bytes, receipt)
    }
}
