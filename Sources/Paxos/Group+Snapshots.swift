/// Snapshots: taken of this node's own state, sent to who lacks slots that are deleted, and installed.
extension Group {
    // MARK: Taking

    /// Takes a copy of the replica when the log has grown enough. If the host is still busy with the last one, this one
    /// is left out.
    mutating func captureIfDue() {
        if replica.isSnapshotDue(after: limits), !isTakingSnapshot { captureNow() }
    }

    mutating func captureNow() {
        isTakingSnapshot = true
        capture = replica.capture()
    }

    /// The copy that is to be made a snapshot of, if there is one: taken once.
    public mutating func takeCapture() -> Capture? {
        defer { capture = nil }
        return capture
    }

    /// The host has written this node's own snapshot, all of it, and read it back. What it is to replace may go, but
    /// for the slots since the one before: a peer that is a little behind gets along without a snapshot.
    public mutating func tookSnapshot(_ header: SnapshotHeader, into step: inout Step) {
        isTakingSnapshot = false
        guard header.slot > snapshot?.slot ?? .zero else { return }
        let before = snapshot?.slot
        snapshot = header
        step.write(.snapshotComplete(id, header, isInstalled: false))
        raiseFloor(to: before ?? .zero, into: &step)
    }

    /// The host could not make a snapshot of the copy.
    public mutating func gaveUpSnapshot() {
        isTakingSnapshot = false
        capture = nil
    }

    /// Rows at or below `slot` are needed no more: a complete snapshot stands for them.
    public mutating func raiseFloor(to slot: Slot, into step: inout Step) {
        guard slot > floor, let snapshot, slot <= snapshot.slot else { return }
        Invariant.floorSafe(floor: slot, snapshot: snapshot.slot)
        floor = slot
        step.write(.floor(id, slot))
    }

    // MARK: Sending

    /// A peer asks for chunks.
    func answer(_ fetch: FetchSnapshot, from: NodeID, into step: inout Step) {
        guard snapshot != nil, from != node else { return }
        step.read(.chunks(fetch.header, from: fetch.from), of: id, for: from)
    }

    /// The messages for what the store has read.
    public func messages(_ result: LogReadResult, for content: LogRead.Content) -> [Message] {
        switch (result, content) {
        case (.slots(let decided), .slots):
            guard decided.isEmpty else {
                return [.decisions(Decisions(decided: decided, chosenThrough: acceptor.chosenThrough))]
            }
            return offer
        case (.chunks(let chunks), .chunks(let header, let from)):
            guard chunks.isEmpty else {
                return chunks.enumerated().map { number, bytes in
                    .snapshotChunk(SnapshotChunk(header: header, index: from + UInt32(number), bytes: bytes))
                }
            }
            // That one is gone.
            return offer
        default: return []
        }
    }

    var offer: [Message] {
        guard let snapshot else { return [] }
        return [.snapshotOffer(SnapshotOffer(header: snapshot, chosenThrough: acceptor.chosenThrough))]
    }

    // MARK: Receiving

    /// The slots that were asked for are deleted. The rest of a snapshot that has begun to come is asked for before
    /// another is begun, as long as somebody may have it.
    mutating func take(_ offer: SnapshotOffer, from: NodeID, into step: inout Step) {
        guard offer.header.slot > acceptor.chosenThrough, offer.header.isPossible, installing == nil,
            refused.admits(offer.header)
        else { return }
        answerTime.answered(by: from, atTick: now)
        catchUp?.extend(through: offer.chosenThrough)
        if let arriving, arriving.partial.header != offer.header {
            guard arriving.isOverdue(atTick: now, after: limits.partialTicks) || arriving.partial.chunks == 0
            else {
                if arriving.from != from { askForChunks(from, into: &step) }
                return
            }
            self.arriving = nil
        } else if arriving?.from != nil {
            // Whoever was asked for a chunk of it and offers it instead has not got that chunk as it was written. The
            // clock turns to the next peer; asked again at once, this one would keep it from doing so for ever.
            return
        }
        if arriving == nil {
            arriving = ArrivingSnapshot(PartialSnapshot(header: offer.header, chunks: 0), tick: now)
        }
        askForChunks(from, into: &step)
    }

    private mutating func askForChunks(_ peer: NodeID, into step: inout Step) {
        guard let partial = arriving?.partial, partial.chunks < partial.header.chunkCount else { return }
        arriving?.from = peer
        catchUp?.asked(peer, atTick: now)
        answerTime.asked(peer, atTick: now)
        send(
            .fetchSnapshot(FetchSnapshot(header: partial.header, from: UInt32(partial.chunks))), to: peer,
            into: &step)
    }

