import Foundation

extension CrashReport {
    /// What `--json` prints.
    struct Line: Encodable {
        let ok: Bool
        let nodes: Int
        let seed: UInt64
        let kills: Int
        let leaderKills: Int
        let followerKills: Int
        let outages: Int
        let restarts: Int
        let endedFromOutside: Int
        let acknowledged: Int
        let rejected: Int
        let failed: Int
        let unknown: Int
        let lost: Int
        let doubled: Int
        let readsChecked: Int
        let total: Int64
        let totalConserved: Bool
        let logsEqual: Bool
        let digestsEqual: Bool
        let slots: UInt64
        let commands: Int
        /// After the leader was killed, a majority left.
        let resumeMedianMilliseconds: Double?
        let resumeWorstMilliseconds: Double?
        /// After the leader was killed, with no majority left.
        let outageResumeMedianMilliseconds: Double?
        let outageResumeWorstMilliseconds: Double?
        let fsyncs: UInt64
        let durableTransactions: UInt64
        let seconds: Double
        let violations: [String]
        /// Where the evidence is, if it was kept.
        let directory: String?

        var text: String {
            get throws {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                return String(decoding: try encoder.encode(self), as: UTF8.self)
            }
        }
    }
}
