import DecreeWire
import Paxos

/// What peers showed of their stores (invariant NoRegression). It is written, with the rows of a step or a little after,
/// so that a restart does not forget it; and told with heartbeats, so that those know it who did not see it.
struct Witnesses {
    private var known: [NodeID: Witness] = [:]
    private var unwritten: Set<NodeID> = []
    private var lastWriteTick: UInt64 = 0

    /// Ticks between two writes of what peers show.
    static let ticksBetweenWrites: UInt64 = 10

    init(_ kept: [NodeWitness] = []) {
        for witness in kept {
            known[witness.node] = Witness(store: witness.store, persistSequence: witness.persistSequence)
        }
    }

    subscript(node: NodeID) -> Witness? { known[node] }

    /// A store was seen. A node's first one stays its store; a later one under the same id is another's.
    mutating func meet(_ node: NodeID, store: StoreID, persistSequence: PersistSequence) {
        if let witness = known[node] {
            guard store == witness.store, persistSequence > witness.persistSequence else { return }
        }
        known[node] = Witness(store: store, persistSequence: persistSequence)
        unwritten.insert(node)
    }

    /// A store that was met has shown more.
    mutating func see(_ node: NodeID, persistSequence: PersistSequence) {
        guard let witness = known[node], persistSequence > witness.persistSequence else { return }
        known[node] = Witness(store: witness.store, persistSequence: persistSequence)
        unwritten.insert(node)
    }

    /// Everything, ascending by node, as heartbeats tell it.
    var all: [NodeWitness] {
        known.map { NodeWitness(node: $0, store: $1.store, persistSequence: $1.persistSequence) }
            .sorted { $0.node < $1.node }
    }

    /// Whether it is time to write what is new.
    func isDue(atTick tick: UInt64) -> Bool {
        !unwritten.isEmpty && tick - lastWriteTick >= Self.ticksBetweenWrites
    }

    /// What is new, to be written.
    mutating func takeUnwritten(atTick tick: UInt64) -> [NodeWitness] {
        defer { unwritten = [] }
        lastWriteTick = tick
        return all.filter { unwritten.contains($0.node) }
    }
}
