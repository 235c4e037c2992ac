import DecreeNode
import DecreeStore
import Dispatch
import Foundation
import NIOCore
import Paxos
import Synchronization

/// Where the store is worked at. One job at a time: the loop hands over a step when the last is done, and meanwhile fills
/// the next. A thread of its own does the jobs, so that a slow disk never holds up heartbeats and reads; a commit that
/// is sure to be brief the loop may do itself (`performHere`), which saves two changes of thread.
final class Disk: Sendable {
    private struct Mailbox: ~Copyable {
        var job: DiskJob?
        var isCheckpointDue = false
    }

    private let mailbox = Mutex(Mailbox(job: nil))
    private let wake = DispatchSemaphore(value: 0)
    /// Held by whoever works at it. Nobody waits for it: the loop looks whether it is free.
    private let store = Mutex<Store?>(nil)
    private let report: @Sendable (DiskEvent) -> Void

    private init(report: @escaping @Sendable (DiskEvent) -> Void) { self.report = report }

    /// Starts the thread, which opens the store and tells `opened`; then serves jobs and tells `report`.
    static func start<Recovered: Sendable>(
        name: String,
        open: @escaping @Sendable () throws -> (Store, Recovered),
        report: @escaping @Sendable (DiskEvent) -> Void
    ) async throws -> (Disk, Recovered) {
        let disk = Disk(report: report)
        let recovered = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Recovered, any Error>) in
            let thread = Thread {
                do {
                    let recovered = try disk.store.withLock { store in
                        let (opened, recovered) = try open()
                        store = opened
                        return recovered
                    }
                    continuation.resume(returning: recovered)
                } catch {
                    let refusal = error as? StoreError
                    continuation.resume(throwing: refusal.map { NodeError.store($0) } ?? error)
                    return
                }
                while disk.serve() {}
            }
            thread.name = name
            thread.stackSize = 8 << 20
            thread.start()
        }
        return (disk, recovered)
    }

    /// Hands a job to the thread. The job before must have been reported.
    func perform(_ job: consuming DiskJob) {
        var job: DiskJob? = consume job
        mailbox.withLock { mailbox in
            precondition(mailbox.job == nil, "one job at a time")
            mailbox.job = job.take()
        }
        wake.signal()
    }

    /// Does a job on this very thread, unless the disk's own is still busy with what it does behind a report, or there
    /// is a checkpoint to be made. Returns whether it did; if not, the job is still there.
    func performHere(_ job: inout DiskJob?) -> Bool {
        let isDone =
            store.withLockIfAvailable { store in
                guard let opened = store, !opened.isCheckpointDue, let job = job.take() else { return false }
                guard opened.perform(job, checkpoints: false, clock: Self.clock, report: report) else {
                    // It is given up: the thread has nothing to wait for.
                    store = nil
                    wake.signal()
                    return true
                }
                guard opened.isCheckpointDue else { return true }
                // It would stall this thread for milliseconds.
                mailbox.withLock { $0.isCheckpointDue = true }
                wake.signal()
                return true
            }
        return isDone ?? false
    }

    /// Waits for something to do, and does it. Returns whether there can be more.
    private func serve() -> Bool {
        wake.wait()
        var job: DiskJob?
        let isCheckpointDue = mailbox.withLock { mailbox in
            if mailbox.isCheckpointDue {
                mailbox.isCheckpointDue = false
                return true
            }
            job = mailbox.job.take()
            return false
        }
        return store.withLock { store in
            guard let opened = store else { return false }
            if isCheckpointDue { return opened.checkpointBehind(report: report) }
            guard let job = job.take() else { return true }
            guard opened.perform(job, clock: Self.clock, report: report) else {
                store = nil
                return false
            }
            return true
        }
    }

    private static let clock: @Sendable () -> UInt64 = { DispatchTime.now().uptimeNanoseconds }
}
