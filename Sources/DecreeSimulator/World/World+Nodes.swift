import DecreeNode
import DecreeStore
import NIOCore
import Paxos

/// Processes and machines: how they start, tick, die, and what is made of it.
extension World {
    /// Starts whatever runs at the beginning.
    func begin() {
        nodes.first?.disk.seedSQLite()
        for victim in settings.victims {
            for node in nodes { node.meetings[nodes[victim].id] = Sighting(above: 0) }
        }
        // Those that found a cluster come when they come.
        let latest = settings.schedule.isFounding ? FaultSchedule.foundingNanoseconds : 50_000_000
        for node in nodes where node.identity != nil {
            plan(.nodeStarts(node: node.index, boot: node.boot), in: network.within(latest))
        }
        for client in clients { plan(.clientStarts(client: client.number), in: network.within(100_000_000)) }
        plan(.operatorActs, in: 200 * VirtualTime.millisecond)
        for fault in schedule.faults {
            plan(.faultBegins(fault.number), at: fault.start)
            plan(.faultEnds(fault.number), at: fault.end)
        }
    }

    // MARK: Starting

    /// What supervises a server's processes starts them again; so does this.
    func startNode(_ node: SimulatedNode) {
        guard !node.isUp, node.retired == nil, node.identity != nil, afflictions[node.index] != .down else {
            return
        }
        node.isDark = false
        do {
            try node.start()
        } catch {
            startFailed(node, error)
            return
        }
        guard node.founding == nil else { return beginFounding(node) }
        if node.wasFenced {
            // Only a disk that could not take the fence forgets it.
            let spoilsDisks: Set<FaultKind> = [.ioError, .diskFull, .crashInCommit, .powerCut, .rot]
            guard settings.schedule.faults.contains(where: { spoilsDisks.contains($0.kind) }) else {
                violate(.node, "node \(node.id) was fenced, and starts again")
                return
            }
        }
        if judge.regressed.contains(node.index) {
            retire(node, "its rotten store went back in time")
            return
        }
        if judge.rotten.contains(node.index), isWhole(node) { judge.foundSound(node.index) }
        counts.starts += 1
        note(
            .node, node.index, detail: UInt64(node.life),
            "starts; chosen through \(node.core?.groups[0].chosenThrough ?? .zero)")
        node.isPaused = afflictions[node.index] == .paused
        let life = node.life
        plan(.tick(node: node.index, life: life), in: node.tickNanoseconds)
        node.peersChanged()
        // Those who were told of it, and could not reach it, try again.
        for other in nodes where other !== node && other.isUp { other.peersChanged() }
        for end in nodes.count..<ends where isRunning(end) && !isResident(end) { dial(end, to: node.index) }
        startResidents(of: node)
    }

    func startFailed(_ node: SimulatedNode, _ error: any Error) {
        let wasDown = node.disk.isDown
        node.vanish()
        if wasDown {
            note(.node, node.index, "dies while it starts")
            startLater(node)
        } else if let error = error as? StoreError {
            storeFailed(node, error)
        } else {
            violate(.node, "node \(node.id) cannot start: \(error)")
        }
    }

    /// What a store that failed means for its node: one that may be tried again, or none.
    private func storeFailed(_ node: SimulatedNode, _ error: StoreError) {
        note(.node, node.index, "stops: \(error)")
        switch error {
        case .ioError, .diskFull:
            let strikesDisks: Set<FaultKind> = [.ioError, .diskFull, .crashInCommit, .rot, .diskSwap]
            guard settings.schedule.faults.contains(where: { strikesDisks.contains($0.kind) }) else {
                violate(.store, "node \(node.id), whose disk never failed: \(error)")
                return
            }
            startLater(node)
        case .fenced where node.wasFenced: retire(node, "it is fenced")
        case .filesReplaced where judge.void[node.index] == .unlinked:
            // A supervisor starts it on what looks like an empty directory.
            startLater(node)
        case .foreignNode where swapped.contains(node.index):
            // Refused, as it should be; the disk is put right in the end.
            startLater(node)
        case .corrupt, .notAStore:
            guard judge.rotten.contains(node.index) else {
                violate(.store, "node \(node.id), whose disk never rotted: \(error)")
                return
            }
            retire(node, "its store is corrupt")
        default:
            guard judge.rotten.contains(node.index) else {
                violate(.node, "node \(node.id) stopped: \(error)")
                return
            }
            retire(node, "its rotten store is refused")
        }
    }

    func startLater(_ node: SimulatedNode, in nanoseconds: UInt64 = 200 * VirtualTime.millisecond) {
        plan(.nodeStarts(node: node.index, boot: node.boot), in: nanoseconds)
    }

    func retire(_ node: SimulatedNode, _ why: String) {
        if node.isUp { node.vanish() }
        node.retired = why
        if let other = nodes.first(where: { $0.identity == node.identity && $0.retired == nil }) {
            move(node.id, to: other.index)
            for end in nodes.count..<ends where isRunning(end) { dial(end, to: other.index) }
        }
        counts.retired += 1
        note(.node, node.index, "is out for good: \(why)")
    }

