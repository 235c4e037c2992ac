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
    /// What a node that wants to join is told.
    package let welcome: Welcome
    /// What it saw of other nodes' stores.
    package let witnesses: [NodeWitness]
    /// Where it reached other nodes last.
    package let places: [NodePlace]
    /// The newest version of the protocol that it speaks.
    package let speaks: UInt16
    /// The limits its groups have.
    package let limits: Limits
    /// What was found damaged, of groups that must learn it from others before they vote.
    package let damage: [(group: GroupID, through: Slot, detail: String)]

    /// Reads the groups back from a store that was opened: chosen slots are executed, promises and votes
    /// taken up. Then the store is told that a process starts on it.
    ///
    /// - Parameters:
    ///   - process: a random number of this process.
    ///   - speaks: the newest version of the protocol that the node is to speak. Below the newest, it behaves as builds did
    ///     that knew no later one.
    /// - Throws: `StoreError` if a row is not what was written, or the log is at a version that the node does not
    ///   understand; the store is given up then.
    package init(
        _ store: Store, owner: StoreIdentity, hosting hosted: [HostedGroup], limits: Limits, process: UInt64,
        speaks: UInt16 = WireVersion.maximum
    ) throws {
        self.speaks = speaks
        let understands = WireVersion.understood(by: speaks)
        var groups: [Group] = []
        var damage: [(group: GroupID, through: Slot, detail: String)] = []
        for hosted in hosted {
            let id = hosted.stored.id
            var group = Group(
                id: id, node: owner.node, genesis: try store.configurationGenesis(id),
                machine: hosted.machine, limits: limits, seed: hosted.seed, understands: understands)
            let votes = try store.recover(
                id, restore: { try group.restore($0) }, replay: { group.replay($0, chain: $1) })
            group.restore(votes)
            guard group.version <= understands else {
                throw StoreError.newerCluster(
                    group: id, found: Int(group.version.rawValue), supported: Int(understands.rawValue))
            }
            groups.append(group)
            guard let through = votes.damagedThrough else { continue }
            let detail = votes.damage ?? ""
            // Of others it could be learnt; there are none.
            guard group.configurations.latest.voters != [owner.node] else {
                throw StoreError.corrupt(
                    place: "accepted", group: id, slot: through, detail: detail + "; there are no others")
            }
            damage.append((id, through, detail))
        }
        self.groups = groups
        self.damage = damage
        witnesses = try store.witnesses()
        places = try store.places()
        welcome = Welcome(
            cluster: owner.cluster, genesis: store.genesis,
            groups: try hosted.map { hosted in
                Welcome.Group(
                    id: hosted.stored.id, kind: hosted.stored.kind,
                    genesis: try store.configurationGenesis(hosted.stored.id))
            })
        identity = NodeIdentity(
            cluster: owner.cluster, genesis: store.genesis, node: owner.node, store: store.storeID,
            persistSequence: store.persistSequence, starts: try store.begin(process: process))
        self.limits = limits
    }
}
