package import Paxos

/// Whoever waits for an outcome.
package enum Waiter: Sendable {
    case continuation(UnsafeContinuation<Outcome, Never>)
    case callback(@Sendable (Outcome) -> Void)

    package func complete(_ outcome: Outcome) {
        switch self {
        case .continuation(let continuation): continuation.resume(returning: outcome)
        case .callback(let callback): callback(outcome)
        }
    }
}

/// Who waits, by ticket. A ticket is completed once, so its number may be given again afterwards.
package struct Waiters {
    private var waiters: [Waiter?] = []
    private var free: [Int] = []

    package init() {}

    package var isEmpty: Bool { free.count == waiters.count }

    package mutating func add(_ waiter: Waiter) -> Ticket {
        guard let index = free.popLast() else {
            waiters.append(waiter)
            return Ticket(rawValue: UInt64(waiters.count - 1))
        }
        waiters[index] = waiter
        return Ticket(rawValue: UInt64(index))
    }

    package mutating func take(_ ticket: Ticket) -> Waiter? {
        let index = Int(ticket.rawValue)
        guard let waiter = waiters[index] else { return nil }
        waiters[index] = nil
        free.append(index)
        return waiter
    }
}
