import Decree
import Foundation

extension StatusReport {
    /// The table, a line an element.
    func table() -> [String] {
        let hasGroups = statuses.contains { $0.groups.count > 1 }
        var table = TextTable(
            header: ["address", "node"] + (hasGroups ? ["group"] : [])
                + [
                    "role", "ballot", "leader", "chosen", "executed", "floor", "lag", "store", "fsyncs",
                    "commit p99", "snapshot", "disk",
                ])
        for column in ["chosen", "executed", "floor", "lag", "store", "fsyncs", "commit p99"] {
            table.alignRight(column)
        }
        for row in rows {
            switch row.answer {
            case .failure(let silence): table.add(["\(row.address)", "-"], rest: silence.reason)
            case .success(let status):
                for group in status.groups {
                    table.add(cells(of: status, group, at: "\(row.address)", hasGroups: hasGroups))
                }
            }
        }
        return table.lines
    }

    private func cells(
        of status: NodeStatus, _ group: NodeStatus.Group, at address: String, hasGroups: Bool
    ) -> [String] {
        [address, "\(status.node)"] + (hasGroups ? ["\(group.group)"] : [])
            + [
                group.role, group.ballot.map(String.init).joined(separator: "."),
                group.leader.map(String.init) ?? "-", group.chosenThrough.grouped,
                group.executedThrough.grouped, group.floor.grouped, lag(of: group, on: status).grouped,
                Format.bytes(Double(status.storeBytes)), status.fsyncs.grouped,
                String(format: "%.2f ms", status.commitP99Microseconds / 1_000),
                group.snapshot.map { "\($0.slot.grouped), \(Format.bytes(Double($0.bytes)))" } ?? "-",
                status.isReadOnly ? "read-only" : "ok",
            ]
    }
}

extension StatusReport {
    /// What is under way, or out of the ordinary, a line an element.
    var notes: [String] {
        statuses.flatMap { status in
            status.groups.flatMap { group in
                let place = "node \(status.node)" + (status.groups.count > 1 ? ", group \(group.group)" : "")
                return group.notes.map { "\(place): \($0)" }
            }
        }
    }
}

extension NodeStatus.Group {
    fileprivate var notes: [String] {
        var notes: [String] = []
        if let arriving {
            notes.append(
                "a snapshot at slot \(arriving.slot.grouped) is coming in, \(arriving.chunks.grouped) of "
                    + "\(arriving.ofChunks.grouped) chunks")
        }
        if isTakingSnapshot == true { notes.append("a snapshot is being taken") }
        if let refusedSnapshot {
            notes.append(
                "cannot use the snapshot at slot \(refusedSnapshot.slot.grouped) that it is offered "
                    + "(\(refusedSnapshot.detail)), and does not catch up before a later one is taken")
        }
        if let abstainThrough {
            notes.append(
                "does not vote until it has learnt again what was damaged, through slot \(abstainThrough.grouped)"
            )
        }
        if role == "leader", let heldBack { notes.append(heldBack) }
        return notes
    }

    /// Who keeps the cluster's version from being raised, as far as the leader knows; nil if it is the newest that any
    /// member understands, or no member says.
    private var heldBack: String? {
        guard let version, let members, let newest = members.compactMap(\.understands).max(), version < newest
        else { return nil }
        let holding = members.filter { $0.understands.map { $0 < newest } ?? true }.map { member in
            "node \(member.node) "
                + (member.understands.map { "understands version \($0)" }
                    ?? "has not been met since this node started")
        }
        guard !holding.isEmpty else { return "the cluster's version \(version) is being raised to \(newest)" }
        return "the cluster stays at version \(version) until all members understand \(newest): "
            + holding.joined(separator: ", ")
    }
}

/// Columns as wide as their widest cell.
struct TextTable {
    private var rows: [(cells: [String], rest: String)] = []
    private var rightAligned: Set<Int> = []

    init(header: [String]) { rows.append((header, "")) }

    mutating func alignRight(_ column: String) {
        if let index = rows[0].cells.firstIndex(of: column) { rightAligned.insert(index) }
    }

    /// A row; `rest` takes the place of the cells it lacks, and widens no column.
    mutating func add(_ cells: [String], rest: String = "") { rows.append((cells, rest)) }

    var lines: [String] {
        let widths = rows[0].cells.indices.map { column in
            rows.map { $0.cells.count > column ? $0.cells[column].count : 0 }.max() ?? 0
        }
        return rows.map { cells, rest in
            var line = cells.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - cells[column].count)
                return rightAligned.contains(column) ? padding + cells[column] : cells[column] + padding
            }
            if !rest.isEmpty { line.append(rest) }
            let text = line.joined(separator: "  ")
            return String(text.reversed().drop { $0 == " " }.reversed())
        }
    }
}
