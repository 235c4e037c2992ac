import Paxos

/// Who waits for what response. A ticket is a place in a table, given anew once it is answered.
struct Tickets {
    /// Who is to be told.
    enum Waiter {
        /// A connection's request, by the id its sender gave it.
        case connection(InboundConnection, id: UInt64)
        /// This process' own client.
        case local(GroupID, id: UInt64)
    }

    private var waiters: [Waiter?] = []
    private var free: [UInt32] = []

    /// How many may wait; more are answered busy.
    static let limit = 1 << 18

    /// A ticket for `waiter`; nil when too many wait.
    mutating func issue(to waiter: Waiter) -> Ticket? {
        if let place = free.popLast() {
            waiters[Int(place)] = waiter
            return Ticket(rawValue: UInt64(place))
        }
        guard waiters.count < Self.limit else { return nil }
        waiters.append(waiter)
        return Ticket(rawValue: UInt64(waiters.count - 1))
    }

    /// Ends a ticket.
    mutating func redeem(_ ticket: Ticket) -> Waiter? {
        let place = Int(ticket.rawValue)
        guard let waiter = waiters[place] else { return nil }
        waiters[place] = nil
        free.append(UInt32(place))
        return waiter
    }

    /// How many wait.
    var count: Int { waiters.count - free.count }
}
