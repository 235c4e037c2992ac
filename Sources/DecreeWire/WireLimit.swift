package import Paxos

/// The bounds of what is sent. Both sides hold them: a writer refuses to encode beyond them, and a reader
/// refuses before it allocates for a length somebody else chose.
package enum WireLimit {
    /// Bytes of a frame's body.
    package static let bodyBytes = 4 << 20

    /// Bytes of a command's or a query's payload.
    package static let payloadBytes = 1 << 20

    /// Bytes of the body of a client's frame: a request's payload, and what says whose it is.
    package static let requestBytes = payloadBytes + 4_096

    /// Bytes of a proposal: a batch that holds one payload of the largest size, with its entry's and the
    /// batch's own overhead.
    package static let proposalBytes = payloadBytes + ProposalBuilder.commandOverheadBytes + 1

    /// Bytes of a hello or its reply. Small, since it is read from whoever connects.
    package static let handshakeBytes = 2_048

    /// Bytes of a cluster's name, in UTF-8.
    package static let clusterBytes = 255

    /// Bytes of the reason for a refusal, in UTF-8; longer ones are cut.
    package static let reasonBytes = 1_024

    /// Bytes of a state machine's name, in UTF-8.
    package static let kindBytes = 255

    /// Bytes of a configuration: 32 members with addresses of 255 bytes, and every other id given up.
    package static let configurationBytes = 128 << 10

    /// Bytes of a change of the members: an address, and a few integers.
    package static let changeBytes = 512

    /// Bytes of a snapshot: far above any that could be held, and far below where counting them overflows.
    package static let snapshotBytes: UInt64 = 1 << 40

    /// Chunks of a snapshot in one response.
    package static let chunksAtOnce = 4

    /// Starts that a hello tells of its sender: a peer that has met none of them takes the sender's word for the rest.
    package static let starts = 16

    /// Groups of which a welcome tells.
    package static let groups = 64
}

/// Versions of the protocol this build speaks. The handshake's own layout is the same in all of them, so
/// that any two builds can tell each other what they lack.
package enum WireVersion {
    /// The oldest.
    package static let minimum: UInt16 = 1
    /// The newest.
    package static let maximum: UInt16 = 5
    /// The first that knows members that change, snapshots, and what an operator asks.
    static let members: UInt16 = 2
    /// The first that knows batches of commands.
    static let batches: UInt16 = 3
    /// The first that knows who follows the log.
    package static let tail: UInt16 = 3
    /// The first that knows each start of a node, what a promise answers, and how a cluster is founded.
    package static let starts: UInt16 = 4

    /// The first that knows the cluster's version, and that it is raised.
    package static let raises: UInt16 = 4

    /// The first that says how much of what was sent has come, so that a sender knows what a link holds.
    package static let receipts: UInt16 = 5

    /// The first in which a node passes requests on for clients that cannot reach the leader.
    static let relays: UInt16 = 5

    /// What a node understands of the log that speaks that version.
    package static func understood(by version: UInt16) -> ClusterVersion {
        switch version {
        case raises...: .raises
        case batches...: .batches
        default: .first
        }
    }

    /// The newest version that both sides speak; nil if there is none.
    package static func common(minimum: UInt16, maximum: UInt16) -> UInt16? {
        let highest = min(maximum, Self.maximum)
        return highest >= max(minimum, Self.minimum) ? highest : nil
    }
}
