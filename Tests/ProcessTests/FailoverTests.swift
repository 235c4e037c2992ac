import Testing

@testable import DecreeCommand

/// `decree failover`, as a user runs it.
@Suite(.serialized, .timeLimit(.minutes(6))) struct FailoverTests {
    @Test func aRoundOfEachKindLosesNothing() async throws {
        let result = try await Tool.run(["failover", "--rounds", "1", "--clients", "8", "--json"])
        #expect(result.status == 0, "\(result.error)")
        let line = try #require(try result.objects().first)
        for kind in ["stop", "kill", "transfer"] {
            let figures = try #require(line[kind] as? [String: Any])
            #expect((figures["gapsMilliseconds"] as? [Double])?.count == 1)
            // Far above what it takes, for a machine may be slow; a round that measured nothing has zero.
            #expect((1...10_000).contains(figures["worstMilliseconds"] as? Double ?? 0), "\(kind) \(figures)")
        }
    }

    @Test(arguments: [["--local", "2"], ["--rounds", "0"], ["--clients", "0"]])
    func wrongUsageIsRefused(arguments: [String]) async throws {
        #expect(try await Tool.run(["failover"] + arguments).status == 2)
    }
}
