/// What the core wants done after some events: one transaction, and what depends on it.
///
/// A host lets a step fill while the one before is being written (that is group commit), sends
/// `takeImmediate()` whenever it likes, and hands `takeTransaction()` to the store. The messages withheld come
/// out through `release()` alone, which only the store's commit calls, after its fsync: the one door
/// between a vote and the network (invariant PersistBeforeSend). A step that writes nothing goes through
/// the same door, behind the one being written, so a vote repeated for a duplicate message still waits.
public struct Step: ~Copyable, Sendable {
    /// Rows to write, in order, in one transaction, over all groups.
    public private(set) var writes: [Write] = []
    /// What is to be read once the rows are written.
    public private(set) var reads: [LogRead] = []
    /// How many of the reads are for clients.
    private(set) var clientReads = 0
    /// Reads for clients in one step, over all groups; each may be of a mebibyte. Those for peers are one a group and
    /// peer.
    static let maximumClientReads = 4
    /// Clients that are answered with what is read once: each answer is a copy.
    static let maximumSharers = 16
    private var immediate: [Envelope] = []
    private var withheld: [Envelope] = []
    private var responses: [(Ticket, ClientResponse)] = []
    /// Bytes of proposals and of snapshots among the rows.
    public private(set) var writeBytes = 0
    private var chunkBytes = 0
    /// Whether chunks of a snapshot are among the rows.
    public var hasChunks: Bool { chunkBytes > 0 }
    /// Whether the first chunk of one is.
    public private(set) var beginsSnapshot = false
    /// Bytes of a snapshot that are written together at the latest, lest one transaction take long.
    private static let chunkBurstBytes = SnapshotHeader.chunksAtOnce * SnapshotHeader.chunkBytes

    /// An empty step.
    public init() {}

    /// Whether somebody waits for the transaction, or it grows large. Rows of chosen slots alone are in no hurry: they
    /// may ride with the next.
    public var isUrgent: Bool { !withheld.isEmpty || chunkBytes >= Self.chunkBurstBytes }

    /// Whether there is something to be read. It waits for the readers before it, and nobody's vote waits for it.
    public var hasReads: Bool { !reads.isEmpty }

    /// Whether there is nothing to hand to the store.
    public var isEmpty: Bool { writes.isEmpty && withheld.isEmpty && reads.isEmpty }

    /// Adds a row.
    package mutating func write(_ row: Write) {
        switch row {
        case .accepted(_, let vote): writeBytes += vote.proposal.bytes.count
        case .snapshotChunk(_, _, let index, let bytes):
            if index == 0 { beginsSnapshot = true }
            writeBytes += bytes.count
            chunkBytes += bytes.count
        default: break
        }
        writes.append(row)
    }

    /// A read for a peer, unless one for it waits already: it would ask for the same.
    mutating func read(_ content: LogRead.Content, of group: GroupID, for peer: NodeID) {
        guard !reads.contains(where: { $0.group == group && $0.to == .node(peer) }) else { return }
        reads.append(LogRead(group: group, to: .node(peer), content: content))
    }

    /// A read for a client. Those who want the same are answered with one read. Returns whether there is room.
    mutating func read(_ content: LogRead.Content, of group: GroupID, for ticket: Ticket) -> Bool {
        for index in reads.indices where reads[index].group == group && reads[index].content == content {
            if case .tickets(let tickets) = reads[index].to, tickets.count < Self.maximumSharers {
                reads[index].to = .tickets(tickets + [ticket])
                return true
            }
        }
        guard clientReads < Self.maximumClientReads else { return false }
        clientReads += 1
        reads.append(LogRead(group: group, to: .tickets([ticket]), content: content))
        return true
    }

    /// A message that says nothing that must first be durable.
    package mutating func send(_ envelope: Envelope) { immediate.append(envelope) }

    /// A message that waits for the rows written before it. Votes for consecutive slots of one ballot
    /// become one. However long the disk takes, what waits is bounded: a vote that waits already is not added again, and a
    /// prepare or a promise to a peer replaces what waits of earlier ones, which are void.
    mutating func withhold(_ envelope: Envelope) {
        if envelope.voidsEarlier {
            withheld.removeAll { $0.isAnswerOrQuestion(alike: envelope) }
        } else if withheld.contains(where: { $0.tells(envelope) }) {
            return
        }
        if case .accepted(let vote) = envelope.message, let last = withheld.last, last.to == envelope.to,
            last.group == envelope.group, case .accepted(let before) = last.message,
            before.ballot == vote.ballot, before.through.next == vote.from
        {
            withheld[withheld.count - 1].message = .accepted(
                Accepted(ballot: vote.ballot, from: before.from, through: vote.through))
        } else {
            withheld.append(envelope)
        }
    }

    /// Tells whoever holds the ticket.
    package mutating func respond(_ ticket: Ticket, _ response: ClientResponse) {
        guard ticket != .nobody else { return }
        responses.append((ticket, response))
    }

    /// Whether messages are free to go.
    public var hasImmediate: Bool { !immediate.isEmpty }

    /// Takes the messages that are free to go, in order.
    public mutating func takeImmediate() -> [Envelope] {
        defer { immediate.removeAll() }
        return immediate
    }

