import Testing

@testable import Paxos

/// Storms from seeds. A failure names its seed; `arguments: [seed]` repeats it.
@Suite struct ChaosTests {
    /// An unhealthy cluster for a while, then a healthy one: nothing acknowledged is lost, nothing is done
    /// twice, no read is stale, and it comes to rest.
    @Test(arguments: 0..<15)
    func stormsPass(_ hundreds: Int) {
        var acknowledged = 0
        var reads = 0
        for seed in hundreds * 20..<(hundreds + 1) * 20 {
            var chaos = Chaos(seed: UInt64(seed))
            chaos.storm(steps: 3_000)
            _ = chaos.calm(within: 400)
            let violations = chaos.check()
            #expect(violations == [], "seed \(seed)")
            acknowledged += chaos.acknowledged.count
            reads += chaos.reads
        }
        // A storm in which nothing happens proves nothing.
        #expect(acknowledged > 200, "seeds from \(hundreds * 20)")
        #expect(reads > 20, "seeds from \(hundreds * 20)")
    }
}
