package import DecreeStore
package import Paxos

/// What a disk is to do next for its node. One job at a time.
package enum DiskJob: ~Copyable, Sendable {
    /// Write a step durably.
    case commit(Step)
    /// Try again the step that found no room.
    case retry
    /// Use an idle moment for a checkpoint.
    case checkpoint
    /// Close the store: the last job.
    case close
}

/// What a disk reports to its node.
package enum DiskEvent: Sendable {
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

extension Store {
    /// Does a job, and reports it. `clock` counts nanoseconds.
    ///
    /// - Returns: whether there can be another job.
    package func perform(
        _ job: consuming DiskJob, clock: () -> UInt64, report: (DiskEvent) -> Void
    ) -> Bool {
        do throws(StoreError) {
            switch consume job {
            case .commit(let step):
                let start = clock()
                try tell(commit(step), took: clock() &- start, report)
                // Behind the report, so that nobody waits for it but the next commit.
                try checkpointIfDue()
            case .retry:
                let start = clock()
                try tell(retry(), took: clock() &- start, report)
            case .checkpoint:
                try checkpointIfIdle()
                report(.checkpointed)
            case .close:
                try close()
                report(.closed)
                return false
            }
            return true
        } catch {
            report(.failed(error))
            return false
        }
    }

    private func tell(_ outcome: CommitOutcome, took nanoseconds: UInt64, _ report: (DiskEvent) -> Void) {
        switch outcome {
        case .committed(let committed):
            report(.committed(committed, nanoseconds: nanoseconds, counters: counters))
        case .diskFull: report(.full)
        }
    }
}
