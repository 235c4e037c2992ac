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
        /// SIGSTOP of nodes.
        let pauses: Int
        let leaderPauses: Int
        let followerPauses: Int
        /// Killed instead of continued.
        let killedWhilePaused: Int
        /// Operations that were asked of a leader alone that was then paused.
        let queuedAsked: Int
        let queuedAnswered: Int
        /// Nodes killed at a boundary.
        let boundaryKills: Int
        /// Kills that began a walk along the boundaries, none of which is counted elsewhere.
        let boundaryWalks: Int
        /// The boundaries where nodes died: a call, what it was about, and which numbers.
        let boundaries: [CrashFigures.VisitedBoundaries]
        let boundariesNotReached: [String]
        /// Faults that struck two nodes or more at the same moment.
        let multiNodeFaults: Int
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
        /// From the leader's pause until another acknowledged a write.
        let pauseResumeMedianMilliseconds: Double?
        let pauseResumeWorstMilliseconds: Double?
        let joins: Int
        let replacements: Int
        /// Nodes that were removed.
        let removals: Int
        /// Nodes that were killed while they joined.
        let joinerKills: Int
        /// Nodes with an empty disk that were refused under their old id.
        let refusals: Int
        /// How many voted, from change to change.
        let voters: [Int]
        /// Snapshots seen, each node's counted, and their bytes.
        let snapshots: Int
        let snapshotBytes: UInt64
        /// The highest slot that was seen to be deleted.
        let floor: UInt64
        /// How often clients waited, so that the log could be read before it was deleted.
        let holds: Int
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
