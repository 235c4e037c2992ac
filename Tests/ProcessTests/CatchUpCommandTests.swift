import Testing

@testable import DecreeCommand

/// `decree catchup`, as a user runs it.
@Suite(.serialized, .timeLimit(.minutes(6))) struct CatchUpCommandTests {
    /// A snapshot of eleven chunks, so that a node that is killed in the middle of it has something to go on from.
    @Test func nodesComeInAndGoOnWhereTheyWere() async throws {
        let result = try await Tool.run([
            "catchup", "--accounts", "30000", "--commands", "20000", "--snapshot-commands", "15000",
            "--starts", "4000", "--clients", "64", "--json",
        ])
        #expect(result.status == 0, "\(result.error)")
        let line = try #require(try result.objects().first)
        let joins = try #require(line["joins"] as? [[String: Any]])
        #expect(joins.map { $0["event"] as? String } == ["join", "receiver", "sender"])
        for join in joins {
            #expect(join["secondsUntilInstalled"] as? Double ?? 0 > 0)
            let snapshot = join["snapshotBytes"] as? Int ?? 0
            #expect(snapshot > 10 * 65_536)
            // A kill, with six chunks there, costs the four that were on their way, and not those six. A machine that
            // stalls for 200 ms costs four: they are sent again.
            let again = join["event"] as? String == "join" ? 16 : 9
            #expect(join["sentBytes"] as? Int ?? .max <= snapshot + again * 65_536, "\(join)")
        }
        let starts = try #require(line["starts"] as? [[String: Any]])
        #expect(starts.count == 1 && starts[0]["commands"] as? Int ?? 0 >= 4_000)
    }

    @Test(arguments: [
        ["--accounts", "1"], ["--starts", "3000000"], ["--starts", "x"], ["--patience", "0"],
    ])
    func wrongUsageIsRefused(arguments: [String]) async throws {
        #expect(try await Tool.run(["catchup"] + arguments).status == 2)
    }
}
