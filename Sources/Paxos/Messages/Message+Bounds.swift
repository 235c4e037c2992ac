/// What a peer may name. A frame that was damaged on its way is refused by its checksum; one that was sent so is not, and
/// whatever it says, it must end no node. What lies beyond these bounds, or is no batch, is as if it had never come: never
/// stored, never told, never counted up from.
extension Ballot {
    /// The highest round a peer may name: so far below the highest there is that a node that counts up from it never gets
    /// there.
    static let highestToldRound = maximumRound - (1 << 20)

    fileprivate var isBounded: Bool { round <= Self.highestToldRound }
}

extension Slot {
    /// The highest slot a peer may name, as far below the highest there is.
    static let highestTold = Slot(maximum.rawValue - (1 << 20))

    fileprivate var isBounded: Bool { self <= Self.highestTold }
}

extension Message {
    /// Whether its ballots and slots are within bounds, and its proposals are batches that can be executed.
    var isBounded: Bool {
        switch self {
        case .preVote(let message): message.ballot.isBounded && message.chosenThrough.isBounded
        case .preVoteReply(let message):
            message.ballot.isBounded && message.promised.isBounded && message.chosenThrough.isBounded
        case .prepare(let message): message.ballot.isBounded && message.firstOpen.isBounded
        case .promise(let message):
            message.ballot.isBounded && message.chosenThrough.isBounded && message.floor.isBounded
                && message.accepted.allSatisfy(\.isBounded)
        case .accept(let message):
            message.ballot.isBounded && message.slot.isBounded && message.chosenThrough.isBounded
                && message.proposal.isWellFormed
        case .accepted(let message):
            message.ballot.isBounded && message.from <= message.through && message.through.isBounded
        case .rejection(let message): message.ballot.isBounded && message.promised.isBounded
        case .heartbeat(let message):
            message.ballot.isBounded && message.chosenThrough.isBounded
                && (message.checkpoint?.slot ?? .zero).isBounded
        // How far a node abstains is bounded where it is taken: by how far it could have voted.
        case .heartbeatReply(let message):
            message.ballot.isBounded && message.executedThrough.isBounded
        case .fetch(let message): message.from <= message.through
        case .decisions(let message):
            message.chosenThrough.isBounded && message.decided.allSatisfy(\.isBounded)
        case .handover(let message): message.ballot.isBounded
        case .snapshotOffer(let message):
            message.header.slot.isBounded && message.chosenThrough.isBounded && message.header.isPossible
        case .fetchSnapshot(let message): message.header.isPossible
        case .snapshotChunk(let message): message.header.slot.isBounded && message.header.isPossible
        }
    }
}

extension AcceptedProposal {
    fileprivate var isBounded: Bool { slot.isBounded && ballot.isBounded && proposal.isWellFormed }
}

extension Proposal {
    /// Whether its bytes are a no-op, or a batch that a replica can execute to its end.
    var isWellFormed: Bool {
        var entries = entries
        while entries.next() != nil {}
        return !entries.isMalformed
    }
}
