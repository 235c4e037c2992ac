import Testing

@testable import Paxos

/// When patience ends.
@Suite struct ElectionTimerTests {
    private var limits: Limits {
        var limits = Limits()
        limits.electionTicks = 50
        limits.electionSpreadTicks = 50
        return limits
    }

    /// Ticks until it runs out.
    private func patience(_ timer: ElectionTimer) -> Int {
        var timer = timer
        var ticks = 1
        while !timer.tick() { ticks += 1 }
        return ticks
    }

    @Test func theTimeoutLiesWithinItsSpreadAndVaries() {
        var drawn: Set<Int> = []
        for seed: UInt64 in 0..<200 {
            var random = SeededGenerator(seed: seed)
            var timer = ElectionTimer(limits: limits)
            timer.restart(using: &random)
            drawn.insert(patience(timer))
        }
        #expect(drawn.min()! >= 50 && drawn.max()! <= 100)
        #expect(drawn.count > 30)
    }

    @Test func failuresWidenTheSpreadToABound() {
        var random = SeededGenerator(seed: 1)
        var timer = ElectionTimer(limits: limits)
        var longest: [Int] = []
        for _ in 0..<6 {
            timer.backOff(using: &random)
            longest.append(
                (0..<100).map { _ in
                    // The same failures, another draw.
                    var redrawn = timer
                    redrawn.backOff(using: &random)
                    return patience(redrawn)
                }.max() ?? 0)
        }
        #expect(longest.allSatisfy { $0 <= 50 + 4 * 50 })
        #expect(longest[0] > 100)
    }

    @Test func preVotesAreAskedForAgainSoonAndWithoutBackingOff() {
        var random = SeededGenerator(seed: 1)
        var timer = ElectionTimer(limits: limits)
        timer.restart(using: &random)
        for _ in 0..<20 {
            timer.askAgainSoon(using: &random)
            #expect(timer.isLeaderSilent)
            #expect((10...20).contains(patience(timer)))
        }
        timer.restart(using: &random)
        #expect(!timer.isLeaderSilent)
    }

    @Test func theLeaderIsSilentAfterTheShortestTimeoutOrAFailure() {
        var random = SeededGenerator(seed: 1)
        var timer = ElectionTimer(limits: limits)
        timer.restart(using: &random)
        for _ in 0..<49 { _ = timer.tick() }
        #expect(!timer.isLeaderSilent)
        _ = timer.tick()
        #expect(timer.isLeaderSilent)
        timer.restart(using: &random)
        #expect(!timer.isLeaderSilent)
        timer.backOff(using: &random)
        #expect(timer.isLeaderSilent, "it heard of none when it campaigned")
        timer.restart(using: &random)
        #expect(!timer.isLeaderSilent)
    }
}
