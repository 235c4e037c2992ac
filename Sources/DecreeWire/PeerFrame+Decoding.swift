import Paxos

extension PeerFrame {
    init(type: UInt8, group: GroupID, from reader: inout FrameReader) throws(WireError) {
        guard let kind = PeerFrameType(rawValue: type), kind.firstVersion <= reader.version else {
            throw .unknownType(.peer, type)
        }
        self.group = group
        persistSequence = try reader.integer("the persist sequence")
        sent =
            kind.isBulky && reader.version >= WireVersion.receipts ? try reader.integer("the bytes sent") : 0
        message = try reader.message(kind)
    }
}

extension FrameReader {
    /// Slot 0 stands for none.
    fileprivate mutating func checkpoint() throws(WireError) -> StateCheckpoint? {
        let slot = try bound("the checkpoint's slot")
        let chain = Digest(rawValue: try integer("the checkpoint's chain"))
        let state = Digest(rawValue: try integer("the checkpoint's state"))
        guard slot == .zero else { return StateCheckpoint(slot: slot, chain: chain, state: state) }
        guard chain == .zero, state == .zero else { throw .malformed("a checkpoint of no slot") }
        return nil
    }

    /// The fields of a message, as `Message.write` wrote them. Ranges and orders are judged here, once, so
    /// that the core need not expect a range that ends before it starts.
    fileprivate mutating func message(_ kind: PeerFrameType) throws(WireError) -> Message {
        switch kind {
        case .preVote: return .preVote(PreVote(ballot: try ballot(), chosenThrough: try addedBound()))
        case .preVoteReply:
            return .preVoteReply(
                PreVoteReply(
                    ballot: try ballot(), isGranted: try flag("the grant"),
                    promised: try promisedBallot("the promised ballot"), chosenThrough: try addedBound()))
        case .prepare:
            return .prepare(
                Prepare(
                    ballot: try ballot(), firstOpen: try slot("the first open slot"),
                    attempt: version >= WireVersion.starts ? try integer("the attempt") : 0))
        case .promise: return .promise(try promise())
        case .accept:
            let ballot = try ballot()
            let slot = try slot()
            let chosenThrough = try bound("chosenThrough")
            return .accept(
                Accept(ballot: ballot, slot: slot, proposal: try proposal(), chosenThrough: chosenThrough))
        case .accepted:
            let ballot = try ballot()
            let (from, through) = try range()
            return .accepted(Accepted(ballot: ballot, from: from, through: through))
        case .rejection:
            return .rejection(
                Rejection(ballot: try ballot(), promised: try promisedBallot("the promised ballot")))
        case .heartbeat:
            return .heartbeat(
                Heartbeat(
                    ballot: try ballot(), round: try integer("the round"),
                    chosenThrough: try bound("chosenThrough"), checkpoint: try checkpoint(),
                    witnesses: try witnesses()))
        case .heartbeatReply:
            return .heartbeatReply(
                HeartbeatReply(
                    ballot: try ballot(), round: try integer("the round"),
                    executedThrough: try bound("executedThrough"),
                    commitMicroseconds: try commitMicroseconds(),
                    abstainThrough: hasAddedFields ? try bound("abstainThrough") : .zero))
        case .fetch:
            let (from, through) = try range()
            return .fetch(Fetch(from: from, through: through))
        case .decisions: return .decisions(try decisions())
        case .handover: return .handover(Handover(ballot: try ballot()))
        case .snapshotOffer:
            return .snapshotOffer(
                SnapshotOffer(header: try snapshotHeader(), chosenThrough: try bound("chosenThrough")))
        case .fetchSnapshot:
            let header = try snapshotHeader()
            return .fetchSnapshot(FetchSnapshot(header: header, from: try chunkIndex(of: header)))
        case .snapshotChunk: return .snapshotChunk(try snapshotChunk())
        }
    }

    private mutating func snapshotChunk() throws(WireError) -> SnapshotChunk {
        let header = try snapshotHeader()
        let index = try chunkIndex(of: header)
        let bytes = try chunk()
        guard bytes.count == header.range(ofChunk: Int(index)).count else {
            throw .malformed("chunk \(index) of a snapshot of \(header.byteCount) bytes has \(bytes.count)")
        }
        return SnapshotChunk(header: header, index: index, bytes: bytes)
    }

    // MARK: What version 2 added

    private var hasAddedFields: Bool { version >= WireVersion.members }