    // MARK: Ticking and writing

    func tick(_ index: Int, _ life: Int, _ event: WorldEvent) {
        guard let node = awake(index, life, event), let core = node.core else { return }
        if core.tick() { core.endTick() }
        look(at: node)
        guard node.life == life, node.isUp else { return }
        plan(.tick(node: index, life: life), in: node.tickNanoseconds)
    }

    /// A turn ends a little after what has just arrived.
    func planTurnEnd(_ node: SimulatedNode) {
        plan(.turnEnds(node: node.index, life: node.life), in: 5 * VirtualTime.microsecond)
    }

    /// The disk takes its time before it has done a job, and a little more before the node hears of it: a
    /// crash may come in between.
    func planDiskWork(_ node: SimulatedNode) {
        let micros = node.diskMicroseconds
        let latency = UInt64(micros / 2 + node.latency.below(micros / 2 + 1)) * VirtualTime.microsecond
        plan(.diskWorks(node: node.index, life: node.life), in: latency)
    }

    func diskWorks(_ index: Int, _ life: Int, _ event: WorldEvent) {
        guard let node = awake(index, life, event) else { return }
        node.disk.advanceTime(milliseconds: 1)
        guard node.work() else {
            diskStruck(node)
            return
        }
        plan(
            .diskReports(node: index, life: life),
            in: UInt64(10 + node.latency.below(60)) * VirtualTime.microsecond)
    }

    /// A crash that was set for an operation of the disk has come.
    private func diskStruck(_ node: SimulatedNode) {
        note(.disk, node.index, "dies at \(node.disk.struckOperation.map { "\($0)" } ?? "an operation")")
        for report in node.takeReports() { node.core?.take(report) }
        let (death, end) = node.struckDeath ?? (.kill, now)
        node.struckDeath = nil
        stop(node, death, downNanoseconds: max(5 * VirtualTime.millisecond, end > now ? end - now : 0))
    }

    // MARK: Dying

    func stop(_ node: SimulatedNode, _ death: Fault.Death, downNanoseconds: UInt64) {
        guard node.retired == nil else { return }
        note(.node, node.index, "ends: \(death)")
        counts.deaths += 1
        var restart = downNanoseconds
        switch death {
        case .kill:
            hangUp(node)
            node.vanish()
        case .powerCut(let survival):
            node.vanish(powerCut: survival)
            node.isDark = true
        case .killThenPowerCut(let survival, let milliseconds):
            hangUp(node)
            node.vanish()
            restart = VirtualTime.millisecond
            plan(
                .machineFails(node: node.index, survival),
                in: restart + UInt64(milliseconds) * VirtualTime.millisecond)
        }
        startLater(node, in: restart)
    }

    /// The kernel of a machine that lives on tells the others that the process is gone.
    private func hangUp(_ node: SimulatedNode) {
        for accepted in node.accepted { putBack(.reset, .init(), on: accepted, from: node) }
        for other in nodes {
            if case .down = node.links[other.index].state { continue }
            hangUp(node.index, other.index, node.links[other.index].connection)
        }
    }

    /// A node says that it must not go on.
    func nodeFailed(_ node: SimulatedNode, _ failure: NodeFailure) {
        note(.node, node.index, "fails: \(failure)")
        switch failure {
        case .store: break
        case .fenced(let reason):
            counts.fenced += 1
            if let why = judge.void[node.index] {
                guard reason.contains("decree member replace") else {
                    violate(
                        .node, "node \(node.id) was \(why.rawValue), and is not told what to do: \(reason)")
                    return
                }
            } else if !judge.rotten.contains(node.index), !judge.copies.contains(node.index) {
                violate(.node, "node \(node.id) is fenced, and its store is sound: \(reason)")
            }
        case .removed(let reason):
            if !judge.members.latest.gone.contains(node.id.rawValue) {
                violate(.node, "node \(node.id) stops, and nobody has removed it: \(reason)")
            }
        }
    }

    /// A node's disk is closed, or given up: the process ends.
    func nodeFinished(_ node: SimulatedNode) {
        let failure = node.core?.failure
        hangUp(node)
        node.vanish()
        switch failure {
        case .store(let error): storeFailed(node, error)
        case .fenced where node.wasFenced: retire(node, "it is fenced again")
        case .fenced:
            // A supervisor starts it again.
            node.wasFenced = true
            startLater(node)
        case .removed: retire(node, "it was removed")
        case nil:
            note(.node, node.index, "has stopped")
            startLater(node, in: node.terminatedDown)
        }
    }
}

extension World {
    /// A node goes on from a peer's snapshot: what it has now is held against the log when all is over.
    func installed(_ node: SimulatedNode, _ group: GroupID) {
        counts.installs += 1
        guard let state = node.state(of: group) else { return }
        if let place = companions.firstIndex(where: { $0.group == group }) {
            companions[place].installedStates.append(state)
        } else {
            installedStates.append(state)
        }
        look(at: node)
    }
}
