import DecreeClient
import Foundation
import Logging
import Paxos
import Synchronization
import Testing

/// `decree append` and `decree tail`: the log for those who want the log.
@Suite(.serialized, .timeLimit(.minutes(6))) struct TailCommandTests {
    private func cluster(snapshotCommands: Int = 2_000_000) async throws -> ProcessCluster {
        let cluster = try ProcessCluster(machine: "append", snapshotCommands: snapshotCommands)
        try await cluster.startAndWait()
        return cluster
    }

    /// `slot.index` and the value, of each line that stands in the log.
    private func places(_ lines: [[String: Any]]) throws -> [String] {
        try lines.map { line in
            let slot = try #require(line["slot"] as? Int, "\(line)")
            return "\(slot).\(try #require(line["index"] as? Int))"
        }
    }

    private func values(_ lines: [[String: Any]]) -> [String] { lines.compactMap { $0["value"] as? String } }

    @Test func whatIsAppendedIsReadInOrder() async throws {
        let cluster = try await cluster()
        let texts = ["one", "", "  three ", "vier–fünf", #"{"a":"b"}"#]
        let append = try await cluster.tool(
            "append", "--concurrency", "1", input: texts.joined(separator: "\n") + "\n")
        #expect(append.status == 0, "\(append.error)")
        #expect(append.error.contains("5 ok, 0 rejected, 0 failed, 0 unknown"))
        let results = try append.objects()
        #expect(results.map { $0["line"] as? Int } == [1, 2, 3, 4, 5])
        #expect(results.allSatisfy { $0["outcome"] as? String == "ok" })

        let tail = try await cluster.tool("tail")
        #expect(tail.status == 0, "\(tail.error)")
        let lines = try tail.objects()
        #expect(values(lines) == texts)
        #expect(try places(lines) == places(results))
        #expect(lines.map { $0["client"] as? String } == results.map { $0["client"] as? String })
        #expect(lines.map { $0["sequence"] as? Int } == results.map { $0["sequence"] as? Int })

        // From the middle on, and no more than wanted; a place that is not taken is passed over.
        let third = try places(lines)[2]
        let middle = try await cluster.tool("tail", "--from", third, "--count", "2")
        #expect(try values(middle.objects()) == [texts[2], texts[3]])
        let beyond = try await cluster.tool("tail", "--from", "\(third.split(separator: ".")[0]).4000000000")
        #expect(try values(beyond.objects()) == Array(texts[3...]))

        // Bytes that are no text.
        let bytes = Data([0xff, 0, 10])
        let binary = try await cluster.tool(
            "append", "--base64", input: bytes.base64EncodedString() + "\nno base64!\n")
        #expect(binary.status == 2)
        #expect(
            try binary.objects().map { $0["outcome"] as? String }.sorted { $0 ?? "" < $1 ?? "" } == [
                "failed", "ok",
            ])
        let last = try await cluster.tool("tail", "--from", third).objects().last
        #expect(last?["base64"] as? String == bytes.base64EncodedString() && last?["value"] == nil)
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    @Test(arguments: [["--from", "0"], ["--from", "1."], ["--from", "-1"], ["--count", "0"]])
    func whatIsNoPlaceIsWrongUsage(_ arguments: [String]) async throws {
        let result = try await Tool.run(["tail", "--nodes", "127.0.0.1:1"] + arguments)
        #expect(result.status == 2 && result.output.isEmpty, "\(result.error)")
    }

    @Test func nobodyThereIsCodeThree() async throws {
        for command in ["tail", "append"] {
            let result = try await Tool.run(
                [command, "--nodes", "127.0.0.1:1", "--deadline", "0.3"], input: "a\n")
            #expect(result.status == 3, "\(result.error)")
        }
        let follow = try await Tool.run(
            ["tail", "--nodes", "127.0.0.1:1", "--follow", "--deadline", "0.3"])
        #expect(follow.status == 3 && follow.error.contains("cannot be read"), "\(follow.error)")
    }

    /// A store remembers what its log is executed on.
    @Test func aNodeOfTheBankDoesNotOpenAStoreOfValues() async throws {
        let cluster = try await cluster()
        _ = try await cluster.stop(1)
        let bank = try await Tool.run(["node", "--config", cluster.configurationFile(of: 1)])
        #expect(bank.status == 4, "\(bank.error)")
        _ = try await cluster.stop()
    }

    /// Every node is killed in turn under load, whoever leads or serves the tail: what was acknowledged is read, where
    /// it was said to be, once and in order; and a tail that begins later reads the same.
    @Test func aTailSurvivesEveryNodesDeath() async throws {
        let cluster = try await cluster()
        let input = Pipe()
        let append = try ToolProcess(
            ["append", "--nodes", cluster.addresses, "--concurrency", "8", "--deadline", "60"], input: input)
        let follower = try ToolProcess(
            ["tail", "--nodes", cluster.addresses, "--follow", "--deadline", "60"], input: nil)
        let isWriting = Mutex(true)
        let writer = Thread {
            for number in 0... {
                guard isWriting.withLock({ $0 }) else { break }
                try? input.fileHandleForWriting.write(contentsOf: Data("value \(number)\n".utf8))
                usleep(1_000)
            }
            try? input.fileHandleForWriting.close()
        }
        writer.start()
        func lines(_ process: ToolProcess) -> Int { process.output.utf8.count { $0 == 10 } }
        for round in 0..<2 {
            for id in cluster.ids {
                let (appended, read) = (lines(append), lines(follower))
                try #require(
                    await eventually { lines(append) > appended + 50 && lines(follower) > read + 50 },
                    "round \(round): nothing moves before node \(id) is killed")
                try await cluster.kill(id)
                try cluster.start([id])
            }
        }
        isWriting.withLock { $0 = false }
        let appended = try await append.result()
        #expect(appended.status == 0, "\(appended.error)")
        let acknowledged = try appended.objects()
        #expect(acknowledged.allSatisfy { $0["outcome"] as? String == "ok" })
        try await cluster.converge()

        let whole = try await cluster.tool("tail")
        #expect(whole.status == 0, "\(whole.error)")
        let all = try whole.objects()
        let caughtUp = await eventually { lines(follower) >= all.count }
        follower.signal(SIGINT)
        let followed = try await follower.result()
        #expect(caughtUp && followed.output == whole.output, "\(followed.error)")

        // Everything acknowledged, in its place, once; and nothing else, for every outcome was ok.
        let read = try places(all)
        #expect(Set(read).count == read.count)
        #expect(Set(values(all)).count == all.count, "a value was read twice")
        #expect(all.count == acknowledged.count && acknowledged.count > 300)
        #expect(try Set(places(acknowledged)) == Set(read))
        let order = try all.map { line in
            [try #require(line["slot"] as? Int), try #require(line["index"] as? Int)]
        }
        #expect(zip(order, order.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })

        // Resumed in the middle it gives the rest.
        let middle = read[read.count / 2]
        let rest = try await cluster.tool("tail", "--from", middle).objects()
        #expect(try places(rest) == Array(read[(read.count / 2)...]))
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// What a snapshot stands for is deleted, and whoever asks for it is told where the log begins.
    @Test func whatIsDeletedIsToldWithWhereTheLogBegins() async throws {
        let cluster = try await cluster(snapshotCommands: 1_000)
        let input = (0..<6_000).map { "value \($0)\n" }.joined()
        let append = try await cluster.tool("append", "--concurrency", "40", input: input)
        #expect(append.status == 0)
        var error = ""
        let isDeleted = try await eventually {
            let tail = try await cluster.tool("tail", "--count", "1")
            error = tail.error
            return tail.status == 1 && tail.output.isEmpty
        }
        #expect(isDeleted, "\(error)")
        let words = error.split(separator: " ")
        let place = try #require(words.firstIndex(of: "slot").map { words[$0 + 1] }, "\(error)")
        let rest = try await cluster.tool("tail", "--from", String(place))
        #expect(rest.status == 0, "\(rest.error)")
        let acknowledged = try append.objects()
        let kept = try Set(
            places(acknowledged.filter { ($0["slot"] as? Int ?? 0) >= Int(place) ?? 0 }))
        #expect(try Set(places(rest.objects())) == kept && !kept.isEmpty)
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// Whoever closes the output has had enough.
    @Test func aReaderThatGoesAwayEndsTheTail() async throws {
        let cluster = try await cluster()
        _ = try await cluster.tool("append", input: "a\nb\n")
        let output = Pipe()
        let tail = try ToolProcess(
            ["tail", "--nodes", cluster.addresses, "--follow"], input: nil,
            output: output.fileHandleForWriting)
        try output.fileHandleForWriting.close()
        _ = try output.fileHandleForReading.read(upToCount: 1)
        try output.fileHandleForReading.close()
        _ = try await cluster.tool("append", input: "c\n")
        #expect(try await tail.status() == 0)
        #expect(try await cluster.stop() == [0, 0, 0])
    }
}
