package import NIOCore
package import Paxos

/// A message between nodes. Who sent it and who receives it is known from the handshake.
package struct PeerFrame: Equatable, Sendable {
    /// The group it belongs to.
    package let group: GroupID
    /// What was durable in the sender's store when it sent this: its peers remember the highest (invariant
    /// NoRegression).
    package let persistSequence: PersistSequence
    /// The message.
    package let message: Message
    /// Of a bulky message: the bytes of all such that were sent over this connection, this one's among them; 0 where the
    /// sender does not count. The receiver says how far they have come (`NodeFrame.received`).
    package let sent: UInt64

    /// A frame.
    package init(group: GroupID, persistSequence: PersistSequence, message: Message, sent: UInt64 = 0) {
        self.group = group
        self.persistSequence = persistSequence
        self.message = message
        self.sent = sent
    }

    /// Appends the frame as `version` has it. Returns whether the version has such a frame: if not, nothing is
    /// written.
    @discardableResult
    package func write(version: UInt16, into buffer: inout ByteBuffer) throws(WireError) -> Bool {
        try message.write(
            group: group, persistSequence: persistSequence, sent: sent, version: version, into: &buffer)
    }
}

/// The type byte of a peer frame. Numbers are never given twice.
enum PeerFrameType: UInt8, CaseIterable {
    case preVote = 1
    case preVoteReply = 2
    case prepare = 3
    case promise = 4
    case accept = 5
    case accepted = 6
    case rejection = 7
    case heartbeat = 8
    case heartbeatReply = 9
    case fetch = 10
    case decisions = 11
    case handover = 12
    case snapshotOffer = 13
    case fetchSnapshot = 14
    case snapshotChunk = 15

    /// The first version that has it.
    var firstVersion: UInt16 {
        switch self {
        case .snapshotOffer, .fetchSnapshot, .snapshotChunk: WireVersion.members
        default: WireVersion.minimum
        }
    }

    /// Whether it may be long: those are counted on their way.
    var isBulky: Bool {
        switch self {
        case .accept, .decisions, .snapshotChunk: true
        default: false
        }
    }
}

extension Message {
    var frameType: PeerFrameType {
        switch self {
        case .preVote: .preVote
        case .preVoteReply: .preVoteReply
        case .prepare: .prepare
        case .promise: .promise
        case .accept: .accept
        case .accepted: .accepted
        case .rejection: .rejection
        case .heartbeat: .heartbeat
        case .heartbeatReply: .heartbeatReply
        case .fetch: .fetch
        case .decisions: .decisions
        case .handover: .handover
        case .snapshotOffer: .snapshotOffer
        case .fetchSnapshot: .fetchSnapshot
        case .snapshotChunk: .snapshotChunk
        }
    }
}
