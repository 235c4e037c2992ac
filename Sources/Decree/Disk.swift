import DecreeNode
import DecreeStore
import Dispatch
import Foundation
import NIOCore
import Paxos
import Synchronization

/// The thread that owns the store. One job at a time: the loop hands over a step when the last is done, and
/// meanwhile fills the next. A slow disk thus never holds up heartbeats and reads.
final class Disk: Sendable {
    private struct Mailbox: ~Copyable {
        var job: DiskJob?
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
    func perform(_ job: consuming DiskJob) {
        var job: DiskJob? = consume job
        mailbox.withLock { mailbox in
            precondition(mailbox.job == nil, "one job at a time")
            mailbox.job = job.take()
        }
        wake.signal()
    }

    private func take() -> DiskJob {
        while true {
            wake.wait()
            if let job = mailbox.withLock({ $0.job.take() }) { return job }
        }
    }

    private func serve(_ store: Store, report: (DiskEvent) -> Void) {
        while store.perform(take(), clock: { DispatchTime.now().uptimeNanoseconds }, report: report) {}
    }
}
