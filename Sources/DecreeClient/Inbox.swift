import NIOCore
import Paxos
import Synchronization

/// What other threads want of a lane.
enum Order: Sendable {
    enum Kind: Sendable {
        case command
        case batch
        case query(ReadConsistency)
    }

    struct Request: Sendable {
        let session: Int
        let kind: Kind
        let payload: ArraySlice<UInt8>
        let deadline: UInt64
        let waiter: Waiter
    }

    case start
    case request(Request)
    case endSession(Int)
    case awaitConnection(UnsafeContinuation<Result<Void, ClientError>, Never>, deadline: NIODeadline)
    case close(UnsafeContinuation<Void, Never>)
}

/// Whoever waits for an outcome.
enum Waiter: Sendable {
    case continuation(UnsafeContinuation<Outcome, Never>)
    case callback(@Sendable (Outcome) -> Void)

    func complete(_ outcome: Outcome) {
        switch self {
        case .continuation(let continuation): continuation.resume(returning: outcome)
        case .callback(let callback): callback(outcome)
        }
    }
}

/// The only door between the threads of users and the loop of a lane: orders gather here, and the loop is
/// woken once for all that came meanwhile.
final class Inbox: Sendable {
    private let orders = Mutex<[Order]>([])

    /// Adds an order. Returns whether the loop must be woken: it was not yet for the orders before.
    func add(_ order: Order) -> Bool {
        orders.withLock {
            $0.append(order)
            return $0.count == 1
        }
    }

    /// Takes all orders; `spare` gives its memory for the next.
    func swap(_ spare: inout [Order]) {
        orders.withLock { Swift.swap(&$0, &spare) }
    }
}

/// Counts round.
final class RoundRobin: Sendable {
    private let count = Atomic<Int>(0)

    func next(modulo: Int) -> Int {
        count.wrappingAdd(1, ordering: .relaxed).oldValue % modulo
    }
}

/// Indices of sessions in a lane, so that a session has its index before the lane has heard of it.
final class SessionIndices: Sendable {
    private let state = Mutex<(next: Int, free: [Int])>((0, []))

    func take() -> Int {
        state.withLock { state in
            if let index = state.free.popLast() { return index }
            defer { state.next += 1 }
            return state.next
        }
    }

    func giveBack(_ index: Int) { state.withLock { $0.free.append(index) } }
}

/// A lane, as other threads see it.
struct LaneHandle: Sendable {
    let eventLoop: any EventLoop
    private let inbox = Inbox()
    private let indices: SessionIndices
    private let lane: NIOLoopBoundBox<Lane>

    init(configuration: DecreeClient.Configuration, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        let indices = SessionIndices()
        self.indices = indices
        lane = NIOLoopBoundBox.makeBoxSendingValue(
            Lane(configuration: configuration, eventLoop: eventLoop, indices: indices),
            as: Lane.self, eventLoop: eventLoop)
    }

    /// An index for a session, which the lane hears of with its first request.
    func takeIndex() -> Int { indices.take() }

    /// Hands a request over: at once if the caller is on the loop.
    func post(_ request: Order.Request) {
        if eventLoop.inEventLoop {
            lane.value.takeNow(request)
        } else {
            post(.request(request))
        }
    }

    /// Hands an order over, behind all that were handed over before.
    func post(_ order: Order) {
        if inbox.add(order) { eventLoop.execute { lane.value.drain(inbox) } }
    }
}
