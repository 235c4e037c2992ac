import DecreeStore
import Dispatch
import Foundation
import NIOCore
import Paxos
import Synchronization

/// What the disk reports to the event loop.
enum DiskEvent: Sendable {
    /// A step is durable.
    case committed(Committed, nanoseconds: UInt64, counters: StoreCounters)
    /// An idle moment was used for a checkpoint.
    case checkpointed
    /// There is no room; the step stays with the store until `retry` succeeds.
    case full
    /// The store is dead; so is the node.
    case failed(StoreError)
    /// The store was closed, everything in it.
    case closed
}

/// The thread that owns the store. One job at a time: the loop hands over a step when the last is done, and
/// meanwhile fills the next. A slow disk thus never holds up heartbeats and reads.
final class Disk: Sendable {
    /// What the thread is to do next.
    enum Job: ~Copyable {
        case commit(Step)
        case retry
        case checkpoint
        case close
    }

    private struct Mailbox: ~Copyable {
        var job: Job?
    }

    private let mailbox = Mutex(Mailbox(job: nil))
    private let wake = DispatchSemaphore(value: 0)

    /// Starts the thread, which opens the store and tells `opened`; then serves jobs and tells `report`.
    /// Both are called on the thread.
    static func start<Recovered: Sendable>(
        name: String,
        open: @escaping @Sendable () throws -> (Store, Recovered),
        report: @escaping @Sendable (DiskEvent) -> Void
    ) async throws -> (Disk, Recovered) {
        let disk = Disk()
        let recovered = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Recovered, any Error>) in
            let thread = Thread {
                let store: Store
                do {
                    let recovered: Recovered
                    (store, recovered) = try open()
                    continuation.resume(returning: recovered)
                } catch {
                    let refusal = error as? StoreError
                    continuation.resume(throwing: refusal.map { NodeError.store($0) } ?? error)
                    return
                }
                disk.serve(store, report: report)
            }
            thread.name = name
            thread.stackSize = 8 << 20
            thread.start()
        }
        return (disk, recovered)
    }

    /// Hands over a job. The job before must have been reported.
    func perform(_ job: consuming Job) {
        var job: Job? = consume job
        mailbox.withLock { mailbox in
            precondition(mailbox.job == nil, "one job at a time")
            mailbox.job = job.take()
        }
        wake.signal()
    }

    private func take() -> Job {
        while true {
            wake.wait()
            if let job = mailbox.withLock({ $0.job.take() }) { return job }
        }
    }

    private func serve(_ store: Store, report: (DiskEvent) -> Void) {
        do throws(StoreError) {
            while true {
                switch take() {
                case .commit(let step):
                    let start = DispatchTime.now().uptimeNanoseconds
                    try tell(store.commit(step), of: store, since: start, report: report)
                    // Behind the report, so that nobody waits for it but the next commit.
                    try store.checkpointIfDue()
                case .retry:
                    let start = DispatchTime.now().uptimeNanoseconds
                    try tell(store.retry(), of: store, since: start, report: report)
                case .checkpoint:
                    try store.checkpointIfIdle()
                    report(.checkpointed)
                case .close:
                    try store.close()
                    report(.closed)
                    return
                }
            }
        } catch {
            report(.failed(error))
        }
    }

    private func tell(
        _ outcome: CommitOutcome, of store: Store, since start: UInt64, report: (DiskEvent) -> Void
    ) {
        switch outcome {
        case .committed(let committed):
            let nanoseconds = DispatchTime.now().uptimeNanoseconds - start
            report(.committed(committed, nanoseconds: nanoseconds, counters: store.counters))
        case .diskFull: report(.full)
        }
    }
}
