package import Paxos

/// Makes the store of a node that begins where something else ended: a new cluster that was restored from a backup, or
/// from what is left of one that lost its quorum.
///
/// The store holds no vote and no slot, for the new cluster has chosen none: a snapshot stands for everything before.
/// Its genesis is another than that of the cluster before, so that nodes of the two refuse each other.
package enum Founding {
    /// A group and where it begins.
    package struct Group {
        /// What the new cluster is created with.
        package let stored: StoreGroup
        /// What came before, if anything did.
        package let snapshot: Snapshot?
        /// A group.
        package init(stored: StoreGroup, snapshot: Snapshot?) {
            self.stored = stored
            self.snapshot = snapshot
        }
    }

    /// Chunks written in one transaction.
    private static let chunksAtOnce = 64

    /// What tells the new cluster from the one it comes from, and from others that are made of the same: the nodes of
    /// one new cluster reckon it alike.
    package static func origin(
        genesis: Digest, _ group: GroupID, _ end: Restoration, token: String
    ) -> Digest {
        let place = Digest(
            of: genesis.rawValue, UInt64(group.rawValue), end.executedThrough.rawValue, end.chain.rawValue)
        return Digest(of: Array(token.utf8), seed: place.rawValue)
    }

    /// Creates the store; the directory must hold none.
    ///
    /// - Returns: the genesis of the new cluster.
    package static func createStore(
        in directory: String, cluster: String, node: NodeID, groups: [Group], options: StoreOptions = .init()
    ) throws(StoreError) -> Digest {
        guard try options.files.size(of: directory + "/node.db") == nil else {
            throw .badDirectory(directory: directory, detail: "there is a store in it already")
        }
        let store = try Store.open(
            directory: directory, identity: StoreIdentity(cluster: cluster, node: node),
            groups: groups.map(\.stored), options: options)
        for group in groups {
            if let snapshot = group.snapshot { try write(snapshot, of: group.stored.id, to: store) }
        }
        // Copied into the database: who moves it to its place needs no log.
        guard try store.checkpoint() else { throw .diskFull(file: store.file) }
        let genesis = store.genesis
        try store.close()
        return genesis
    }

    private static func write(_ snapshot: Snapshot, of group: GroupID, to store: Store) throws(StoreError) {
        for first in stride(from: 0, to: snapshot.header.chunkCount, by: chunksAtOnce) {
            var step = Step()
            for chunk in first..<min(first + chunksAtOnce, snapshot.header.chunkCount) {
                step.write(
                    .snapshotChunk(group, snapshot.header, index: UInt32(chunk), snapshot.chunk(chunk)))
            }
            try store.commitOrThrow(step)
        }
        try store.install(snapshot.header, of: group)
    }
}

extension Store {
    /// Commits a step for whom a full disk is an end.
    package func commitOrThrow(_ step: consuming Step) throws(StoreError) {
        guard case .committed = try commit(step) else {
            throw .diskFull(file: file)
        }
    }

    /// Reads a snapshot back whose chunks are all there, and lets the log begin behind it.
    package func install(_ header: SnapshotHeader, of group: GroupID) throws(StoreError) {
        var verification = SnapshotVerification(group: group, header: header)
        reading: while true {
            switch try verify(verification, chunks: 64) {
            case .more(let next): verification = next
            case .good: break reading
            case .bad(let detail):
                throw .corrupt(place: "snapshot", group: group, slot: header.slot, detail: detail)
            }
        }
        var step = Step()
        step.write(.snapshotComplete(group, header, isInstalled: true))
        try commitOrThrow(step)
    }
}
