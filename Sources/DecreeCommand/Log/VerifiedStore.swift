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

    init(_ directory: String) throws(StoreError) {
        self.directory = directory
        inspector = try StoreInspector(directory: directory)
        report = inspector.verify()
        node = try? inspector.node()
    }

    /// What was looked at and what was found, for a person.
    var text: [String] {
        let owner =
            node.map {
                "node \($0.node) of cluster \"\($0.cluster)\", store \($0.storeID), format \($0.format)"
            } ?? "nobody's"
        let checked = [
            count(report.chosen, "chosen slot") + " (checksum, value, order, chain)",
            count(report.accepted, "vote") + " above (checksum, promise)",
            count(report.walFrames, "live frame") + " of the write-ahead log",
            "owner, migrations and configurations of " + count(report.groups, "group"),
            "the view violations", "the pages",
        ]
        let findings = report.findings.map { "  FINDING \($0)" }
        return ["\(directory): \(owner)", "  checked: " + checked.joined(separator: "; ")]
            + (findings.isEmpty ? ["  nothing found"] : findings)
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
            line.add("findings", json: "[" + report.findings.map(\.json).joined(separator: ",") + "]")
        }
        return line.text
    }

    /// A store that could not be looked at.
    static func json(_ directory: String, _ error: StoreError) -> String {
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