    /// Takes the responses to clients, in order.
    public mutating func takeResponses() -> [(Ticket, ClientResponse)] {
        defer { responses.removeAll() }
        return responses
    }

    /// Takes what the store is to write: the rows, and the messages withheld for them. What is free to go, the responses
    /// and the reads stay for the host to take.
    public mutating func takeTransaction() -> Step {
        var transaction = Step()
        swap(&transaction.writes, &writes)
        swap(&transaction.withheld, &withheld)
        swap(&transaction.writeBytes, &writeBytes)
        swap(&transaction.chunkBytes, &chunkBytes)
        swap(&transaction.beginsSnapshot, &beginsSnapshot)
        return transaction
    }

    /// Takes what is to be read, in order: behind the rows that have been taken.
    public mutating func takeReads() -> [LogRead] {
        defer {
            reads.removeAll()
            clientReads = 0
        }
        return reads
    }

    /// The door: ends the step and gives its withheld messages. Called by the store's commit, after the
    /// rows are durable, and by nothing else but tests that stand in for a store.
    package consuming func release() -> [Envelope] { withheld }
}

extension Envelope {
    /// Whether it takes the place of those of its kind to the same peer.
    fileprivate var voidsEarlier: Bool {
        switch message {
        case .prepare: true
        case .promise(let promise): promise.part == 0
        default: false
        }
    }

    fileprivate func isAnswerOrQuestion(alike other: Envelope) -> Bool {
        guard to == other.to, group == other.group else { return false }
        return switch (message, other.message) {
        case (.prepare, .prepare), (.promise, .promise): true
        default: false
        }
    }

    /// Whether it tells the same peer of the vote that another would tell of.
    fileprivate func tells(_ other: Envelope) -> Bool {
        guard to == other.to, group == other.group, case .accepted(let told) = message,
            case .accepted(let vote) = other.message
        else { return false }
        return told.ballot == vote.ballot && told.from <= vote.from && vote.through <= told.through
    }
}

/// A row the store is to write. Neutral: the store knows promises, votes and facts, no roles.
public enum Write: Sendable, Equatable {
    /// No ballot below this one will be taken part in.
    case promise(GroupID, Ballot)
    /// A vote; or a learned value, which replaces the vote that stood there.
    case accepted(GroupID, AcceptedProposal)
    /// The accepted row of this slot is chosen; `chain` covers the log through it. `unexecuted` are the indexes,
    /// ascending, of its commands that are not executed there; nil where nobody has executed it, as in a backup.
    case chosen(GroupID, Slot, Ballot, chain: Digest, unexecuted: [UInt32]? = nil)
    /// From this slot on, the configuration governs: said by a chosen slot that is in the same step or before it.
    case configuration(GroupID, from: Slot, Configuration)
    /// A part of a snapshot that is not complete yet.
    case snapshotChunk(GroupID, SnapshotHeader, index: UInt32, ArraySlice<UInt8>)
    /// All chunks are there and have been verified: the snapshot stands for the log through its slot. With
    /// `isInstalled` it also becomes where the log starts, whatever rows there were below.
    case snapshotComplete(GroupID, SnapshotHeader, isInstalled: Bool)
    /// Slots through this one may be deleted, a few at a time: a complete snapshot stands for them (invariant
    /// FloorSafe).
    case floor(GroupID, Slot)
    /// What was seen of another node's store.
    case witness(NodeWitness)
    /// Where another node was reached last.
    case place(NodePlace)

    /// Whether it says something of another node, and nothing of this one.
    package var isOfOthers: Bool {
        switch self {
        case .witness, .place: true
        case .promise, .accepted, .chosen, .configuration, .snapshotChunk, .snapshotComplete, .floor: false
        }
    }
}

/// Asks the store for something to be sent: read behind the rows of its step, and never within their transaction.
public struct LogRead: Sendable, Equatable {
    /// Who is to have it.
    public enum Recipient: Sendable, Hashable {
        /// A node, as decisions or chunks.
        case node(NodeID)
        /// Clients, who asked for the same.
        case tickets([Ticket])
    }

    /// What is read.
    public enum Content: Sendable, Equatable {
        /// Chosen slots from the first on, without a gap, as many as fit.
        case slots(from: Slot, through: Slot)
        /// The same, with which of their commands were executed.
        case executed(from: Slot, through: Slot)
        /// Chunks of a complete snapshot from the first on, a few.
        case chunks(SnapshotHeader, from: UInt32)
    }

    /// The group.
    public let group: GroupID
    /// Who asked.
    public internal(set) var to: Recipient
    /// What is wanted.
    public let content: Content
    /// A read.
    public init(group: GroupID, to: Recipient, content: Content) {
        self.group = group
        self.to = to
        self.content = content
    }
}

/// What the store found.
public enum LogReadResult: Sendable, Equatable {
    /// Chosen slots, ascending, without a gap from the first wanted on; none if that one is gone.
    case slots([AcceptedProposal])
    /// The same, with the positions of their commands that were not executed, ascending.
    case executed([AcceptedProposal], unexecuted: [LogPosition])
    /// Of slots before this one it was not kept which of their commands were executed.
    case unknown(before: Slot)
    /// Chunks from the first wanted on; none if the snapshot is gone.
    case chunks([[UInt8]])
}