    private mutating func addedBound() throws(WireError) -> Slot {
        hasAddedFields ? try bound("chosenThrough") : .zero
    }

    private mutating func commitMicroseconds() throws(WireError) -> UInt32 {
        hasAddedFields ? try integer("the commit's microseconds") : 0
    }

    mutating func witnesses() throws(WireError) -> [NodeWitness] {
        guard hasAddedFields else { return [] }
        let count = Int(try integer("the number of witnesses", as: UInt8.self))
        guard count > 0 else { return [] }
        guard count <= Configuration.maximumMembers else {
            throw .malformed("\(count) witnesses are more than a cluster has nodes")
        }
        var witnesses: [NodeWitness] = []
        witnesses.reserveCapacity(count)
        for _ in 0..<count {
            guard let node = try node("the witnessed node") else {
                throw .malformed("the witnessed node is missing")
            }
            if let last = witnesses.last, last.node >= node {
                throw .malformed("the witness of node \(node) comes behind that of node \(last.node)")
            }
            witnesses.append(
                NodeWitness(
                    node: node, store: try store("the witnessed store"),
                    persistSequence: try integer("the witnessed persist sequence"),
                    seen: version >= WireVersion.starts ? try seen() : nil))
        }
        return witnesses
    }

    private mutating func promise() throws(WireError) -> Promise {
        let ballot = try ballot()
        let part: UInt32 = try integer("the part")
        let parts: UInt32 = try integer("the number of parts")
        guard part < parts else { throw .malformed("part \(part) of \(parts) parts, counted from 0") }
        let chosenThrough = try bound("chosenThrough")
        let floor = try bound("the floor")
        let accepted = try votes()
        for (vote, next) in zip(accepted, accepted.dropFirst()) where vote.slot >= next.slot {
            throw .malformed("a promise's slot \(next.slot) comes behind slot \(vote.slot)")
        }
        return Promise(
            ballot: ballot, part: part, parts: parts, chosenThrough: chosenThrough, floor: floor,
            scope: version >= WireVersion.starts ? try scope(of: accepted) : nil, accepted: accepted)
    }

    /// What a part of a promise answers, and the slots it tells of: its votes are among them.
    private mutating func scope(of votes: [AcceptedProposal]) throws(WireError) -> PromiseScope {
        let firstOpen = try slot("the first open slot")
        let attempt: UInt32 = try integer("the attempt")
        let (from, through) = try range()
        guard from >= firstOpen, votes.first.map({ $0.slot >= from }) ?? true,
            votes.last.map({ $0.slot <= through }) ?? true
        else { throw .malformed("a promise tells of slots \(from) through \(through), and has others") }
        return PromiseScope(firstOpen: firstOpen, attempt: attempt, from: from, through: through)
    }

    mutating func decisions() throws(WireError) -> Decisions {
        let chosenThrough = try bound("chosenThrough")
        let decided = try votes()
        for (vote, next) in zip(decided, decided.dropFirst())
        where vote.slot.rawValue + 1 != next.slot.rawValue {
            throw .malformed("a decision of slot \(next.slot) comes behind that of slot \(vote.slot)")
        }
        return Decisions(decided: decided, chosenThrough: chosenThrough)
    }

    private mutating func range() throws(WireError) -> (from: Slot, through: Slot) {
        let from = try slot("the first slot")
        let through = try slot("the last slot")
        guard from <= through else { throw .malformed("a range of slots from \(from) through \(through)") }
        return (from, through)
    }

    private mutating func votes() throws(WireError) -> [AcceptedProposal] {
        let count = try count("the number of votes", itemBytes: AcceptedProposal.overheadBytes + 1)
        var votes: [AcceptedProposal] = []
        votes.reserveCapacity(count)
        for _ in 0..<count {
            let slot = try slot()
            let ballot = try ballot()
            votes.append(AcceptedProposal(slot: slot, ballot: ballot, proposal: try proposal()))
        }
        return votes
    }

    /// A proposal is verified against the leader's digest wherever it arrives (invariant ChainMatch): from
    /// here on the digest stands for the bytes.
    private mutating func proposal() throws(WireError) -> Proposal {
        let digest = Digest(rawValue: try integer("the proposal's digest"))
        let bytes = try bytes("the proposal", limit: WireLimit.proposalBytes)
        guard let proposal = Proposal(bytes: bytes, digest: digest) else {
            throw .malformed("a proposal is empty or does not match its digest")
        }
        return proposal
    }
}
