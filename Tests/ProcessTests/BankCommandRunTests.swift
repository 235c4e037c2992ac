import Foundation
import Testing

/// `decree bank run`: lines in, results out.
@Suite(.serialized, .timeLimit(.minutes(6))) struct BankCommandRunTests {
    /// By which a result and an entry of the log are one.
    struct Place: Hashable {
        let client: String
        let sequence: Int
        let slot: Int
        let index: Int

        init(_ object: [String: Any]) throws {
            client = try #require(object["client"] as? String, "\(object)")
            sequence = try #require(object["sequence"] as? Int)
            slot = try #require(object["slot"] as? Int)
            index = try #require(object["index"] as? Int)
        }
    }

    /// Accounts first, then whatever comes to mind of them; some of it is rejected.
    private func operations(_ count: Int, accounts: Int) -> [String: String] {
        var generator = SystemRandomNumberGenerator()
        var lines: [String: String] = [:]
        for number in 0..<count {
            let account = "a\(number % accounts)"
            let other = "a\(Int.random(in: 0..<accounts, using: &generator))"
            let amount = Int.random(in: 0...150, using: &generator)
            lines["\(number)"] =
                switch number {
                case ..<accounts: #""op":"open","account":"\#(account)","balance":100}"#
                default:
                    switch number % 4 {
                    case 0: #""op":"deposit","account":"\#(account)","amount":\#(amount)}"#
                    case 1: #""op":"withdraw","account":"\#(account)","amount":\#(amount)}"#
                    case 2: #""op":"transfer","from":"\#(account)","to":"\#(other)","amount":\#(amount)}"#
                    default: #""op":"balance","account":"\#(account)"}"#
                    }
                }
        }
        return lines
    }

    @Test func everyResultStandsInTheLogOfEveryNodeOnce() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        let operations = operations(1_000, accounts: 20)
        let input = (0..<1_000).compactMap { id in
            operations["\(id)"].map { #"{"id":"\#(id)",\#($0)"# + "\n" }
        }
        let run = try await cluster.tool(
            "bank", "run", "--concurrency", "100", "--connections", "2", input: input.joined())
        #expect(run.status == 0)
        let results = try run.objects()
        #expect(Set(results.compactMap { $0["id"] as? String }).count == 1_000 && results.count == 1_000)

        var expected: [Place: String] = [:]
        for result in results {
            let id = try #require(result["id"] as? String)
            let outcome = try #require(result["outcome"] as? String)
            #expect(outcome == "ok" || (outcome == "rejected" && result["reason"] is String), "\(result)")
            let invoked = try #require(result["invokedNanoseconds"] as? UInt64)
            #expect(try #require(result["completedNanoseconds"] as? UInt64) > invoked)
            let operation = try #require(operations[id])
            if operation.contains(#""op":"balance""#) {
                #expect(result["client"] == nil)
            } else {
                expected[try Place(result)] = "{" + operation
            }
        }
        let commands = operations.values.filter { !$0.contains(#""op":"balance""#) }
        #expect(expected.count == commands.count, "a place for each command")

        try await cluster.converge()
        #expect(try await cluster.stop() == [0, 0, 0])
        for id in cluster.ids { try await expect(expected, inTheLogAt: cluster.dataDirectory(of: id)) }
        let verified = try await Tool.run(["log", "verify"] + cluster.ids.map(cluster.dataDirectory))
        #expect(verified.status == 0, "\(verified.output)")
        #expect(verified.output.contains("have the same log through slot"))
    }

    private func expect(_ expected: [Place: String], inTheLogAt directory: String) async throws {
        let inspected = try await Tool.run(["log", "inspect", directory, "--json"])
        #expect(inspected.status == 0)
        let clients = Set(expected.keys.map(\.client))
        var found: [Place: String] = [:]
        var last = (slot: 0, index: 0)
        for line in inspected.output.split(separator: "\n") {
            let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let slot = try #require(object["slot"] as? Int)
            #expect((slot, object["index"] as? Int ?? 0) > last || last.slot == 0, "in order")
            last = (slot, object["index"] as? Int ?? 0)
            guard let client = object["client"] as? String, clients.contains(client) else { continue }
            let start = try #require(line.range(of: #""command":"#)).upperBound
            found[try Place(object)] = String(line[start...].dropLast())
        }
        #expect(found == expected)
        #expect(
            try sql("SELECT * FROM violations", on: directory + "/node.db", readOnly: true) == [])
    }

    @Test func aBadLineHasAResultAndTheRunGoesOn() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        let lines = [
            #"{"id":"1","op":"open","account":"a","balance":100}"#,
            "",
            "nonsense",
            #"{"id":"4","op":"deposit","account":"a"}"#,
            #"{"id":"5","op":"deposit","account":"a","amount":1.5}"#,
            #"{"id":"6","op":"steal","account":"a","amount":1}"#,
            #"{"id":"7","op":"total","account":"a"}"#,
            String(repeating: "x", count: 3_000_000),
            #"{"id":"9","op":"open","account":"","balance":1}"#,
            #"{"id":"10","op":"total"}"#,
        ]
        let run = try await cluster.tool(
            "bank", "run", "--concurrency", "1", input: lines.joined(separator: "\r\n"))
        #expect(run.status == 2)
        #expect(run.error.contains("2 ok, 1 rejected, 0 failed, 0 unknown, 6 lines that were no operations"))
        let results = try run.objects().map { result -> String in
            let id = result["id"] as? String ?? "null"
            let line = result["line"] as? Int ?? 0
            return "\(id) \(line) \(result["outcome"] ?? "") \(result["reason"] ?? "")"
        }
        let expected: [String] = [
            "1 0 ok ",
            "null 3 failed line 3: the line is no JSON object, {…}",
            #"4 4 failed line 4: the operation lacks "amount""#,
            #"null 5 failed line 5: the line needs a whole number for "amount", not 1.5"#,
            #"6 6 failed line 6: the operation has no "op" "steal": open, deposit, withdraw, transfer, "#
                + "balance or total",
            #"7 7 failed line 7: the operation has a key that "total" does not know: "account""#,
            "null 8 failed line 8 has more than 65536 bytes; it was skipped",
            "9 0 rejected empty name",
            "10 0 ok ",
        ]
        #expect(results == expected)
    }

    @Test func resultsComeWhileTheInputIsOpen() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        let input = Pipe()
        let run = try ToolProcess(["bank", "run", "--nodes", cluster.addresses], input: input)
        for number in 1...3 {
            try input.fileHandleForWriting.write(contentsOf: Data(#"{"id":"\#(number)","op":"total"}"#.utf8))
            try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
            #expect(await eventually { run.output.split(separator: "\n").count == number })
        }
        // The last line has no break, and comes with the end.
        try input.fileHandleForWriting.write(contentsOf: Data(#"{"id":"4","op":"total"}"#.utf8))
        try input.fileHandleForWriting.close()
        let result = try await run.result()
        #expect(result.status == 0)
        #expect(try result.objects().compactMap { $0["id"] as? String } == ["1", "2", "3", "4"])
    }

    @Test func itEndsWhenNobodyTakesResultsAnyMore() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        let (input, output) = (Pipe(), Pipe())
        let run = try ToolProcess(
            ["bank", "run", "--nodes", cluster.addresses], input: input,
            output: output.fileHandleForWriting)
        try output.fileHandleForWriting.close()
        try output.fileHandleForReading.close()
        try input.fileHandleForWriting.write(contentsOf: Data((#"{"id":"1","op":"total"}"# + "\n").utf8))
        // The input stays open.
        let result = try await run.result()
        #expect(result.status == 0)
        #expect(result.error.contains("the results' reader went away: 1 were not written"))
        try input.fileHandleForWriting.close()
    }

    /// A script that looks at nothing but the exit code is told, unless it says that it looks at the results.
    @Test(arguments: [false, true])
    func unknownOutcomesAreToldWhenTheClusterIsKilled(areIgnored: Bool) async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        let input = Pipe()
        let run = try ToolProcess(
            ["bank", "run", "--nodes", cluster.addresses, "--deadline", "1"]
                + (areIgnored ? ["--ignore-outcomes"] : []), input: input)
        func write(_ line: String) throws {
            try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
        }
        try write(#"{"id":"1","op":"open","account":"a","balance":1}"#)
        #expect(await eventually { run.output.contains(#""outcome":"ok""#) })
        try await cluster.kill(1)
        try write(#"{"id":"2","op":"deposit","account":"a","amount":1}"#)
        try input.fileHandleForWriting.close()
        let result = try await run.result()
        #expect(result.status == (areIgnored ? 0 : 1))
        let last = try #require(result.objects().last)
        #expect(last["id"] as? String == "2")
        #expect(["failed", "unknown"].contains(last["outcome"] as? String) && last["reason"] is String)
    }

    /// What is in flight has its results, and what came of all is counted; the rest of the input is left.
    @Test(arguments: [SIGTERM, SIGINT])
    func aSignalEndsARunWithItsSummary(signal: Int32) async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        let input = Pipe()
        let run = try ToolProcess(["bank", "run", "--nodes", cluster.addresses], input: input)
        for number in 1...100 {
            try input.fileHandleForWriting.write(
                contentsOf: Data((#"{"id":"\#(number)","op":"total"}"# + "\n").utf8))
        }
        #expect(await eventually { run.output.split(separator: "\n").count == 100 })
        // The input stays open.
        run.signal(signal)
        let result = try await run.result()
        #expect(result.status == 128 + signal)
        let name = signal == SIGTERM ? "SIGTERM" : "SIGINT"
        #expect(result.error.contains("100 ok, 0 rejected, 0 failed, 0 unknown; stopped by \(name)"))
        #expect(try result.objects().count == 100)
        try input.fileHandleForWriting.close()
    }
}
