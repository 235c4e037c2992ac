import DecreeStore
import Paxos

/// What one store knows of a group, short enough that the logs of all nodes are held side by side.
struct AuditedLog {
    /// What a store says of a slot.
    struct Row {
        let acceptedBallot: Ballot
        let digest: Digest
        /// The ballot and the chain, if the slot is known to be chosen here.
        let chosen: InspectedSlot.Fact?
    }

    let directory: String
    let node: NodeID
    let store: StoreID
    /// Durable transactions so far.
    let persistSequence: PersistSequence
    /// What the node saw of the others' stores.
    let witnesses: [NodeWitness]
    /// Why no node may start on it any more; nil if one may.
    let fence: String?
    let promise: Ballot
    let floor: Slot
    /// Snapshots, each with the chain it vouches for.
    let snapshots: [SnapshotHeader]
    let configurations: [ConfigurationLog.Entry]
    /// Kept slots, by slot.
    private(set) var rows: [Slot: Row] = [:]
    private(set) var chosenThrough: Slot

    init(_ store: VerifiedStore, _ group: GroupID) throws {
        let inspector = store.inspector
        guard let owner = store.node, let node = NodeID(rawValue: owner.node) else {
            throw StoreError.corrupt(place: "node", group: nil, slot: nil, detail: "it is nobody's")
        }
        directory = store.directory
        self.node = node
        self.store = owner.storeID
        persistSequence = owner.persistSequence
        witnesses = try inspector.witnesses()
        fence = store.fence
        promise = try inspector.promise(of: group)
        floor = try inspector.floor(of: group)
        snapshots = try inspector.snapshots(of: group).filter(\.isComplete).map(\.header)
        configurations = try inspector.configurations(of: group)
        chosenThrough = try inspector.chosenThrough(of: group)
        var rows: [Slot: Row] = [:]
        try inspector.forEachSlot(of: group) {
            rows[$0.slot] = Row(
                acceptedBallot: $0.acceptedBallot, digest: $0.proposal.digest, chosen: $0.chosen)
        }
        self.rows = rows
    }

    /// Whether a snapshot stands for the slot here, and no row need be there.
    func isVouchedFor(_ slot: Slot) -> Bool {
        guard rows[slot] == nil else { return false }
        return snapshots.contains { slot <= $0.slot }
    }

    /// Whether this store's vote supports that `digest` was chosen in `ballot`. What was learnt in a ballot that the
    /// node never promised is no vote.
    func supports(_ slot: Slot, _ digest: Digest, in ballot: Ballot) -> Bool {
        if let row = rows[slot] {
            return row.digest == digest && row.acceptedBallot >= ballot && row.acceptedBallot <= promise
        }
        return isVouchedFor(slot)
    }
}
