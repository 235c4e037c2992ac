package import DecreeClient
import DecreeNode
import DecreeWire
package import NIOCore
public import Paxos

/// What is asked of a node from within its process.
struct LocalRequest: Sendable {
    let kind: RequestKind
    let group: GroupID
    let payload: ArraySlice<UInt8>
    /// Nanoseconds, from when the loop hears of it.
    let time: UInt64
    let waiter: Waiter
}

// Requests from within the process.
extension Node {
    /// Submits a command and waits for what became of it. All callers share one session: 1,024 may be under way at once,
    /// 8,192 more wait, and what comes then fails with `FailureReason.queueFull`.
    ///
    /// - Parameters:
    ///   - command: up to the value limit, 1 MiB.
    ///   - group: one the node hosts.
    ///   - deadline: how long it is retried, always under the same sequence, so that it is done once.
    /// - Returns: done, refused by the machine, definitely not done, or unknown; see `Outcome`.
    public func submit(
        _ command: [UInt8], to group: GroupID = .first, deadline: Duration = defaultDeadline
    ) async -> Outcome {
        await ask(.command, command[...], group, deadline)
    }

    /// Submits many commands as one; see `CommandBatch` and `BatchReply`.
    public func submit(
        _ batch: CommandBatch, to group: GroupID = .first, deadline: Duration = defaultDeadline
    ) async -> Outcome {
        await ask(.batch, batch.bytes[...], group, deadline)
    }

    /// As `submit(_:to:deadline:)` of one command, without a task. Callable from anywhere.
    ///
    /// - Parameter completion: called once. While the node runs, on its event loop, which waits for it; it may submit
    ///   again. Where the node has ended, or hosts no such group, on the caller's thread before this returns, and where it
    ///   does not run yet, on any: do not submit again from there.
    public func submit(
        _ command: ArraySlice<UInt8>, to group: GroupID = .first, deadline: Duration = defaultDeadline,
        completion: @escaping @Sendable (Outcome) -> Void
    ) {
        guard !isNew else {
            Task { completion(await ask(.command, command, group, deadline)) }
            return
        }
        post(.command, command, group, deadline, .callback(completion))
    }

    /// As `submit(_:to:deadline:completion:)`, for any kind of request, while the node runs.
    package func request(
        _ kind: RequestKind, _ payload: ArraySlice<UInt8>, completion: @escaping @Sendable (Outcome) -> Void
    ) {
        post(kind, payload, .first, Self.defaultDeadline, .callback(completion))
    }

    /// Asks a query; by default the answer sees every write acknowledged before.
    public func query(
        _ query: [UInt8], of group: GroupID = .first, consistency: ReadConsistency = .linearizable,
        deadline: Duration = defaultDeadline
    ) async -> Outcome {
        await ask(.query(consistency), query[...], group, deadline)
    }

    /// The name of a group's log, as receipts and entries have it; nil while the node does not run, and of a group that it
    /// does not host.
    public func log(of group: GroupID = .first) async -> LogID? {
        guard hosts(group) else { return nil }
        return await withCheckedContinuation { continuation in
            let isRunning = onLoop { loop in
                continuation.resume(returning: LogID(genesis: loop.core.identity.genesis, group: group))
            }
            if !isRunning { continuation.resume(returning: nil) }
        }
    }

    func hosts(_ group: GroupID) -> Bool { machines[group] != nil }

    /// The loop that completions are called on, while the node runs.
    package func eventLoop() async -> (any EventLoop)? {
        await runningLoop(by: Self.defaultDeadline)?.eventLoop
    }

    /// Asks this node alone; nil unless it runs.
    func ask(_ request: ClientRequest, of group: GroupID) async -> ClientResponse? {
        guard machines[group] != nil else { return .refused(.unknownGroup) }
        return await withCheckedContinuation { continuation in
            let isRunning = onLoop { loop in
                guard let client = loop.localClient(of: group), !loop.core.isStopping else {
                    return continuation.resume(returning: nil)
                }
                client.ask(request, continuation: continuation)
            }
            if !isRunning { continuation.resume(returning: nil) }
        }
    }

    private func ask(
        _ kind: RequestKind, _ payload: ArraySlice<UInt8>, _ group: GroupID, _ deadline: Duration
    ) async -> Outcome {
        if isNew, await runningLoop(by: deadline) == nil { return .failed(.closed) }
        return await withUnsafeContinuation { continuation in
            post(kind, payload, group, deadline, .continuation(continuation))
        }
    }

    private func post(
        _ kind: RequestKind, _ payload: ArraySlice<UInt8>, _ group: GroupID, _ deadline: Duration,
        _ waiter: Waiter
    ) {
        guard machines[group] != nil else { return waiter.complete(.failed(.refused(.unknownGroup))) }
        let request = LocalRequest(
            kind: kind, group: group, payload: payload, time: Self.nanoseconds(deadline),
            waiter: waiter)
        let inbox = inbox
        guard inbox.add(request) else { return }
        guard !onLoop({ loop in loop.drain(inbox) }) else { return }
        // It has ended: nobody comes for what is there.
        var late: [LocalRequest] = []
        inbox.swap(&late)
        for request in late { request.waiter.complete(.failed(.closed)) }
    }

    private static func nanoseconds(_ time: Duration) -> UInt64 {
        let (seconds, attoseconds) = time.components
        // Longer than any machine runs, and far from where adding the clock would overflow.
        return UInt64(min(max(0, seconds), 1 << 32)) * 1_000_000_000 + UInt64(max(0, attoseconds))
            / 1_000_000_000
    }
}
