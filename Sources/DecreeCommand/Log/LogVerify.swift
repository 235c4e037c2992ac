import ArgumentParser
import DecreeStore
import Paxos

/// `decree log verify`: whether stores hold what was written, and the same.
struct LogVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check stopped nodes' stores, and their logs against one another.",
        discussion: """
            Of each store: the checksum of every row, and of every value; the chosen slots' order without a \
            gap, and the chain of digests over them; votes against the promise; the ballot a slot is chosen \
            in against the one it was accepted in; whose store it is, its configurations and its migrations; \
            the view `violations`; the frames of the write-ahead log that are live; and SQLite's own check \
            of its pages. Of several sound stores of a cluster: that each has the same log as the one that has \
            most of it, by the chain at its last chosen slot; where it has not, the first slot that differs.

            Of a backup, that it has the end mark that is written when all of it is there, and that the mark fits the \
            store's bytes. A directory whose name says that it is not finished is none. It says what each store holds, \
            group by group, and of an empty one that it is empty.

            What it cannot see: that a whole store was put back from an older copy, which is sound in itself \
            (peers notice when the node connects); that a vote was cast whose row is gone.

            A finding names table or file, group and slot. `--json` prints one object a directory, then one \
            a comparison:
              {"directory":"data/1","node":1,"chosen":1024,…,
               "holds":[{"group":1,"from":1,"through":1024}],"isEmpty":false,
               "findings":[…]}
              {"directory":"data/2","error":…}
              {"group":1,"directory":"data/3","against":"data/1",
               "comparedThrough":1020,"equal":true}

            EXAMPLES
              decree log verify data/1
              decree log verify data/1 data/2 data/3

            EXIT CODES
              0  nothing was found
              1  something was found
              2  wrong usage
              4  nothing was found where one could look, but a store could not be read:
                 it is missing, in use, no store of Decree's or of a later version's
            """)

    @Argument(help: ArgumentHelp("Data directories of stopped nodes.", valueName: "dir"))
    var directories: [String]

    @Flag(help: "Print one JSON object a directory.")
    var json = false

    func run() async throws {
        var stores: [VerifiedStore] = []
        var refused = 0
        var findings = Findings()
        for directory in directories {
            do throws(ToolError) {
                let store = try VerifiedStore(directory)
                stores.append(store)
                findings.add(store.report.findings.count, ofBackup: store.isBackup)
                for line in json ? [store.json] : store.text { print(line) }
            } catch {
                refused += 1
                print(
                    json ? VerifiedStore.json(directory, error) : "\(directory): cannot be read\n  \(error)")
            }
        }
        for comparison in Comparison.all(of: stores) {
            if !comparison.isEqual { findings.add(1, ofBackup: stores.allSatisfy(\.isBackup)) }
            print(json ? comparison.json : comparison.text)
        }
        try judge(findings: findings, refused: refused)
    }

    private func judge(findings: Findings, refused: Int) throws {
        if let advice = findings.advice { throw ToolError(.checkFailed, advice) }
        if refused > 0 {
            throw ToolError(.store, "\(refused) of \(directories.count) stores could not be read")
        }
    }

    /// How many there are, and what they are of: a node runs on no backup.
    private struct Findings {
        private var ofNodes = 0
        private var ofBackups = 0

        mutating func add(_ count: Int, ofBackup: Bool) {
            if ofBackup { ofBackups += count } else { ofNodes += count }
        }

        /// What to do; nil if nothing was found.
        var advice: String? {
            let count = ofNodes + ofBackups
            guard count > 0 else { return nil }
            var advice: [String] = []
            if ofNodes > 0 {
                advice.append(
                    "start no node on such a store; keep it as evidence, and have another take the node's place: run "
                        + "`decree member replace N HOST:PORT --nodes …` with the node's id for N, then `decree node "
                        + "--join HOST:PORT` with an empty directory")
            }
            if ofBackups > 0 { advice.append(BackupMark.advice) }
            return "\(count) finding\(count == 1 ? "" : "s"): " + advice.joined(separator: "; ")
        }
    }
}
