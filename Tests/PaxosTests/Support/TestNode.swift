@testable import Paxos

/// One node of a test cluster: its memory, which a crash takes, and its rows, which stay.
final class TestNode {
    let id: NodeID
    /// The core; nil while the node is down.
    var group: Group?
    /// The step that fills, and the one that is being written.
    var filling = Step()
    var writing: Step?
    /// What rests on it is read for others when it is written.
    var reading: [LogRead] = []
    var rows = DurableRows()
    /// While set, what is being written stays so.
    var isDiskStuck = false
    /// Times started.
    var lives: UInt64 = 0
    /// Rows of the filling step that the judge has seen.
    var rowsSeen = 0
    /// What is being done about snapshots.
    var upkeep = TestUpkeep()
    /// The chunk of its snapshot that is not what was written: a store does not serve it, nor what is behind it.
    var rottenChunk: Int?
    /// Decisions sent at most in one message.
    static let decisionsAtOnce = 8

    init(id: NodeID) { self.id = id }

    private(set) var isUp = false
    var isDiskIdle: Bool { writing == nil }

    func start(genesis: Configuration, machine: any StateMachine, limits: Limits, seed: UInt64) throws {
        lives += 1
        var group = Group(
            id: .first, node: id, genesis: genesis, machine: machine, limits: limits,
            seed: seed &* 31 &+ UInt64(id.rawValue) &* 1_009 &+ lives)
        var slot = Slot.zero.next
        if let header = rows.snapshot, let snapshot = rows.read(header) {
            try group.restore(snapshot)
            slot = header.slot.next
        }
        while let decided = rows.decision(in: slot) {
            group.replay(decided, chain: rows.chain(at: slot))
            slot = slot.next
        }
        group.restore(rows.votes)
        self.group = group
        isUp = true
    }

    /// Loses its memory, and every row that was not committed.
    func crash() {
        group = nil
        isUp = false
        filling = Step()
        writing = nil
        reading = []
        upkeep = TestUpkeep()
        rowsSeen = 0
    }

    /// Hands the filling step to the disk.
    func beginWriting() {
        writing = filling.takeTransaction()
        reading = filling.takeReads()
        upkeep.noteHanded()
        rowsSeen = 0
    }

    func takeReads() -> [LogRead] {
        defer { reading = [] }
        return reading
    }

    /// What the store reads, as messages: as many slots or chunks as fit.
    func result(of read: LogRead) -> LogReadResult {
        switch read.content {
        case .slots(let from, let through): return .slots(decided(from, through))
        case .executed(let from, let through):
            let decided = decided(from, through)
            let unexecuted = decided.flatMap { decision in
                (rows.unexecuted[decision.slot] ?? []).map { LogPosition(slot: decision.slot, index: $0) }
            }
            return .executed(decided, unexecuted: unexecuted)
        case .chunks(let header, let from):
            guard header == rows.snapshot, let chunks = rows.chunks[header] else { return .chunks([]) }
            let served = chunks.dropFirst(Int(from)).prefix(SnapshotHeader.chunksAtOnce)
            return .chunks(Array(served.prefix { $0 != rottenChunk.map { chunks[$0] } }))
        }
    }

    private func decided(_ from: Slot, _ through: Slot) -> [AcceptedProposal] {
        let last = min(through, from.advanced(by: Self.decisionsAtOnce - 1))
        var decided: [AcceptedProposal] = []
        for slot in from...last {
            guard let decision = rows.decision(in: slot) else { break }
            decided.append(decision)
        }
        return decided
    }
}
