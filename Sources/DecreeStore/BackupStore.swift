package import Paxos

/// A store that is nobody's, in which a log is kept that was read from a running node: `decree log` reads and verifies
/// it like any other. Its node id belongs to no member, so that no node votes with it by mistake.
package final class BackupStore {
    /// The highest there is, which is given to no node before all others.
    package static let node = NodeID(NodeID.maximum)

    /// Where a group's kept log ends.
    private struct End {
        var slot = Slot.zero
        var chain = Digest.zero
    }

    private let store: Store
    private var ends: [GroupID: End] = [:]

    /// Creates one, in a directory that holds none.
    package init(directory: String, cluster: String, genesis: Digest, groups: [StoreGroup]) throws(StoreError)
    {
        let options = StoreOptions()
        guard try options.files.size(of: directory + "/node.db") == nil else {
            throw .badDirectory(directory: directory, detail: "there is a store in it already")
        }
        store = try Store.open(
            directory: directory,
            identity: StoreIdentity(cluster: cluster, node: Self.node, genesis: genesis),
            groups: groups, options: options)
    }

    /// Where a group's kept log ends.
    package func end(of group: GroupID) -> (slot: Slot, chain: Digest) {
        let end = ends[group] ?? End()
        return (end.slot, end.chain)
    }

    /// Keeps chunks of a snapshot.
    package func add(
        _ chunks: [[UInt8]], from first: Int, of header: SnapshotHeader, group: GroupID
    ) throws(StoreError) {
        var step = Step()
        for (place, bytes) in chunks.enumerated() {
            step.write(.snapshotChunk(group, header, index: UInt32(first + place), bytes[...]))
        }
        try store.commitOrThrow(step)
    }

    /// Reads a snapshot back whose chunks are all there: the log goes on behind it.
    package func install(_ header: SnapshotHeader, of group: GroupID) throws(StoreError) {
        try store.install(header, of: group)
        ends[group] = End(slot: header.slot, chain: header.chain)
    }

    /// Keeps chosen slots, which must be the next ones.
    package func add(_ decided: some Sequence<AcceptedProposal>, to group: GroupID) throws(StoreError) {
        var end = ends[group] ?? End()
        var step = Step()
        for decision in decided {
            guard decision.slot == end.slot.next else {
                throw .corrupt(
                    place: "the node's answer", group: group, slot: decision.slot,
                    detail: "slot \(end.slot.next) was asked for")
            }
            end.slot = decision.slot
            end.chain = end.chain.chained(decision.slot, decision.proposal.digest)
            step.write(.accepted(group, decision))
            // A backup executes nothing: what of it was executed comes out when it is restored.
            step.write(
                .chosen(group, decision.slot, decision.ballot, chain: end.chain, unexecuted: nil))
        }
        try store.commitOrThrow(step)
        ends[group] = end
    }

    /// Copies everything into the database, durably, and closes it: the write-ahead log is needed no more.
    package func finish() throws(StoreError) {
        guard try store.checkpoint() else { throw .diskFull(file: store.file) }
        try store.close()
    }
}
