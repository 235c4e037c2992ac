import NIOCore
package import Paxos
import Synchronization

/// What is asked of a group.
package enum RequestKind: Sendable, Equatable {
    case command
    /// The payload is a `CommandBatch`.
    case batch
    case query(ReadConsistency)
}

/// What other threads want of a lane.
enum Order: Sendable {
    struct Request: Sendable {
        let session: Int
        let kind: RequestKind
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

/// The only door between the threads of users and a loop: what they want gathers here, and the loop is woken once for
/// all that came meanwhile.
package final class Inbox<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    package init() {}

    /// Adds one. Returns whether the loop must be woken: it was not yet for those before.
    package func add(_ element: Element) -> Bool {
        elements.withLock {
            $0.append(element)
            return $0.count == 1
        }
    }

    /// Takes all; `spare`, which is empty, gives its memory for the next.
    package func swap(_ spare: inout [Element]) {
        elements.withLock { Swift.swap(&$0, &spare) }
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
    private let inbox = Inbox<Order>()
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
