import DecreeWire
import Paxos

/// What peers showed of their stores (invariants NoRegression and OneProcess). It is written, with the rows of a step or a
/// little after, so that a restart does not forget it; and told with heartbeats, so that those know it who did not see
/// it. A start that was not seen before is written at once: its process waits for that before it votes.
struct Witnesses {
    private var known: [NodeID: Witness] = [:]
    private var unwritten: Set<NodeID> = []
    private var lastWriteTick: UInt64 = 0
    /// Starts on their way to the disk, and those that are there.
    private var written: [NodeID: NodeStart] = [:]
    private var durable: [NodeID: NodeStart] = [:]
    /// Starts that were told that they are witnessed, so that they may vote.
    private var words: [NodeID: NodeStart] = [:]
    /// Starts that have yielded: no word is given to them any more.
    private var yielded: [NodeID: NodeStart] = [:]
    /// Whether a start is to be written that its process waits for.
    private(set) var isUrgent = false

    /// Ticks between two writes of what peers show.
    static let ticksBetweenWrites: UInt64 = 10

    init(_ kept: [NodeWitness] = []) {
        for witness in kept {
            known[witness.node] = Witness(
                store: witness.store, persistSequence: witness.persistSequence, seen: witness.seen)
            durable[witness.node] = witness.seen?.start
        }
        words = durable
    }

    subscript(node: NodeID) -> Witness? { known[node] }

    /// Whether a start is in this node's store, so that it would be known after a restart.
    func isDurable(_ start: NodeStart, of node: NodeID) -> Bool { durable[node] == start }

    /// Whether a start was told that it is witnessed. After a restart, all that were written down count as told.
    func hasWord(_ start: NodeStart, of node: NodeID) -> Bool { words[node] == start }

    mutating func giveWord(to start: NodeStart, of node: NodeID) { words[node] = start }

    mutating func takeBackWord(of node: NodeID) { words[node] = nil }

    /// A process ends without having voted, and leaves this node free for another.
    mutating func noteYielded(_ start: NodeStart, of node: NodeID) {
        words[node] = nil
        yielded[node] = start
    }

    func hasYielded(_ start: NodeStart, of node: NodeID) -> Bool { yielded[node] == start }

    /// Another process of a node goes on: how far the one before came is nothing to it.
    mutating func forget(_ node: NodeID) {
        guard let witness = known[node] else { return }
        known[node] = Witness(store: witness.store, persistSequence: 0)
    }

    /// A store was seen, by a start that says nothing of itself or is the one that counts. A node's first store stays its
    /// store; a later one under the same id is another's.
    mutating func meet(
        _ node: NodeID, store: StoreID, persistSequence: PersistSequence, seen: SeenStart? = nil
    ) {
        let before = known[node]
        guard before.map({ $0.store == store }) ?? true else { return }
        // Of whom no start is told, the sequence may be another start's.
        if seen == nil, before?.seen != nil { return }
        // A node that saw less cannot tell the start: how far the store was seen may be the doing of a later one.
        if seen != nil, let before, before.seen == nil, persistSequence < before.persistSequence { return }
        var seen = seen
        if let last = before?.seen, last.start == seen?.start, last.isVoting { seen?.isVoting = true }
        set(
            node,
            Witness(
                store: store, persistSequence: max(before?.persistSequence ?? 0, persistSequence), seen: seen)
        )
    }

    /// A store that was met has shown more, by the start that was seen last.
    mutating func see(_ node: NodeID, persistSequence: PersistSequence) {
        guard let before = known[node]?.persistSequence, persistSequence > before else { return }
        known[node]?.persistSequence = persistSequence
        unwritten.insert(node)
    }

    /// The process that was seen last votes.
    mutating func noteVoting(_ node: NodeID) {
        guard let witness = known[node], var seen = witness.seen, !seen.isVoting else { return }
        seen.isVoting = true
        set(node, Witness(store: witness.store, persistSequence: witness.persistSequence, seen: seen))
    }

    private mutating func set(_ node: NodeID, _ witness: Witness) {
        guard known[node] != witness else { return }
        if let start = witness.seen?.start, start != known[node]?.seen?.start { isUrgent = true }
        known[node] = witness
        unwritten.insert(node)
    }

    /// Everything, ascending by node, as heartbeats tell it.
    var all: [NodeWitness] {
        known.map { node, witness in
            NodeWitness(
                node: node, store: witness.store, persistSequence: witness.persistSequence, seen: witness.seen
            )
        }
        .sorted { $0.node < $1.node }
    }

    /// What is known of one node.
    func told(of node: NodeID) -> [NodeWitness] { all.filter { $0.node == node } }

    /// Whether it is time to write what is new.
    func isDue(atTick tick: UInt64) -> Bool {
        !unwritten.isEmpty && tick - lastWriteTick >= Self.ticksBetweenWrites
    }

    /// What is new, to be written.
    mutating func takeUnwritten(atTick tick: UInt64) -> [NodeWitness] {
        defer { unwritten = [] }
        lastWriteTick = tick
        isUrgent = false
        let rows = all.filter { unwritten.contains($0.node) }
        for row in rows { written[row.node] = row.seen?.start }
        return rows
    }

    /// What was handed to the disk is durable.
    mutating func noteWritten() {
        guard !written.isEmpty else { return }
        durable.merge(written) { $1 }
        written = [:]
    }
}
