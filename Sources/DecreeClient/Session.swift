public import NIOCore
public import Paxos

/// A client's session: commands submitted in it are done once at most, however often they are repeated on
/// the way. Any number of them may be under way at once (up to the window; the rest wait), in which case
/// nothing is said about their order.
///
/// A session ends when nobody holds it any more; what is pending is then completed as closed.
public final class Session: Sendable {
    /// Where completions are called. A load generator that submits from here saves a thread change each
    /// way.
    public let eventLoop: any EventLoop
    private let lane: LaneHandle
    private let index: Int
    private let deadline: Duration

    init(lane: LaneHandle, deadline: Duration) {
        self.lane = lane
        self.deadline = deadline
        eventLoop = lane.eventLoop
        index = lane.takeIndex()
    }

    deinit { lane.post(.endSession(index)) }

    /// Submits a command and waits for its outcome. Cancelling the task changes nothing: the command may
    /// be under way, and only its outcome tells.
    ///
    /// - Parameter deadline: from now; the configuration's if nil.
    public func submit(_ command: [UInt8], deadline: Duration? = nil) async -> Outcome {
        let outcome = await withUnsafeContinuation { continuation in
            post(.command, command[...], deadline: deadline, .continuation(continuation))
        }
        // The caller may hold no session but for this call.
        return withExtendedLifetime(self) { outcome }
    }

    /// Submits many commands as one: one request, one reply, executed once, whole. `BatchReply` reads the outcome's
    /// reply; of an atomic batch that the machine refused the outcome is `rejected`, and nothing was done.
    ///
    /// - Parameter batch: 1 through 8,192 commands, of no more than 1 MiB together.
    public func submit(_ batch: CommandBatch, deadline: Duration? = nil) async -> Outcome {
        let outcome = await withUnsafeContinuation { continuation in
            post(.batch, batch.bytes[...], deadline: deadline, .continuation(continuation))
        }
        return withExtendedLifetime(self) { outcome }
    }

    /// Asks the state machine, without the log.
    public func query(
        _ query: [UInt8], consistency: ReadConsistency = .linearizable, deadline: Duration? = nil
    ) async -> Outcome {
        let outcome = await withUnsafeContinuation { continuation in
            post(.query(consistency), query[...], deadline: deadline, .continuation(continuation))
        }
        return withExtendedLifetime(self) { outcome }
    }

    /// As `submit(_:deadline:)`, without a task: `completion` is called once, on `eventLoop`, and may
    /// submit again. Callable from anywhere.
    public func submit(
        _ command: ArraySlice<UInt8>, deadline: Duration? = nil,
        completion: @escaping @Sendable (Outcome) -> Void
    ) {
        post(.command, command, deadline: deadline, .callback(completion))
    }

    /// As `submit(_:deadline:)` of a batch, without a task.
    public func submit(
        _ batch: CommandBatch, deadline: Duration? = nil, completion: @escaping @Sendable (Outcome) -> Void
    ) {
        post(.batch, batch.bytes[...], deadline: deadline, .callback(completion))
    }

    /// As `query(_:consistency:deadline:)`, without a task.
    public func query(
        _ query: ArraySlice<UInt8>, consistency: ReadConsistency = .linearizable,
        deadline: Duration? = nil, completion: @escaping @Sendable (Outcome) -> Void
    ) {
        post(.query(consistency), query, deadline: deadline, .callback(completion))
    }

    private func post(
        _ kind: RequestKind, _ payload: ArraySlice<UInt8>, deadline: Duration?, _ waiter: Waiter
    ) {
        let now = NIODeadline.now()
        let end = now + TimeAmount(deadline ?? self.deadline)
        lane.post(
            Order.Request(
                session: index, kind: kind, payload: payload, deadline: end.uptimeNanoseconds,
                waiter: waiter))
    }
}
