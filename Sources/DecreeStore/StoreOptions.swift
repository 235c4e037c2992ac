package import Paxos

/// Whose store it is.
package struct StoreIdentity: Hashable, Sendable {
    /// The cluster's name.
    package let cluster: String
    /// The node's id within it.
    package let node: NodeID
    /// The digest of what the cluster was created with, if it is known from elsewhere: from the cluster itself, to a
    /// node that joins. A store of another is refused, and none is created.
    package let genesis: Digest?

    /// An identity.
    package init(cluster: String, node: NodeID, genesis: Digest? = nil) {
        self.cluster = cluster
        self.node = node
        self.genesis = genesis
    }
}

/// One of the logs a store holds, as the cluster was created with it.
package struct StoreGroup: Hashable, Sendable {
    /// The group.
    package let id: GroupID
    /// The name of the state machine it is executed on.
    package let kind: String
    /// Voters and limits, from slot 1 on. A store that exists keeps its own: `Store.configurationGenesis`.
    package let configuration: Configuration

    /// A group.
    package init(id: GroupID, kind: String, configuration: Configuration) {
        self.id = id
        self.kind = kind
        self.configuration = configuration
    }
}

/// What a store stands on: the real world unless a simulator says otherwise.
package struct StoreOptions {
    /// The SQLite VFS, by name; nil for the default one.
    package var vfs: String?
    /// The same files as `vfs` sees, for what is done to them outside SQLite.
    package var files: any StoreFiles
    /// Names a new store; one that joins has the name it was admitted under.
    package var makeStoreID: () -> StoreID
    /// Whether a store is made where there is none; if not, its absence is an error.
    package var mayCreate = true
    /// How the cluster of a new store is founded; nil if it is not, or begins with this store alone.
    package var founding: FoundingRecord?
    /// Is given the connection of a store that failed, when the store goes; nil in a server.
    package var takeFailed: ((FailedConnection) -> Void)?
    /// Pages in the write-ahead log from which on a checkpoint is due: small and often, for a checkpoint
    /// stalls by 5 us a page.
    package var checkpointPages: Int

    /// Options; the defaults are the real disk and real randomness.
    package init(
        vfs: String? = nil, files: any StoreFiles = PosixFiles(),
        makeStoreID: @escaping () -> StoreID = { StoreID(rawValue: .random(in: 1...UInt64.max)) },
        checkpointPages: Int = 1_000
    ) {
        self.vfs = vfs
        self.files = files
        self.makeStoreID = makeStoreID
        self.checkpointPages = checkpointPages
    }
}
