package import Paxos

/// What `verify` looked at, and what it found.
package struct VerifyReport: Equatable, Sendable {
    /// Groups.
    package internal(set) var groups = 0
    /// Chosen rows whose checksum, value, order and chain were held against one another.
    package internal(set) var chosen = 0
    /// Accepted rows beside those, held against their checksum and the promise.
    package internal(set) var accepted = 0
    /// Snapshots, incomplete ones included.
    package internal(set) var snapshots = 0
    /// Their chunks, held against their checksum, and together against the snapshot's digest.
    package internal(set) var chunks = 0
    /// Frames of the write-ahead log that are live.
    package internal(set) var walFrames = 0
    /// What is wrong; empty when nothing is.
    package internal(set) var findings: [Finding] = []

    /// Whether nothing is wrong.
    package var isHealthy: Bool { findings.isEmpty }

    /// One thing that is wrong.
    package struct Finding: Equatable, Sendable, CustomStringConvertible {
        /// A table, the view `violations`, or a file.
        package let place: String
        /// The group.
        package let group: GroupID?
        /// The slot.
        package let slot: Slot?
        /// What is wrong with it.
        package let detail: String

        /// `place group g slot s: detail`.
        package var description: String {
            place + (group.map { " group \($0)" } ?? "") + (slot.map { " slot \($0)" } ?? "")
                + ": " + detail
        }
    }
}

extension StoreInspector {
    /// Checks everything there is to check in one store: the log's frames, SQLite's own structure, whose
    /// store it is, every row against its checksum, the chosen slots' order and chain, votes against the
    /// promise, and the view `violations`. It goes on after a finding.
    package func verify() -> VerifyReport {
        var report = VerifyReport()
        report.walFrames = walScan.liveFrames
        if let rot = walScan.rot {
            report.findings.append(
                .init(
                    place: file + "-wal", group: nil, slot: nil,
                    detail: "frame \(rot.frame): \(rot.detail)"))
        }
        noting(&report) { _ in try Schema.verifyMigrations(of: connection, through: format, file: file) }
        noting(&report) { try verifyGenesis(&$0) }
        var known: [GroupID] = []
        noting(&report) { _ in known = try groups().map(\.id) }
        report.groups = known.count
        var log = InspectedLog(groups: known)
        noting(&report) { log = try verifySnapshots(known, &$0) }
        for group in known {
            var through = Slot.zero
            noting(&report) { through = try verifyChosen(group, log, &$0) }
            noting(&report) { try verifyVotes(group, above: through, known, &$0) }
        }
        noting(&report) { try verifyWitnesses(&$0) }
        noting(&report) { try verifyView(&$0) }
        noting(&report) { try verifyStructure(&$0) }
        return report
    }

    /// Notes what `check` throws as a finding.
    private func noting(_ report: inout VerifyReport, _ check: (inout VerifyReport) throws -> Void) {
        do {
            try check(&report)
        } catch let error as StoreError {
            report.note(error)
        } catch let error as SQLiteError {
            report.note(StoreError(error, file: file))
        } catch {
            preconditionFailure("reading rows throws nothing else: \(error)")
        }
    }

    /// The configurations against their checksums, and all that the cluster was created with against the
    /// digest in the node's row.
    private func verifyGenesis(_ report: inout VerifyReport) throws {
        var created: [StoreGroup] = []
        var flaws: [StoreError] = []
        try connection.query(
            """
            SELECT group_id, slot, bytes, checksum, kind FROM configuration JOIN groups USING (group_id) \
            ORDER BY group_id, slot
            """
        ) { (row) throws(SQLiteError) in
            let bytes = try row.blob(2)
            guard let group = GroupID(stored: row.integer(0)), let slot = Slot(rawValue: row.word(1)) else {
                return
            }
            guard let configuration = Configuration(bytes: bytes),
                RowChecksum.configuration(group, slot, bytes) == row.integer(3)
            else {
                flaws.append(
                    .corrupt(
                        place: "configuration", group: group, slot: slot,
                        detail: "the row differs from its checksum"))
                return
            }
            if slot == .zero {
                created.append(StoreGroup(id: group, kind: row.text(4), configuration: configuration))
            }
        }
        for flaw in flaws { report.note(flaw) }
        let node = try node()
        guard flaws.isEmpty, NodeRow.genesis(cluster: node.cluster, groups: created) != node.genesis else {
            return
        }
        report.findings.append(
            .init(
                place: "groups", group: nil, slot: nil,
                detail: "the groups and their configurations are not those the store was created with"))
    }

