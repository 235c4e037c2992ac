package import DecreeStore
package import DecreeWire
package import Paxos

/// One of the logs a node hosts, as it is to be opened.
package struct HostedGroup: Sendable {
    /// The group, the machine's name, and the genesis configuration.
    package let stored: StoreGroup
    /// The state before the first command.
    package let machine: any StateMachine
    /// Decides the election timeouts.
    package let seed: UInt64

    /// A group.
    package init(stored: StoreGroup, machine: any StateMachine, seed: UInt64) {
        self.stored = stored
        self.machine = machine
        self.seed = seed
    }
}

/// A node as its store left it.
package struct RecoveredNode: Sendable {
    /// Who it is.
    package let identity: NodeIdentity
    /// Its logs, executed as far as they are known to be chosen.
    package let groups: [Group]

    /// Reads the groups back from a store that was opened: chosen slots are executed, promises and votes
    /// taken up.
    ///
    /// - Throws: `StoreError` if a row is not what was written; the store is given up then.
    package init(
        _ store: Store, owner: StoreIdentity, hosting hosted: [HostedGroup], limits: Limits
    ) throws {
        var groups: [Group] = []
        for hosted in hosted {
            var group = Group(
                id: hosted.stored.id, node: owner.node, configuration: hosted.stored.configuration,
                machine: hosted.machine, limits: limits, seed: hosted.seed)
            let votes = try store.recover(hosted.stored.id) { group.replay($0, chain: $1) }
            group.restore(votes)
            groups.append(group)
        }
        self.groups = groups
        identity = NodeIdentity(
            cluster: owner.cluster, genesis: store.genesis, node: owner.node, store: store.storeID,
            persistSequence: store.persistSequence)
    }
}
