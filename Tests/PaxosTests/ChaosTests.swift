import Testing

@testable import Paxos

/// Storms from seeds. A failure names its seed; `arguments: [seed]` repeats it.
@Suite struct ChaosTests {
    /// An unhealthy cluster for a while, then a healthy one: nothing acknowledged is lost, nothing is done
    /// twice, no read is stale, and it comes to rest.
    @Test(arguments: 0..<25)
    func stormsPass(_ hundreds: Int) {
        var acknowledged = 0
        var reads = 0
        var (changes, snapshots) = (0, 0)
        for seed in hundreds * 20..<(hundreds + 1) * 20 {
            var chaos = Chaos(seed: UInt64(seed))
            chaos.storm(steps: 4_000)
            _ = chaos.calm(within: 600)
            let violations = chaos.check()
            #expect(violations == [], "seed \(seed)")
            acknowledged += chaos.acknowledged.count
            reads += chaos.reads
            changes += chaos.changesMade
            snapshots += chaos.snapshots
        }
        // A storm in which nothing happens proves nothing.
        #expect(acknowledged > 100, "seeds from \(hundreds * 20)")
        #expect(reads > 20, "seeds from \(hundreds * 20)")
        #expect(changes > 10, "seeds from \(hundreds * 20)")
        #expect(snapshots > 20, "seeds from \(hundreds * 20)")
    }
}
