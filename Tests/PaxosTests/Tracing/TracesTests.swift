import Foundation
import Testing

/// The traces in the folder `Traces`: interactions of the core in plain text, each with what came of it. They
/// are golden: the folder's `README.md` says how to read, write and regenerate one.
@Suite struct Traces {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Traces")
    private static let isRewriting = ProcessInfo.processInfo.environment["DECREE_REWRITE_TRACES"] == "1"

    static let names: [String] = {
        let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
        return (files ?? []).filter { $0.hasSuffix(".trace") }.map { String($0.dropLast(6)) }.sorted()
    }()

    /// The scenarios of the safety notes that the core alone can meet, and what a newcomer reads.
    @Test func everyScenarioHasATrace() {
        let wanted = [
            "AcceptWithoutPrepare", "BallotReuse", "CatchUp", "Chained", "ColdStart", "Constrained",
            "DecisionNamesBallot", "Duelling", "GapBelowFloor", "Ghost", "HandOver", "HighestVoteWins",
            "InheritedSlots", "Joining", "OneWay", "PausedLeader", "PersistBeforeSend", "PromiseInParts",
            "QuorumLoss", "RemovedLeader", "SlowDisk", "StalePromise", "TransferLead", "TwoSlots",
        ]
        #expect(!Self.names.isEmpty, "no trace in \(Self.folder.path())")
        #expect(wanted.filter { !Self.names.contains($0) } == [])
    }

    @Test(arguments: names)
    func trace(_ name: String) throws {
        let url = Self.folder.appending(path: "\(name).trace")
        let text = try String(contentsOf: url, encoding: .utf8)
        let file = try TraceFile(text)
        let interpreter = TraceInterpreter()
        var outputs: [[String]] = []
        for step in file.steps { outputs.append(try interpreter.run(step)) }
        let actual = file.text(with: outputs)
        if Self.isRewriting {
            if actual != text { try Data(actual.utf8).write(to: url) }
            return
        }
        for step in file.steps where step.expected == nil {
            Issue.record("\(name).trace: \(TraceError(line: step.line, "a command without an expectation"))")
        }
        guard actual != text else { return }
        Issue.record(
            """
            \(name).trace: something else came of it (- expected, + found).
            \(TraceDifference.between(text, actual).joined(separator: "\n"))
            If that is right, regenerate it and review the difference:
                DECREE_REWRITE_TRACES=1 swift test --filter Traces
            """)
    }

    // MARK: The format

    @Test(
        arguments: [
            ("", 1), ("elect 1\n----\nok\n", 1), ("# A comment.\n", 1),
            ("# A comment.\n\n----\nok\n", 3), ("# A comment.\n\nelect 1\n# Why.\n----\n", 4),
        ])
    func whatIsNoTraceIsRefused(_ text: String, line: Int) {
        #expect { try TraceFile(text) } throws: { ($0 as? TraceError)?.line == line }
    }

    @Test(
        arguments: [
            "fly 1", "elect", "elect 4", "elect 1 fast=1", "deliver 1->2", "deliver 1-2", "deliver 1->2 news",
            "hide news", "disk 1 fast", "submit 1 a x", "run ticks=ten", "commit 1", "cluster nodes=3",
            "join 1", "remove 1 2 replacing=3", "truncate 1", "health 1 median=fast",
        ])
    func whatIsNoCommandIsRefused(_ command: String) throws {
        let file = try TraceFile("# A comment.\n\ncluster nodes=3\n\(command)\n----\nok\n")
        #expect { try TraceInterpreter().run(file.steps[0]) } throws: { ($0 as? TraceError)?.line == 4 }
    }

    @Test func aTraceIsReadAsItWasWritten() throws {
        let text = "# A comment.\n\ntick 1\ntick 2\n----\nok\nand more\n\n# Then.\n\nstate\n"
        let file = try TraceFile(text)
        #expect(file.steps.map(\.commands) == [["tick 1", "tick 2"], ["state"]])
        #expect(file.steps.map(\.expected) == [["ok", "and more"], nil])
        #expect(file.text(with: [["ok", "and more"], ["yes"]]) == text + "----\nyes\n")
    }

    @Test func aDifferenceShowsWhatIsAroundIt() {
        let expected = (1...9).map { "\($0)" }.joined(separator: "\n")
        let found = expected.replacing("5", with: "five\nfünf")
        #expect(
            TraceDifference.between(expected, found) == [
                "@@ line 2 @@", " 2", " 3", " 4", "-5", "+five", "+fünf", " 6", " 7", " 8",
            ])
        #expect(TraceDifference.between(expected, expected) == [])
    }
}
