package import DecreeStore
package import Paxos

/// What a disk is to do next for its node. One job at a time.
package enum DiskJob: ~Copyable, Sendable {
    /// Write a step durably; and look, before, whether the store's files are in their places.
    case commit(Step, looking: Bool)
    /// Read something for others; what it rests on has been written.
    case read(LogRead)
    /// Try again the step that found no room.
    case retry
    /// Use an idle moment for a checkpoint.
    case checkpoint
    /// Read back some of this node's own snapshot.
    case verifySnapshot(SnapshotVerification, chunks: Int)
    /// Read back a peer's snapshot, all of it.
    case loadSnapshot(GroupID, SnapshotHeader)
    /// Forget a snapshot that turned out to be none.
    case dropSnapshot(GroupID, SnapshotHeader)
    /// Delete some of what is needed no more.
    case trim(keeping: [SnapshotHeader], rows: Int)
    /// Look whether rows still say what was written.
    case scrub(GroupID, from: Slot, rows: Int)
    /// Look whether the store's files are in their places.
    case look
    /// Close the store: the last job. With a reason, write first that no node may start on it any more.
    case close(fence: String?)
}

/// What a disk reports to its node.
package enum DiskEvent: Sendable {
    /// A step is durable.
    case committed(Committed, nanoseconds: UInt64, counters: StoreCounters)
    /// Something was read.
    case read(Served, nanoseconds: UInt64)
    /// An idle moment was used for a checkpoint.
    case checkpointed
    /// Some of a snapshot was read back.
    case verified(SnapshotVerdict)
    /// A snapshot was read back; nil if it is none.
    case loaded(Snapshot?)
    /// A snapshot is forgotten.
    case dropped
    /// Something was deleted; there may be more.
    case trimmed(isMore: Bool)
    /// Rows were looked at.
    case scrubbed(ScrubResult)
    /// The files are there.
    case looked
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
            case .commit(let step, let isLooking):
                let start = clock()
                if isLooking { try verifyFiles() }
                try tell(commit(step), took: clock() &- start, report)
                // Behind the report, so that nobody waits for it but the next commit.
                try checkpointIfDue()
            case .read(let read):
                let start = clock()
                let served = try serve(read)
                report(.read(served, nanoseconds: clock() &- start))
            case .retry:
                let start = clock()
                try tell(retry(), took: clock() &- start, report)
            case .checkpoint:
                try checkpointIfIdle()
                report(.checkpointed)
            case .verifySnapshot(let verification, let chunks):
                report(.verified(try verify(verification, chunks: chunks)))
            case .loadSnapshot(let group, let header):
                report(.loaded(try loadSnapshot(group, header)))
            case .dropSnapshot(let group, let header):
                dropSnapshot(group, header)
                report(.dropped)
            case .trim(let keeping, let rows):
                report(.trimmed(isMore: try trim(keeping: keeping, rows: rows)))
                try checkpointIfDue()
            case .scrub(let group, let from, let rows):
                report(.scrubbed(try scrub(group, from: from, rows: rows)))
            case .look:
                try verifyFiles()
                report(.looked)
            case .close(let reason):
                // Operators take the log of a node that was stopped for something that can go.
                if let reason { fence(reason) } else { try checkpointIfIdle() }
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
