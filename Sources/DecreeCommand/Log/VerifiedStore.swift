import Bank
import DecreeStore
import Paxos

/// A store that was looked at, and stays open to be compared.
struct VerifiedStore {
    let directory: String
    let inspector: StoreInspector
    let report: VerifyReport
    /// Whose it is; nil if that cannot be read, which is a finding.
    let node: InspectedNode?
    /// The end mark of a backup; nil of a node's store.
    let mark: BackupMark.Reading?
    /// Why no node may start on it any more; nil if one may.
    let fence: String?
    /// What is in it, group by group, as far as that can be read.
    let holdings: [StoreHoldings]

    /// - Parameter acceptsUnmarked: whether a backup without an end mark is taken for whole.
    init(_ directory: String, acceptsUnmarked: Bool = false) throws(ToolError) {
        self.directory = directory
        do {
            inspector = try StoreInspector(directory: directory)
        } catch {
            throw ToolError(reading: directory, error)
        }
        var report = inspector.verify()
        node = try? inspector.node()
        fence = (try? inspector.fence()) ?? nil
        let isBackup = node?.node == BackupStore.node.rawValue
        mark = isBackup ? BackupMark.read(in: directory) : nil
        if UnfinishedDirectory.isName(directory) {
            report.note(directory, "it is not finished: it was being written when its writer ended")
        } else if mark == .missing, !acceptsUnmarked {
            report.note(
                BackupMark.file,
                "there is no end mark: the backup was not finished, or an earlier version made it, which wrote none; if "
                    + "you know that it is whole, `decree restore --accept-unmarked` takes it")
        } else if case .broken(let detail)? = mark {
            report.note(BackupMark.file, "the end mark does not fit: \(detail)")
        }
        self.report = report
        let inspector = inspector
        holdings = ((try? inspector.groups()) ?? []).compactMap { try? StoreHoldings($0.id, in: inspector) }
    }

    /// Whether it is no node's store.
    var isBackup: Bool { mark != nil || BackupMark.isBackup(directory) }

    /// Whether nothing was ever written to it.
    var isEmpty: Bool { report.isHealthy && holdings.allSatisfy(\.isEmpty) }

    /// What was looked at and what was found, for a person.
    var text: [String] {
        let owner =
            node.map {
                (mark == nil ? "node \($0.node)" : "a backup")
                    + " of cluster \"\($0.cluster)\", store \($0.storeID), format \($0.format)"
            } ?? "nobody's"
        let checked = [
            count(report.chosen, "chosen slot") + " (checksum, value, order, chain)",
            count(report.accepted, "vote") + " above (checksum, promise)",
            count(report.walFrames, "live frame") + " of the write-ahead log",
            "owner, migrations and configurations of " + count(report.groups, "group"),
            "the view violations", "the pages",
        ]
        let findings = report.findings.map { "  FINDING \($0)" }
        return [
            "\(directory): \(owner)", "  holds: " + holds, "  checked: " + checked.joined(separator: "; "),
        ]
            + (fence.map { ["  fenced, so that no node starts on it: \($0)"] } ?? [])
            + (findings.isEmpty ? [conclusion] : findings)
    }

    private var holds: String {
        let logs = holdings.isEmpty ? ["nothing that can be read"] : holdings.map(\.text)
        let bytes = (try? PosixFiles().size(of: directory + "/node.db")).flatMap { $0 } ?? 0
        return (logs + [Format.bytes(Double(bytes))] + (markText.map { [$0] } ?? [])).joined(separator: "; ")
    }

    private var markText: String? {
        switch mark {
        case nil: nil
        case .sound?: "the end mark fits"
        case .missing?: "no end mark"
        case .broken?: "an end mark that does not fit"
        }
    }

    private var conclusion: String {
        isEmpty
            ? "  nothing is in it: its node has promised, voted for and learnt nothing"
            : "  nothing found"
    }

    private func count(_ number: Int, _ noun: String) -> String {
        "\(number.grouped) \(noun)\(number == 1 ? "" : "s")"
    }

    /// The same for a script.
    var json: String {
        var line = JSONWriter()
        line.line { line in
            line.add("directory", directory)
            if let node {
                line.add("cluster", node.cluster)
                line.add("node", node.node)
                line.add("store", node.storeID.description)
                line.add("format", node.format)
            }
            line.add("groups", report.groups)
            line.add("chosen", report.chosen)
            line.add("accepted", report.accepted)
            line.add("walFrames", report.walFrames)
            let holdings = holdings.map { holding in
                var line = JSONWriter()
                line.line { holding.write(to: &$0) }
                return line.text
            }
            line.add("holds", json: "[\(holdings.joined(separator: ","))]")
            line.add("isEmpty", isEmpty)
            if let fence { line.add("fenced", fence) }
            switch mark {
            case nil: break
            case .sound?: line.add("endMark", "sound")
            case .missing?: line.add("endMark", "missing")
            case .broken?: line.add("endMark", "broken")
            }
            line.add("findings", json: "[" + report.findings.map(\.json).joined(separator: ",") + "]")
        }
        return line.text
    }

    /// A store that could not be looked at.
    static func json(_ directory: String, _ error: ToolError) -> String {
        var line = JSONWriter()
        line.line {
            $0.add("directory", directory)
            $0.add("error", error.description)
        }
        return line.text
    }
}

extension VerifyReport.Finding {
    fileprivate var json: String {
        var line = JSONWriter()
        line.line {
            $0.add("place", place)
            if let group { $0.add("group", group.rawValue) }
            if let slot { $0.add("slot", slot.rawValue) }
            $0.add("detail", detail)
        }
        return line.text
    }
}

extension JSONWriter {
    /// What was written, without the last line break.
    var text: String { String(decoding: bytes.dropLast(), as: UTF8.self) }
}
