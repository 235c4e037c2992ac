import DecreeNode
import DecreeStore
import Paxos

/// What a simulated node does beside its loop: its disk, and the encoding of snapshots.
extension SimulatedNode {
    /// Does the job. Returns false if the machine or the process died of it.
    func work() -> Bool {
        guard let store, let job = job.take() else { return true }
        // What it took is what the world let it take.
        var times = [world.now, jobStart]
        _ = store.perform(
            job, clock: { times.count > 1 ? times.removeLast() : times[0] },
            report: { reports.append($0) })
        if disk.isDown {
            // What was reported before the end may have got through; a dead process does not say that the disk is gone.
            reports.removeAll { if case .failed = $0 { true } else { false } }
            settle()
            return false
        }
        settle()
        return true
    }

    /// Tells the judge what is durable now.
    private func settle() {
        for report in reports {
            if case .committed(let committed, _, _) = report {
                world.judgingAll { judge, group in
                    judge.committed(
                        index, rows.concerning(group), persistSequence: committed.persistSequence)
                }
                world.note(
                    .disk, index, detail: committed.persistSequence,
                    "transaction \(committed.persistSequence) is durable, \(rows.count) rows")
                rows = []
                for node in Array(sightings.keys) { sightings[node]?.committed(at: world.now) }
                for node in Array(meetings.keys) { meetings[node]?.committed(at: world.now) }
            }
        }
    }

    var hasReports: Bool { !reports.isEmpty }

    func takeReports() -> [DiskEvent] {
        defer { reports = [] }
        return reports
    }

    // MARK: Beside the loop

    /// What was to be encoded, decoded or digested, is.
    func workedBeside() {
        if let (capture, group) = encoding.take() { core?.encoded(capture.encode(), for: group) }
        if let (state, group) = digesting.take() { core?.digested(state.digest(), of: group) }
        if let (snapshot, machine) = decoding.take() {
            let result: Result<Capture, MachineRestoreError>
            do throws(MachineRestoreError) {
                result = .success(try Capture(decoding: snapshot, machine: machine))
            } catch {
                result = .failure(error)
            }
            core?.decoded(result)
        }
    }

    func workBeside() {
        let isLong = latency.chance(1, in: 8)
        let delay = latency.within((isLong ? 1_500 : 20) * VirtualTime.millisecond)
        world.plan(.worksBeside(node: index, life: life), in: delay)
    }
}
