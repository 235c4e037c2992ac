import DecreeSimulator
import Paxos

/// What came of a run.
struct CrashReport: Sendable {
    let settings: CrashSettings
    let figures: CrashFigures
    let proof: Proof
    /// Transactions each store has made durable, in the order of the nodes.
    let persistSequences: [UInt64]
    let violations: [Violation]

    init(
        settings: CrashSettings, figures: CrashFigures, proof: Proof, runViolations: [Violation],
        persistSequences: [UInt64]
    ) {
        self.settings = settings
        self.figures = figures
        self.proof = proof
        self.persistSequences = persistSequences
        violations = runViolations + proof.violations
    }

    var isFine: Bool { violations.isEmpty }

    private func count(_ kinds: Violation.Kind...) -> Int {
        violations.count { kinds.contains($0.kind) }
    }

    // MARK: For a person

    /// A name, a figure and a note.
    typealias Row = (String, String, String)

    /// A line for each thing that was proved, or was not.
    var table: String {
        let counts = proof.counts
        let unknown = counts.unknownDone + counts.unknownNotDone
        let rows: [Row] =
            [
                (
                    "acknowledged", counts.acknowledged.grouped,
                    "each in the log where its receipt says, with the answer the model gives"
                ),
                ("rejected", counts.rejected.grouped, "as above, with the model's reason"),
                ("failed", counts.failed.grouped, "none of them was done"),
                (
                    "unknown", unknown.grouped,
                    "\(counts.unknownDone.grouped) done once, \(counts.unknownNotDone.grouped) not at all"
                ),
                ("lost", count(.lost).grouped, "acknowledged, and not there"),
                (
                    "done twice", count(.doubled).grouped,
                    "\(proof.repeatedInLog.grouped) retries stand in the log a second time, without effect"
                ),
                (
                    "answers", count(.wrongAnswer, .ghost).grouped + " wrong",
                    "\(proof.readsChecked.grouped) reads, and every write, against a model of sessions and bank"
                ),
                (
                    "real time", count(.stale).grouped + " stale",
                    "\(proof.orderChecked.grouped) operations against what was acknowledged before them"
                ),
                ("order", openingText, "the first operations, explained without the slots that nodes claim"),
                (
                    "total", proof.total.grouped,
                    count(.total) == 0 ? "conserved: what was paid in and not taken out" : "NOT conserved"
                ),
                (
                    "logs", count(.logs) == 0 ? "equal" : "DIFFERENT",
                    "\(proof.slots.grouped) slots, \(proof.commandsInLog.grouped) commands, on \(persistSequences.count) nodes"
                ),
                (
                    "state digests", count(.state) == 0 ? "equal" : "DIFFERENT",
                    "on all nodes, and to the log executed anew"
                ),
                (
                    "stores", count(.store) == 0 ? "sound" : "UNSOUND",
                    "checksums, chain, order, promises, violations view"
                ),
            ] + faultRows + [
                (
                    "fsyncs", figures.fsyncs.grouped,
                    "at least; \(persistSequences.reduce(0, +).grouped) durable transactions"
                )
            ]
        return rows.filter { !$0.1.isEmpty }.map { name, value, note in
            "  " + name.rightPadded(to: 15) + value.leftPadded(to: 16) + "   " + note
        }.joined(separator: "\n")
    }

    private var openingText: String {
        switch proof.opening.verdict {
        case .linearizable: proof.opening.operations.grouped
        case .violation: "NONE"
        case .undecided: "undecided"
        }
    }

    /// The first violations in full, and how many more there are.
    var violationText: String {
        let shown = 20
        let lines = violations.prefix(shown).map { "  \($0)" }
        let rest = violations.count - lines.count
        return lines.joined(separator: "\n") + (rest > 0 ? "\n  and \(rest.grouped) more" : "")
    }

    // MARK: For a script

    /// One line of JSON.
    func json(directory: String?) throws -> String {
        let after = figures.resumeMilliseconds(after: .kill, leftMajority: true)
        let afterOutage = figures.resumeMilliseconds(after: .kill, leftMajority: false)
        let afterPause = figures.resumeMilliseconds(after: .pause, leftMajority: true)
        let line = Line(
            ok: isFine, nodes: settings.nodes, seed: settings.seed,
            kills: figures.kills, leaderKills: figures.leaderKills,
            followerKills: figures.followerKills, pauses: figures.pauses,
            leaderPauses: figures.leaderPauses, followerPauses: figures.followerPauses,
            killedWhilePaused: figures.killedWhilePaused, queuedAsked: figures.queued.asked,
            queuedAnswered: figures.queued.answered, boundaryKills: figures.boundaryKills.count,
            boundaryWalks: figures.walks, boundaries: figures.boundaries,
            boundariesNotReached: figures.unreached.map(\.description),
            multiNodeFaults: figures.multiNodeFaults, outages: figures.outages, restarts: figures.restarts,
            endedFromOutside: figures.endedFromOutside, acknowledged: proof.counts.acknowledged,
            rejected: proof.counts.rejected, failed: proof.counts.failed,
            unknown: proof.counts.unknownDone + proof.counts.unknownNotDone, lost: count(.lost),
            doubled: count(.doubled), readsChecked: proof.readsChecked, total: proof.total,
            totalConserved: count(.total) == 0, logsEqual: count(.logs) == 0,
            digestsEqual: count(.state) == 0, slots: proof.slots, commands: proof.commandsInLog,
            resumeMedianMilliseconds: after.median, resumeWorstMilliseconds: after.last,
            outageResumeMedianMilliseconds: afterOutage.median,
            outageResumeWorstMilliseconds: afterOutage.last,
            pauseResumeMedianMilliseconds: afterPause.median, pauseResumeWorstMilliseconds: afterPause.last,
            joins: figures.members.joins, replacements: figures.members.replacements,
            removals: figures.members.removals, joinerKills: figures.members.joinerKills,
            refusals: figures.members.refusals, voters: figures.members.voters,
            snapshots: figures.tail.snapshots, snapshotBytes: figures.tail.snapshotBytes,
            floor: figures.tail.floor.rawValue, holds: figures.tail.holds,
            fsyncs: figures.fsyncs,
            durableTransactions: persistSequences.reduce(0, +), seconds: figures.faultSeconds,
            violations: violations.map(\.description), directory: directory)
        return try line.text
    }
}