    /// Takes the next chunk. It is written like everything else, so that a restart goes on after it.
    mutating func take(_ chunk: SnapshotChunk, from: NodeID, into step: inout Step) {
        guard var partial = arriving?.partial, partial.header == chunk.header,
            Int(chunk.index) == partial.chunks, partial.chunks < partial.header.chunkCount,
            chunk.bytes.count == partial.header.range(ofChunk: partial.chunks).count
        else { return }
        step.write(.snapshotChunk(id, chunk.header, index: chunk.index, chunk.bytes[...]))
        partial.chunks += 1
        arriving?.partial = partial
        arriving?.arrivedAtTick = now
        answerTime.answered(by: from, atTick: now)
        catchUp?.asked(from, atTick: now)
        leader?.noteProgress(atTick: now)
        // A peer sends a few at a time.
        if partial.chunks % SnapshotHeader.chunksAtOnce == 0 { askForChunks(from, into: &step) }
    }

    /// Asks for what is missing of a snapshot that has begun to come. Returns whether there is one. When nothing of it
    /// has come for long, nobody may have it any more: slots are asked for, and whoever has deleted those offers
    /// another.
    mutating func resumeSnapshot(_ peer: NodeID, into step: inout Step) -> Bool {
        guard let partial = arriving?.partial, partial.header.slot > acceptor.chosenThrough,
            partial.chunks < partial.header.chunkCount, partial.chunks > 0,
            arriving?.isOverdue(atTick: now, after: limits.partialTicks) == false
        else { return false }
        askForChunks(peer, into: &step)
        return true
    }

    /// A peer's snapshot that is all there, as rows of the steps so far: the host reads it back, and tells `install`
    /// or `discardSnapshot`.
    public var installing: SnapshotHeader? {
        guard let partial = arriving?.partial, partial.chunks == partial.header.chunkCount else { return nil }
        return partial.header
    }

    /// A peer's snapshot that is coming in.
    public var arrivingHeader: SnapshotHeader? { arriving?.partial.header }

    /// Whether what is to be installed is still of use.
    public func isWorthInstalling(_ header: SnapshotHeader) -> Bool { header.slot > acceptor.chosenThrough }

    /// A snapshot that was read back turned out to be of no use; `flaw` says why, if something is wrong with it. It is
    /// remembered, and not fetched again and again.
    ///
    /// - Parameter isFinal: whether it would be the same from any other peer: its bytes are those of its header.
    public mutating func discardSnapshot(_ header: SnapshotHeader, flaw: String? = nil, isFinal: Bool = true)
    {
        if arriving?.partial.header == header { arriving = nil }
        if let flaw { refused.refuse(header, flaw, isFinal: isFinal) }
    }

    /// Whether a peer's snapshot is not fetched any more, for it cannot be used.
    public func isRefused(_ header: SnapshotHeader) -> Bool { !refused.admits(header) }

    /// The machine, to decode a snapshot with: `Capture(decoding:machine:)`, which may take long.
    public var machine: any StateMachine { replica.machine }

    /// Goes on from a peer's snapshot, which is complete and durable, and where the log starts from now on
    /// (`Write.snapshotComplete` with `isInstalled`).
    public mutating func install(_ capture: Capture, _ header: SnapshotHeader, into step: inout Step) {
        discardSnapshot(header)
        floor = max(floor, header.slot)
        if header.slot > snapshot?.slot ?? .zero { snapshot = header }
        guard header.slot > acceptor.chosenThrough else { return }
        // Others chose what this node's ballot still proposes: they follow another by now.
        if leader?.isReady == true { stepDown(for: nil, into: &step) }
        take(capture, header: header)
        refused.forget(through: header.slot)
        leader?.noteProgress(atTick: now)
        noteTold()
        leader?.confirmation.startOver()
        membersChanged(into: &step)
        startProposing(into: &step)
        if let through = catchUp?.through, let from = catchUp?.from, through > acceptor.chosenThrough {
            ask(from, into: &step)
        }
    }

    mutating func take(_ capture: Capture, header: SnapshotHeader) {
        acceptor.install(through: capture.slot)
        replica = Replica(
            capture, understands: understands, checkpointSlots: limits.checkpointSlots)
        snapshot = header
        // A copy that nobody has taken yet is of no use any more.
        if self.capture != nil { gaveUpSnapshot() }
        reviewMembers()
    }
}

/// A peer's snapshot that is coming in.
struct ArrivingSnapshot: Sendable {
    var partial: PartialSnapshot
    /// When the last chunk came, or it was begun.
    var arrivedAtTick: UInt64
    /// Who was asked for chunks last; nil if whoever has it was asked for slots since.
    var from: NodeID?

    init(_ partial: PartialSnapshot, tick: UInt64) {
        self.partial = partial
        arrivedAtTick = tick
    }

    func isOverdue(atTick tick: UInt64, after ticks: Int) -> Bool { tick - arrivedAtTick >= UInt64(ticks) }
}

extension SnapshotHeader {
    /// Chunks that are sent for one request.
    public static let chunksAtOnce = 4
}
