import Paxos

/// What was done to the nodes, for a person to read.
extension CrashReport {
    var faultRows: [Row] {
        var rows: [Row] = [("kills", figures.kills.grouped, killsText)]
        if figures.pauses > 0 { rows += pauseRows }
        if settings.budget.boundaryKills > 0 { rows += boundaryRows }
        rows += memberRows
        rows += [
            ("at once", figures.multiNodeFaults.grouped, "faults of two nodes or more at the same moment"),
            (
                "writes resumed", resumeText(after: .kill, leftMajority: true),
                "median and worst after the leader's kill, a majority left"
            ),
            (
                "", resumeText(after: .kill, leftMajority: false),
                "after the leader's kill, with no majority left until a restart"
            ),
            (
                "", resumeText(after: .pause, leftMajority: true),
                "after the leader's pause, through another"
            ),
            (
                "", resumeText(after: .pause, leftMajority: false),
                "after the end of a pause of the leader that left no majority"
            ),
        ]
        return rows
    }

    private var memberRows: [Row] {
        let (members, tail) = (figures.members, figures.tail)
        var rows: [Row] = []
        if !settings.changes.changes.isEmpty {
            rows += [
                (
                    "joins", members.joins.grouped,
                    "and \(members.removals) left before another came; voters "
                        + members.voters.map(String.init).joined(separator: " ")
                ),
                (
                    "replacements", members.replacements.grouped,
                    "of nodes that lost their disks; \(members.refusals) refused under the old id"
                ),
                ("", members.joinerKills.grouped, "killed on their way in"),
            ]
        }
        rows.append(
            (
                "snapshots", tail.snapshots.grouped,
                "seen on all nodes, \(tail.snapshotBytes.grouped) bytes; log deleted through slot "
                    + "\(tail.floor.rawValue.grouped), and read before; clients held up \(tail.holds.grouped) times"
            ))
        return rows
    }

    private var killsText: String {
        var words = "leader \(figures.leaderKills), followers \(figures.followerKills)"
        if figures.outages > 0 { words += ", majority lost \(figures.outages) times" }
        words += "; restarts \(figures.restarts)"
        if figures.endedFromOutside > 0 { words += "; ended by another's hand \(figures.endedFromOutside)" }
        return words
    }

    private var pauseRows: [Row] {
        [
            (
                "pauses", figures.pauses.grouped,
                "leader \(figures.leaderPauses), followers \(figures.followerPauses); "
                    + "\(figures.killedWhilePaused) killed while paused"
            ),
            (
                "queued", figures.queued.asked.grouped,
                "asked of a leader alone that was paused; \(figures.queued.answered.grouped) answered, and "
                    + "judged like all others"
            ),
        ]
    }

    private var boundaryRows: [Row] {
        let boundaries = Set(figures.boundaryKills.map(\.boundary)).count
        let first: Row = (
            "boundary kills", figures.boundaryKills.count.grouped,
            "at \(boundaries.grouped) different boundaries, on \(figures.walks) walks, each begun with kill -9"
        )
        let visited: [Row] = figures.boundaries.map { visited in
            let numbers = visited.numbers.map(String.init).joined(separator: " ")
            return ("", "\(visited.numbers.count)", "before \(visited.call), \(visited.target): \(numbers)")
        }
        guard !figures.unreached.isEmpty else { return [first] + visited }
        let unreached = figures.unreached.map(\.description).joined(separator: ", ")
        return [first] + visited + [("", "\(figures.unreached.count)", "not reached: \(unreached)")]
    }

    private func resumeText(after cause: CrashFigures.Cause, leftMajority: Bool) -> String {
        let gaps = figures.resumeMilliseconds(after: cause, leftMajority: leftMajority)
        guard let median = gaps.median, let worst = gaps.last else { return "" }
        return "\(Format.fixed(median / 1_000, 2)) / \(Format.fixed(worst / 1_000, 2)) s"
    }
}

extension CrashFigures {
    /// Where nodes died, for one call and what it was about.
    struct VisitedBoundaries: Encodable, Sendable {
        let call: String
        let target: String
        /// Ascending.
        let numbers: [Int]
    }

    /// The boundaries that were visited, by call and target.
    var boundaries: [VisitedBoundaries] {
        Dictionary(grouping: boundaryKills) { "\($0.boundary.call.rawValue) \($0.target)" }
            .sorted { $0.key < $1.key }
            .compactMap { _, visits in
                visits.first.map { first in
                    VisitedBoundaries(
                        call: first.boundary.call.rawValue, target: first.target,
                        numbers: visits.map(\.boundary.number).sorted())
                }
            }
    }
}
