@testable import Paxos

/// What one node's store holds: the rows that survive a crash. Stands in for SQLite, and objects to rows
/// that no core may write.
struct DurableRows {
    private(set) var promised = Ballot.zero
    private(set) var accepted: [Slot: AcceptedProposal] = [:]
    /// Ballot and chain of the chosen slots above the floor.
    private(set) var chosen: [Slot: (ballot: Ballot, chain: Digest)] = [:]
    private(set) var chosenThrough = Slot.zero
    private(set) var floor = Slot.zero
    /// Chunks of snapshots, from the first on; complete or not.
    private(set) var chunks: [SnapshotHeader: [[UInt8]]] = [:]
    /// The latest complete snapshot.
    private(set) var snapshot: SnapshotHeader?
    /// What of the chosen slots was not executed.
    private(set) var unexecuted: [Slot: [UInt32]] = [:]
    /// Rows of slots above the last chosen one and through this one were lost.
    private(set) var damagedThrough: Slot?

    /// Writes one row. Returns what is wrong with it, if anything.
    mutating func apply(_ row: Write) -> String? {
        switch row {
        case .promise(_, let ballot):
            defer { promised = ballot }
            return ballot > promised ? nil : "PromiseMonotone: promise row \(ballot) after \(promised)"
        case .accepted(_, let vote): return apply(vote)
        case .chosen(_, let slot, let ballot, let chain, let unexecuted):
            // A snapshot that was just installed stands for it.
            if slot <= floor { return nil }
            if slot != chosenThrough.next { return "ApplyPrefix: chosen row \(slot) after \(chosenThrough)" }
            chosenThrough = slot
            chosen[slot] = (ballot, chain)
            self.unexecuted[slot] = unexecuted
            return accepted[slot] == nil ? "chosen row \(slot) without its value" : nil
        case .snapshotChunk(_, let header, let index, let bytes): return apply(header, index, bytes)
        case .snapshotComplete(_, let header, let isInstalled):
            return complete(header, isInstalled: isInstalled)
        case .floor(_, let slot):
            if slot > snapshot?.slot ?? .zero { return "FloorSafe: floor \(slot) above any snapshot" }
            truncate(through: slot)
            return nil
        case .configuration, .witness, .place: return nil
        }
    }

    private mutating func apply(_ vote: AcceptedProposal) -> String? {
        if vote.slot <= floor { return nil }
        let before = accepted[vote.slot]
        accepted[vote.slot] = vote
        if vote.ballot > promised { return "AcceptGuard: vote row \(vote.ballot), promised \(promised)" }
        if vote.slot <= chosenThrough { return "AcceptGuard: vote row for chosen slot \(vote.slot)" }
        if let before, before.ballot > vote.ballot {
            return "vote row of slot \(vote.slot) falls from \(before.ballot) to \(vote.ballot)"
        }
        if let before, before.ballot == vote.ballot, before.proposal != vote.proposal {
            return "OneValuePerBallotSlot: two values in \(vote.ballot), slot \(vote.slot)"
        }
        return nil
    }

    // MARK: Snapshots

    private mutating func apply(_ header: SnapshotHeader, _ index: UInt32, _ bytes: ArraySlice<UInt8>)
        -> String?
    {
        if index == 0 { chunks[header] = [] }
        guard chunks[header]?.count == Int(index) else {
            return
                "chunk \(index) of the snapshot at \(header.slot) comes after \(chunks[header]?.count ?? 0)"
        }
        chunks[header]?.append(Array(bytes))
        return nil
    }

    private mutating func complete(_ header: SnapshotHeader, isInstalled: Bool) -> String? {
        guard let whole = read(header) else {
            return "FloorSafe: the snapshot at \(header.slot) is not whole"
        }
        guard whole.header.slot > snapshot?.slot ?? .zero else { return nil }
        snapshot = header
        if isInstalled, header.slot > chosenThrough {
            chosenThrough = header.slot
            truncate(through: header.slot)
        }
        chunks = chunks.filter { $0.key.slot >= header.slot }
        return nil
    }

    /// The beginning of a peer's snapshot: one that would bring something.
    var partial: SnapshotHeader? {
        chunks.keys.filter { $0.slot > chosenThrough }.max { $0.slot < $1.slot }
    }

    private mutating func truncate(through slot: Slot) {
        floor = max(floor, slot)
        accepted = accepted.filter { $0.key > slot }
        chosen = chosen.filter { $0.key > slot }
    }

    /// A snapshot whose chunks are all there and make what the header says.
    func read(_ header: SnapshotHeader) -> Snapshot? {
        guard let chunks = chunks[header], chunks.count == header.chunkCount else { return nil }
        let snapshot = Snapshot(slot: header.slot, chain: header.chain, bytes: chunks.flatMap { $0 })
        return snapshot.header == header ? snapshot : nil
    }

    /// A snapshot that came in is given up.
    mutating func drop(_ header: SnapshotHeader) {
        if header != snapshot { chunks[header] = nil }
    }

    // MARK: Damage

    /// A bit flips in the last chunk that has come.
    mutating func spoilPartial() {
        guard let partial, let last = chunks[partial]?.indices.last else { return }
        chunks[partial]?[last][0] ^= 1
    }

    /// The votes of the open slots through `slot` cannot be read any more.
    mutating func damage(through slot: Slot) {
        damagedThrough = slot
        accepted = accepted.filter { $0.key <= chosenThrough || $0.key > slot }
    }

    // MARK: Reading

    /// A chosen slot, as the store would read it.
    func decision(in slot: Slot) -> AcceptedProposal? {
        guard slot > floor, slot <= chosenThrough, let vote = accepted[slot], let row = chosen[slot] else {
            return nil
        }
        return AcceptedProposal(slot: slot, ballot: row.ballot, proposal: vote.proposal)
    }

    func chain(at slot: Slot) -> Digest? { chosen[slot]?.chain }

    /// What `Group.restore` takes after the replay.
    var votes: RecoveredVotes {
        RecoveredVotes(
            promised: promised,
            accepted: accepted.values.filter { $0.slot > chosenThrough }.sorted { $0.slot < $1.slot },
            floor: floor, snapshot: snapshot,
            partial: partial.map { PartialSnapshot(header: $0, chunks: chunks[$0]?.count ?? 0) },
            damagedThrough: damagedThrough.flatMap { $0 > chosenThrough ? $0 : nil })
    }
}
