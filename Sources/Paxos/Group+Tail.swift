/// Whoever follows the log: any node answers, with what it knows to be chosen, and holds a question about a slot that is
/// not chosen yet.
extension Group {
    mutating func takeTail(
        from: Slot, waitingTicks: UInt32, ticket: Ticket, into step: inout Step
    ) {
        guard tails.count < limits.waitingTails else {
            step.respond(ticket, .busy)
            return
        }
        let ticks = min(UInt64(waitingTicks), UInt64(limits.tailTicks))
        tails.append(WaitingTail(from: from, untilTick: now + ticks, ticket: ticket))
    }

    /// Answers at the end of a turn those of whom there is something to say. What has to be read goes with the step, a
    /// few at once, and once for those who are at the same place; the others wait for the next.
    mutating func answerTails(into step: inout Step) {
        guard tails.isDue(floor: floor, chosenThrough: acceptor.chosenThrough, atTick: now) else { return }
        for tail in tails.takeAll() {
            if tail.from <= floor {
                step.respond(tail.ticket, .admin(.logBegins(at: floor.next)))
            } else if tail.from > acceptor.chosenThrough {
                guard now >= tail.untilTick else {
                    tails.append(tail)
                    continue
                }
                let nothing = ExecutedSlots(
                    decided: [], unexecuted: [], chosenThrough: acceptor.chosenThrough)
                step.respond(tail.ticket, .admin(.executed(nothing)))
            } else {
                let content = LogRead.Content.executed(from: tail.from, through: acceptor.chosenThrough)
                if !step.read(content, of: id, for: tail.ticket) { tails.append(tail) }
            }
        }
    }
}

/// A question about a slot, until it is answered.
struct WaitingTail: Sendable {
    let from: Slot
    /// Who is not answered by then is told that there is nothing new.
    let untilTick: UInt64
    let ticket: Ticket
}

/// Those who wait, in the order in which they came. Asked in every turn whether there is something to say, it must know
/// without looking at each.
struct WaitingTails: Sendable {
    private var waiting: [WaitingTail] = []
    private var firstSlot = Slot.maximum
    private var firstTick = UInt64.max

    var count: Int { waiting.count }

    mutating func append(_ tail: WaitingTail) {
        waiting.append(tail)
        firstSlot = min(firstSlot, tail.from)
        firstTick = min(firstTick, tail.untilTick)
    }

    func isDue(floor: Slot, chosenThrough: Slot, atTick tick: UInt64) -> Bool {
        !waiting.isEmpty && (firstSlot <= max(floor, chosenThrough) || firstTick <= tick)
    }

    /// Everybody, to be answered or appended again.
    mutating func takeAll() -> [WaitingTail] {
        defer { self = WaitingTails() }
        return waiting
    }
}
