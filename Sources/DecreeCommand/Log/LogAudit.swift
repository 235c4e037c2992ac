import ArgumentParser
import DecreeStore
import Foundation
import Paxos

/// `decree log audit`: what the stores of all nodes prove together.
struct LogAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Prove from all stopped nodes' stores that every chosen slot was chosen, once.",
        discussion: """
            Give it the directory of every node of the cluster. Each store is verified first, as by `decree log \
            verify`; then, of every group:

              stores     each node is given once, and no store is older than what
                         another node saw of it
              agreement  all logs have the same chain at every slot that two of them have
                         kept; where not, the first slot that differs, and what each has
              ballots    no slot is chosen in a ballot above the one it was accepted in,
                         no vote is above its node's promise
              votes      no vote in a chosen value's ballot, or in a higher one, is for
                         another value
              support    every chosen slot that is kept stands on votes in its ballot, or
                         a higher one with the same value, of a quorum of the voters of
                         the configuration that governs it
              members    all have the same configurations

            Of deleted slots there are no votes left: snapshots stand for them, and their chain is compared. Of \
            nodes that vote and of which no store is given it says that nothing is proved of them, and which slots cannot be \
            proved without them: give it the stores of all nodes.

            `--json` prints an object a group:
              {"group":1,"stores":3,"chosenThrough":812,"compared":812,"supported":812,
               "vouched":0,"forgotten":0,"unproven":[],"missing":[],"findings":[]}

            EXAMPLE
              decree log audit data/1 data/2 data/3

            EXIT CODES
              0  proved, as far as the stores that were given go
              1  a finding: above all, logs that fork, or a chosen slot without its votes
              2  wrong usage
              4  a store cannot be read
            """)

    @Argument(help: ArgumentHelp("Data directories of all stopped nodes of a cluster.", valueName: "dir"))
    var directories: [String]

    @Flag(help: "Print one JSON object a group.")
    var json = false

    func run() async throws {
        try judgeDirectories()
        var stores: [VerifiedStore] = []
        for directory in directories { stores.append(try VerifiedStore(directory)) }
        try judge(stores)
        guard let first = stores.first else { return }
        var (findings, isOfStores) = (0, true)
        for (group, _) in try first.inspector.groups() {
            var logs: [AuditedLog] = []
            for store in stores {
                logs.append(try ToolError.reading(store.directory) { try AuditedLog(store, group) })
            }
            let audit = Audit(group, logs)
            findings += audit.findings.count
            isOfStores = isOfStores && audit.findings.allSatisfy { $0.slot == nil }
            for line in json ? [audit.json] : audit.text { print(line) }
            // What stands at the fork says which clients were told what.
            for finding in audit.findings where !json {
                if let slot = finding.slot { try show(slot, group, stores) }
            }
        }
        guard findings == 0 else {
            throw ToolError(
                .checkFailed,
                "\(findings) finding\(findings == 1 ? "" : "s"): "
                    + (isOfStores
                        ? "some of these are not the stores that the nodes run on; audit those, one of each node"
                        : "start no node on these stores; keep them as evidence"))
        }
    }

    /// Copies of a directory are audited, and found out; the same one twice is a slip.
    private func judgeDirectories() throws {
        var known: [String: String] = [:]
        for directory in directories {
            let path = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
            if let other = known.updateValue(directory, forKey: path) {
                throw ToolError(
                    .usage, "\(other) and \(directory) are one directory: name each node's directory once")
            }
        }
    }

    /// In an unsound store digests do not speak for values, and stores of two clusters prove nothing together.
    private func judge(_ stores: [VerifiedStore]) throws {
        for store in stores where !store.report.isHealthy {
            for line in store.text { print(line) }
            throw ToolError(
                .checkFailed,
                "\(store.directory) is not sound in itself: \(store.report.findings.count) findings")
        }
        for store in stores {
            guard let node = store.node, let first = stores[0].node else { continue }
            guard node.genesis == first.genesis else {
                throw ToolError(
                    .checkFailed, "\(stores[0].directory) and \(store.directory) are of different clusters")
            }
            guard node.node != BackupStore.node.rawValue else {
                throw ToolError(
                    .usage, "\(store.directory) is a backup: it holds no node's votes. Leave it out")
            }
        }
    }

    /// What every store has in a slot, decoded.
    private func show(_ wanted: Slot, _ group: GroupID, _ stores: [VerifiedStore]) throws {
        var output = GatheredOutput()
        let printer = SlotPrinter(group: group, isJSON: false)
        for store in stores {
            try output.line("  \(store.directory):")
            try store.inspector.forEachSlot(of: group) { slot in
                if slot.slot == wanted { try printer.write(slot, to: &output) }
            }
        }
        try output.flush()
    }
}

extension Audit {
    /// What was proved, and what could not be, in numbers.
    fileprivate var text: [String] {
        var lines = [
            "group \(group), \(stores) store\(stores == 1 ? "" : "s"), chosen through slot \(chosenThrough)",
            "  agreement: the chains of \(compared.grouped) slots that two or more have kept were compared",
            "  ballots: \(votes.grouped) rows were held against the slot's ballot and the promise",
            "  members: \(configurations.grouped) configuration\(configurations == 1 ? "" : "s")",
        ]
        if findings.isEmpty {
            lines.append(
                "  support: \(supported.grouped) chosen slots have the votes of a quorum"
                    + (vouched > 0 ? ", of which \(vouched.grouped) rest on a snapshot for a part" : ""))
        }
        if forgotten > 0 {
            lines.append("  deleted everywhere, and vouched for by snapshots: \(forgotten.grouped) slots")
        }
        if !missing.isEmpty {
            // A quorum's votes say nothing of what a copy of one of its nodes has chosen with an absent one.
            let open = unproven.map(\.name) + ["that these nodes have chosen nothing else"]
            lines.append(
                "  not proved, for the stores of node \(missing.sorted().map { "\($0)" }.joined(separator: ", ")) "
                    + "are missing: " + open.joined(separator: ", "))
        }
        return lines + findings.map { "  FINDING" + ($0.slot.map { " slot \($0)" } ?? "") + ": \($0.detail)" }
    }

    fileprivate var json: String {
        var line = JSONWriter()
        line.line { line in
            line.add("group", group.rawValue)
            line.add("stores", stores)
            line.add("chosenThrough", chosenThrough.rawValue)
            line.add("compared", compared)
            line.add("votes", votes)
            line.add("supported", supported)
            line.add("vouched", vouched)
            line.add("forgotten", forgotten)
            let ranges = unproven.map { "[\($0.lowerBound),\($0.upperBound)]" }
            line.add("unproven", json: "[\(ranges.joined(separator: ","))]")
            line.add("missing", json: "[\(missing.sorted().map { "\($0)" }.joined(separator: ","))]")
            let findings = findings.map { finding in
                var line = JSONWriter()
                line.line {
                    if let slot = finding.slot { $0.add("slot", slot.rawValue) }
                    $0.add("detail", finding.detail)
                }
                return line.text
            }
            line.add("findings", json: "[\(findings.joined(separator: ","))]")
        }
        return line.text
    }
}

extension ClosedRange<Slot> {
    fileprivate var name: String {
        lowerBound == upperBound ? "slot \(lowerBound)" : "slots \(lowerBound) to \(upperBound)"
    }
}
