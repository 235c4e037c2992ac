import Testing

@testable import DecreeCommand

/// `decree catchup`, as a user runs it.
@Suite(.serialized, .timeLimit(.minutes(6))) struct CatchUpTests {
    /// A snapshot of some forty chunks, so that a node that is killed in the middle of it has something to go on from.
    @Test func nodesComeInAndGoOnWhereTheyWere() async throws {
        let result = try await Tool.run([
            "catchup", "--accounts", "100000", "--commands", "150000", "--snapshot-commands", "100000",
            "--starts", "20000", "--clients", "64", "--json",
        ])
        #expect(result.status == 0, "\(result.error)")
        let line = try #require(try result.objects().first)
        let joins = try #require(line["joins"] as? [[String: Any]])
        #expect(joins.map { $0["event"] as? String } == ["join", "receiver", "sender"])
        for join in joins {
            #expect(join["secondsUntilInstalled"] as? Double ?? 0 > 0)
            #expect(join["snapshotBytes"] as? Int ?? 0 > 40 * 65_536)
            // A kill costs the four chunks that were on their way, of forty.
            #expect(join["resentShare"] as? Double ?? 1 < 0.15, "\(join)")
        }
        let starts = try #require(line["starts"] as? [[String: Any]])
        #expect(starts.count == 1 && starts[0]["commands"] as? Int ?? 0 >= 20_000)
    }

    @Test(arguments: [
        ["--accounts", "1"], ["--starts", "3000000"], ["--starts", "x"], ["--patience", "0"],
    ])
    func wrongUsageIsRefused(arguments: [String]) async throws {
        #expect(try await Tool.run(["catchup"] + arguments).status == 2)
    }
}
