import Paxos

/// A cluster that is restored while its clients live on: scenario RestoredUnderReaders. The new cluster is a world of its
/// own, with empty machines and a judge of its own; clients, time and trace go on.
extension World {
    /// The world in which the log of `old` goes on behind a slot, with everything after it lost.
    ///
    /// - Parameter living: the clients that live on; others come in the place of the rest.
    static func restored(
        from old: World, through slot: Slot, living: [SimulatedClient], seed: UInt64,
        sink: ((TraceLine) -> Void)?
    ) throws -> World {
        let before = old.settings
        var end = Restoration(machine: before.machine(old.workload), genesis: before.configuration)
        for chosen in old.judge.log.prefix(Int(slot.rawValue)) {
            end.execute(chosen.proposal, in: chosen.slot)
        }
        var settings = before
        settings.configuration = end.configurations.latest.succeeded(
            by: before.configuration.voters, origin: Digest(of: seed, slot.rawValue, end.chain.rawValue, 0))
        settings.spares = 0
        settings.speaking = []
        settings.upgradesAll = true
        settings.victims = []
        // Readers live on.
        settings.schedule = FaultSchedule(faults: before.schedule.faults.filter { $0.kind == .tail })
        let snapshot = end.capture(beginning: settings.configuration).encode()
        let world = World(seed: seed, settings: settings, workload: old.workload, sink: sink)
        world.now = old.now + VirtualTime.second
        world.lastStamp = old.lastStamp
        world.lanesStarted = old.lanesStarted
        world.trace = old.trace
        world.counts = old.counts
        world.steward.isPlanning = false
        world.judge = Judge(
            restoring: old.judge, through: slot, snapshot: snapshot.header, settings.configuration,
            machines: world.nodes.count)
        world.nodes.first?.disk.seedSQLite()
        for node in world.nodes { try node.found(from: snapshot) }
        for other in living { world.clients[other.number].takeOver(other, world: world) }
        world.history = old.history.compactMap { $0.surviving(slot) } + world.history
        for case let reader as SimulatedReader in world.visitors {
            guard let fault = world.visitorsByFault.first(where: { $0.value == reader.number })?.key,
                let place = old.visitorsByFault[fault], let other = old.visitors[place] as? SimulatedReader,
                other.isUp
            else { continue }
            reader.takeOver(other, world: world)
            world.planVisit(reader.number)
        }
        world.begin()
        for client in world.clients where client.isUp { world.goOn(client) }
        return world
    }

    /// What a client that was up already is about.
    private func goOn(_ client: SimulatedClient) {
        plan(.clientTicks(client: client.number, life: client.life), in: 10 * VirtualTime.millisecond)
        wake(client)
        for node in nodes { dial(client.endpoint, to: node.index) }
    }

    /// Those who wait for nothing ask again.
    func wake(_ client: SimulatedClient) {
        for place in client.lanes.indices where client.lanes[place].ticket == nil {
            plan(
                .laneActs(client: client.number, life: client.life, lane: place),
                in: network.within(20 * VirtualTime.millisecond))
        }
    }
}

extension Operation {
    /// What of it the restored cluster can be held to: nothing that its log does not have. What is unknown is known by its
    /// bytes alone there, for the session's name may be another client's by now.
    func surviving(_ slot: Slot) -> Operation? {
        switch outcome {
        case .ok(_, let receipt), .rejected(_, let receipt):
            let last = receipt.position?.slot ?? receipt.executedThrough ?? .zero
            return last <= slot ? self : nil
        case .failed: return self
        case .unknown(let reason, let receipt):
            guard let session = receipt.session, session.rawValue >> 20 > slot.rawValue else { return self }
            guard let completed else {
                return Operation(client: client, number: number, request: request, invoked: invoked)
            }
            return Operation(
                client: client, number: number, request: request, invoked: invoked, completed: completed,
                outcome: .unknown(reason, Receipt(consistency: receipt.consistency)))
        }
    }
}

extension Judge {
    /// A judge of the cluster that begins behind a slot of another's log: what was chosen through it stays, and every
    /// machine has it in a snapshot.
    init(
        restoring old: Judge, through slot: Slot, snapshot: SnapshotHeader, _ configuration: Configuration,
        machines: Int
    ) {
        self.init(configuration: configuration, machines: machines)
        chains = Array(old.chains.prefix(Int(slot.rawValue) + 1))
        chosen = old.chosen.filter { $0.key <= slot.rawValue }
        unexecuted = old.unexecuted.filter { $0.key <= slot.rawValue }
        states[slot.rawValue] = old.states[slot.rawValue]
        snapshots[slot.rawValue] = snapshot
        for machine in nodes.indices {
            nodes[machine].floor = slot
            nodes[machine].chosenThrough = slot
            nodes[machine].snapshots = [snapshot]
        }
    }
}