    /// The kept slots: those above the floor.
    private func verifyChosen(
        _ group: GroupID, _ kept: InspectedLog, _ report: inout VerifyReport
    ) throws -> Slot {
        var log = kept.verifier(of: group)
        let snapshot = kept.snapshots[group]
        try rows.eachChosen(of: group, from: log.through.next) { slot, row in
            report.chosen += 1
            switch row {
            case .success(let row):
                if let flaw = log.flaw(in: row) {
                    report.note(flaw.error)
                } else if let snapshot, slot == snapshot.slot, row.chain != snapshot.chain {
                    report.note(
                        .corrupt(
                            place: "snapshot", group: group, slot: slot,
                            detail: "the chain of chosen slots through it is another"))
                }
            case .failure(let flaw): report.note(flaw.error)
            }
            return true
        }
        return max(log.through, snapshot?.slot ?? .zero)
    }

    /// Rows above the last chosen slot; the others were read with their slot.
    private func verifyVotes(
        _ group: GroupID, above through: Slot, _ known: [GroupID], _ report: inout VerifyReport
    ) throws {
        // Without a promise to hold them against, the votes are still held against their checksums.
        var promised: Ballot?
        switch try rows.promise(of: group) {
        case .success(let ballot): promised = ballot
        case .failure(let error): report.note(error)
        }
        if let stray = try rows.strayFlaw(of: group, from: through.next, among: known) {
            report.note(stray.error)
        }
        try rows.eachVote(of: group, from: through.next) { slot, row in
            report.accepted += 1
            switch row {
            case .success(let vote):
                guard let promised, vote.ballot > promised else { break }
                report.findings.append(
                    .init(
                        place: "accepted", group: group, slot: slot,
                        detail: "accepted in ballot \(vote.ballot), above the promise \(promised)"))
            case .failure(let flaw): report.note(flaw.error)
            }
            return true
        }
    }

    private func verifyView(_ report: inout VerifyReport) throws(SQLiteError) {
        try connection.query("SELECT kind, group_id, slot, detail FROM violations") { row in
            report.findings.append(
                .init(
                    place: "violations", group: GroupID(stored: row.integer(1)),
                    slot: row.isNull(2) ? nil : Slot(rawValue: row.word(2)),
                    detail: row.text(0) + ": " + row.text(3)))
        }
    }

    /// SQLite's own check of its pages; it sees no flipped bit in a value.
    private func verifyStructure(_ report: inout VerifyReport) throws(SQLiteError) {
        try connection.query("PRAGMA integrity_check(20)") { row in
            let line = row.text(0)
            guard line != "ok" else { return }
            report.findings.append(.init(place: file, group: nil, slot: nil, detail: line))
        }
    }
}

extension VerifyReport {
    /// Notes what is found beside the store itself.
    package mutating func note(_ place: String, _ detail: String) {
        findings.append(Finding(place: place, group: nil, slot: nil, detail: detail))
    }

    mutating func note(_ error: StoreError) {
        switch error {
        case .corrupt(let place, let group, let slot, let detail):
            findings.append(.init(place: place, group: group, slot: slot, detail: detail))
        default:
            findings.append(.init(place: "store", group: nil, slot: nil, detail: error.description))
        }
    }
}
