import DecreeSimulator
import Foundation
import Paxos

/// What a worker tells of one seed: a line of JSON.
struct SeedResult: Codable, Sendable, Hashable {
    var seed: UInt64
    /// Kind and detail of each violation; none, one hopes.
    var violations: [String]
    var nodes: Int
    var counts: SimulationCounts
    /// Virtual time.
    var nanoseconds: UInt64
    /// From the quorum's healing to everybody's being served.
    var recoveryNanoseconds: UInt64?
    /// The digest of everything that happened.
    var digest: String
    /// Numbers of the faults that were to happen.
    var faultNumbers: [Int]
    var wallMicroseconds: Int

    init(_ report: SimulationReport, wallMicroseconds: Int) {
        seed = report.seed
        violations = report.violations.map(\.description)
        nodes = report.nodes
        counts = report.counts
        nanoseconds = report.nanoseconds
        recoveryNanoseconds = report.recoveryNanoseconds
        digest = report.digest.description
        faultNumbers = report.schedule.faults.map(\.number)
        self.wallMicroseconds = wallMicroseconds
    }

    /// A seed whose process died: an invariant trapped, or the simulator did.
    init(diedAt seed: UInt64, saying last: String) {
        self.seed = seed
        violations = ["died: \(last)"]
        nodes = 0
        counts = SimulationCounts()
        nanoseconds = 0
        digest = "died"
        faultNumbers = []
        wallMicroseconds = 0
    }
}
