import DecreeSimulator

/// The results of many seeds, added up.
struct SimulationTally {
    private(set) var seeds = 0
    /// Seeds in which there was a leader and 100 slots.
    private(set) var counted = 0
    /// Seeds in which a promise came in several parts.
    private(set) var inParts = 0
    private(set) var failures: [SeedResult] = []
    private(set) var counts = SimulationCounts()
    private(set) var nanoseconds: UInt64 = 0
    private var recoveries: [UInt64] = []
    private(set) var wallMicroseconds = 0

    mutating func add(_ result: SeedResult) {
        seeds += 1
        counted += result.counts.isCounted ? 1 : 0
        inParts += result.counts.promisesInParts > 0 ? 1 : 0
        if !result.violations.isEmpty { failures.append(result) }
        counts.add(result.counts)
        nanoseconds += result.nanoseconds
        if let recovery = result.recoveryNanoseconds { recoveries.append(recovery) }
        wallMicroseconds += result.wallMicroseconds
    }

    var hours: Double { Double(nanoseconds) / 3.6e12 }

    /// Median and worst time from a quorum's healing to everybody's being served, in seconds.
    var recoverySeconds: (median: Double, worst: Double)? {
        let sorted = recoveries.sorted()
        guard let worst = sorted.last else { return nil }
        return (Double(sorted[sorted.count / 2]) / 1e9, Double(worst) / 1e9)
    }

    /// What was done, as rows for people.
    func table(wallSeconds: Double) -> [[String]] {
        var rows = [
            ["seeds", seeds.grouped],
            ["  with an election and 100 slots", counted.grouped],
            ["  with promises in several parts", inParts.grouped],
            ["  failed", failures.count.grouped],
            ["seeds a minute", Format.count(Double(seeds) / max(0.001, wallSeconds) * 60)],
            ["simulated hours", Format.fixed(hours, 2)],
            ["wall seconds", Format.fixed(wallSeconds, 1)],
            ["slots chosen", counts.slots.grouped],
            ["ballots that led", counts.elections.grouped],
            ["operations answered", counts.answered.grouped],
            ["  unknown", counts.unknown.grouped],
            ["  failed", counts.failed.grouped],
            ["reads checked", counts.reads.grouped],
            ["histories searched for an order", counts.searches.grouped],
            ["commands that readers of the log were given", counts.tailed.grouped],
            ["  times what they wanted was deleted", counts.gaps.grouped],
            ["messages", counts.messages.grouped],
            ["  lost", counts.lost.grouped],
            ["  doubled", counts.duplicated.grouped],
            ["bytes of values where nothing is lost", counts.bytesOfValues.grouped],
            ["  that had to cross a link", counts.bytesNeeded.grouped],
            ["promises in several parts", counts.promisesInParts.grouped],
            ["fetches of missed slots", counts.fetches.grouped],
            ["node starts", counts.starts.grouped],
            ["node and machine deaths", counts.deaths.grouped],
            ["nodes out for good", counts.retired.grouped],
            ["  fenced by others", counts.fenced.grouped],
            ["snapshots taken", counts.snapshots.grouped],
            ["  that others went on from", counts.installs.grouped],
            ["backups taken of running nodes", counts.backups.grouped],
            ["an operator's wishes", counts.asked.grouped],
            ["  mistakes that were refused", counts.refusals.grouped],
            ["nodes that joined", counts.joins.grouped],
            ["  to be in the place of another", counts.replacements.grouped],
            ["healthy members to be removed", counts.removals.grouped],
            ["times the lead was to go to another", counts.handOvers.grouped],
            ["disks emptied or put back", counts.disksLost.grouped],
            ["second processes from a clone", counts.copies.grouped],
            ["times rot was found and mended", counts.mended.grouped],
            ["requests passed on to the leader", counts.relayed.grouped],
            ["nodes upgraded from an older build", counts.upgrades.grouped],
        ]
        if let recovery = recoverySeconds {
            rows.append(["served again after healing, median", Format.fixed(recovery.median, 2) + " s"])
            rows.append(["served again after healing, worst", Format.fixed(recovery.worst, 2) + " s"])
        }
        for kind in FaultKind.allCases {
            guard let count = counts.faults[kind], count > 0 else { continue }
            rows.append(["fault \(kind.rawValue)", count.grouped])
        }
        return rows
    }
}
