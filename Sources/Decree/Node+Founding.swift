import DecreeClient
import DecreeNode
import DecreeStore
import DecreeWire
import Logging
import NIOCore
import Paxos
import ServiceLifecycle

/// From a directory to a store that may vote: opened, or founded with all others.
extension Node {
    /// There is no store yet, or one that waits for the others.
    private struct Unfounded: Error {
        let record: FoundingRecord?
        var voters: [NodeID] = []
    }

    /// Opens the store; founds the cluster first, if it is to be founded.
    ///
    /// - Throws: `CancellationError` if the node is told to stop before that.
    func openFounded(
        behind door: NIOLoopBound<FrontDoor>, report: @escaping @Sendable (DiskEvent) -> Void
    ) async throws -> (Disk, RecoveredNode) {
        let name = "decree-disk-\(configuration.node)"
        do {
            return try await Disk.start(name: name, open: { try self.open() }, report: report)
        } catch let unfounded as Unfounded {
            try await found(unfounded, behind: door)
            return try await Disk.start(name: name, open: { try self.open() }, report: report)
        }
    }

    /// Opens the store and brings the groups back to where they were. On the disk's thread.
    private func open() throws -> (Store, RecoveredNode) {
        guard try FoundDirectory.look(at: configuration.dataDirectory) == .store else {
            throw Unfounded(record: nil)
        }
        let hosted = hosted
        guard let store = try openExisting(hosted.map(\.stored)) else {
            // Its making was cut off.
            throw Unfounded(record: nil)
        }
        if let founding = store.founding, !founding.isComplete {
            let genesis = try store.configurationGenesis(hosted[0].stored.id)
            try store.close()
            throw Unfounded(record: founding, voters: genesis.voters)
        }
        let recovered = try RecoveredNode(
            store, owner: owner, hosting: hosted, limits: configuration.limits,
            process: .random(in: 1...UInt64.max >> 1))
        for group in recovered.groups {
            logger.info(
                "recovered", metadata: ["group": "\(group.id)", "chosen": "\(group.chosenThrough)"])
            // A file that was edited does not make members. One that joined may have all to learn yet.
            let members = group.configurations.latest
            guard members.member(owner.node) != nil else { continue }
            let strangers = configuration.nodes.map { NodeID(UInt16($0.id)) }
                .filter { members.member($0) == nil && !members.isRetired($0) }
            guard !strangers.isEmpty else { continue }
            logger.warning(
                """
                "nodes" lists \(strangers.map { "node \($0)" }.joined(separator: ", ")), of which this node's log does \
                not know: a node comes into a cluster that exists with `decree node --join`
                """, metadata: ["group": "\(group.id)"])
        }
        return (store, recovered)
    }

    private var owner: StoreIdentity {
        StoreIdentity(cluster: configuration.cluster, node: NodeID(UInt16(configuration.node)))
    }

    private var hosted: [HostedGroup] {
        let genesis = configuration.genesis
        return machines.sorted { $0.key < $1.key }.map { id, hosted in
            HostedGroup(
                stored: StoreGroup(id: id, kind: hosted.kind, configuration: genesis),
                machine: hosted.machine, seed: .random(in: 0...UInt64.max))
        }
    }

    private func openStore(_ groups: [StoreGroup], _ options: StoreOptions) throws(StoreError) -> Store {
        try Store.open(
            directory: configuration.dataDirectory, identity: owner, groups: groups, options: options)
    }

    private func openExisting(_ groups: [StoreGroup]) throws -> Store? {
        var options = StoreOptions()
        options.mayCreate = false
        do {
            return try openStore(groups, options)
        } catch StoreError.missing {
            return nil
        }
    }

    // MARK: Founding

    private func found(_ unfounded: Unfounded, behind door: NIOLoopBound<FrontDoor>) async throws {
        let founder = try founder(unfounded)
        let (eventLoop, storage, logger) = (door.eventLoop, storage, logger)
        let directory = configuration.dataDirectory
        let (phase, done) = try await eventLoop.submit {
            let phase = FoundingPhase(
                founder, directory: directory, storage: storage, eventLoop: eventLoop, logger: logger)
            door.value.founding = phase
            phase.start()
            return (NIOLoopBound(phase, eventLoop: eventLoop), phase.done.futureResult)
        }.get()
        let stop: @Sendable () -> Void = { eventLoop.execute { phase.value.stop() } }
        try await withGracefulShutdownHandler {
            try await withTaskCancellationHandler {
                try await done.get()
            } onCancel: {
                stop()
            }
        } onGracefulShutdown: {
            stop()
        }
    }

    private func founder(_ unfounded: Unfounded) throws -> Founder {
        guard configuration.nodes.count <= Configuration.maximumVoters else {
            throw NodeError.configuration(
                ConfigurationError(
                    "\"nodes\" lists \(configuration.nodes.count) nodes; a cluster is created with at most "
                        + "\(Configuration.maximumVoters), and others join it"))
        }
        let plan = FoundingPlan(
            cluster: configuration.cluster, node: NodeID(UInt16(configuration.node)),
            nodes: configuration.nodes.map {
                // Its own, as it is told to peers: the others may ask it there.
                FoundingClaim.Listed(
                    node: NodeID(UInt16($0.id)),
                    address: $0.id == configuration.node
                        ? configuration.announcedAddress : "\(NodeAddress(host: $0.host, port: $0.port))")
            }, groups: hosted.map(\.stored))
        guard let record = unfounded.record else {
            return Founder(plan, token: .random(in: 1...UInt64.max))
        }
        guard plan.nodes.map(\.node) == unfounded.voters else {
            let voters = unfounded.voters.map(\.description).joined(separator: ", ")
            throw NodeError.configuration(
                ConfigurationError(
                    "\(configuration.dataDirectory) was prepared to found a cluster of nodes \(voters), and \"nodes\" "
                        + "lists others: list the same nodes until the cluster is founded; others join it then"
                ))
        }
        return Founder(plan, resuming: record)
    }

    private var storage: FoundingPhase.Storage {
        let groups = hosted.map(\.stored)
        return FoundingPhase.Storage(
            prepare: { record in
                var options = StoreOptions()
                options.founding = record
                try self.openStore(groups.map { $0.founded(by: record) }, options).close()
            },
            complete: { record in
                var options = StoreOptions()
                options.mayCreate = false
                let store = try self.openStore(groups, options)
                try store.complete(record)
                try store.close()
            },
            delete: { record in
                var options = StoreOptions()
                options.mayCreate = false
                try self.openStore(groups, options).delete(unfounded: record)
            })
    }
}
