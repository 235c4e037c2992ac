import DecreeNode
import DecreeWire
import Paxos

/// What goes wrong, begins and ends here.
extension World {
    func beginFault(_ number: Int) {
        guard let fault = schedule.faults.first(where: { $0.number == number }) else { return }
        guard now >= quietUntil else {
            note(.fault, nil, detail: UInt64(number), "does not begin: \(fault)")
            return
        }
        let active = ActiveFault(fault)
        faults[number] = active
        counts.faults[fault.kind, default: 0] += 1
        note(.fault, nil, detail: UInt64(number), "begins: \(fault)")
        switch fault.effect {
        case .weather, .partition: weather.append(active)
        // Its time comes when all is over: `Simulation.restore`.
        case .restore: break
        case .hunt:
            weather.append(active)
            hunt(number)
        case .clientCrash(let index):
            clients[index].vanish(self)
            plan(.clientStarts(client: index), at: fault.end)
        case .rot(let node, let file, let place, let bit):
            rot(nodes[node], file, place, bit)
        case .rotRow(let node, let row, let place, let bit): rot(nodes[node], row, place, bit)
        case .wipe(let node): wipe(nodes[node], fault)
        case .copy(let node, let original):
            active.struck = beginCopy(of: nodes[node], original, number) ? [node] : []
        case .unlink(let node): active.struck = unlink(nodes[node]) ? [node] : []
        case .oldImage(let node): copy(nodes[node])
        case .diskSwap(let first, let second): swapDisks(nodes[first], nodes[second], active)
        case .operate(let task): operate(task, active)
        case .tail, .backup, .blunder: visit(fault)
        case .founding(let founding): begin(founding, active)
        case .move(let node, let telling): beginMove(nodes[node], telling, active)
        case .pause(let target), .stop(let target, _), .stopInDisk(let target, _, _),
            .terminate(let target), .ioError(let target, _, _, _), .diskFull(let target, _),
            .slowDisk(let target, _), .clockJump(let target, _), .clockDrift(let target, _),
            .upgrade(let target):
            active.struck = resolve(target, active)
            for index in active.struck { strike(nodes[index], fault) }
        }
    }

    /// The machines whose nodes belong to the cluster, or did.
    private var members: [Int] { nodes.indices.filter { nodes[$0].identity != nil } }

    private func resolve(_ target: Fault.Target, _ active: ActiveFault) -> [Int] {
        switch target {
        case .leader:
            let leader = nodes.last { $0.core?.groups.first?.isLeading ?? false }
            return [leader?.index ?? active.below(settings.nodes)]
        case .node(let index): return [index]
        case .some(let count): return Array(active.shuffled(members).prefix(count)).sorted()
        case .all: return members
        }
    }

    private func strike(_ node: SimulatedNode, _ fault: Fault) {
        let down = fault.end - now
        switch fault.effect {
        case .pause: if node.isUp { node.isPaused = true }
        case .stop(_, let death): if node.isUp { stop(node, death, downNanoseconds: down) }
        case .stopInDisk(_, let operation, let death):
            node.disk.inject(DiskFault(.crash, at: operation, of: .writesAndSyncs))
            node.struckDeath = (death, fault.end)
        case .terminate:
            guard node.isUp, !node.isPaused else { return }
            guard node.founding == nil else { return stop(node, .kill, downNanoseconds: down) }
            node.terminatedDown = down
            node.core?.shutDown()
        case .ioError(_, let operation, let syncsOnly, let isKept):
            node.disk.setFailedSyncSurvival(isKept ? .anything : .nothing)
            node.disk.inject(
                DiskFault(.inputOutputError, at: operation, of: syncsOnly ? .syncs : .writesAndSyncs))
        case .diskFull(_, let room): node.disk.setCapacity(bytes: node.disk.usedBytes + room)
        case .slowDisk(_, let micros): node.diskMicroseconds = micros
        case .clockJump(_, let ticks):
            for _ in 0..<ticks {
                guard let core = node.core, !node.isPaused, core.tick() else { break }
                core.endTick()
            }
            node.disk.advanceTime(milliseconds: Int64(ticks) * 10)
        case .clockDrift(_, let percent):
            node.tickNanoseconds = 10 * VirtualTime.millisecond * 100 / UInt64(percent)
        case .upgrade: upgrade(node, downNanoseconds: down)
        case .weather, .partition, .rot, .rotRow, .wipe, .unlink, .copy, .oldImage, .diskSwap, .operate,
            .move, .founding, .clientCrash, .hunt, .restore, .tail, .backup, .blunder:
            break
        }
    }

    /// A node runs this build from its next start on, for which it is asked to stop.
    private func upgrade(_ node: SimulatedNode, downNanoseconds: UInt64) {
        // One that is stopped runs its older build on until it starts again.
        guard min(node.speaks, node.core?.speaks ?? node.speaks) < WireVersion.maximum else { return }
        if node.speaks < WireVersion.maximum { counts.upgrades += 1 }
        note(
            .node, node.index, "is upgraded from version \(node.core?.speaks ?? node.speaks) of the protocol")
        node.speaks = WireVersion.maximum
        guard node.isUp, !node.isPaused else { return }
        node.terminatedDown = downNanoseconds
        node.core?.shutDown()
    }

    /// Each node that still runs an older build is upgraded.
    func upgradeAll() {
        for node in nodes where node.identity != nil && node.retired == nil {
            upgrade(node, downNanoseconds: 100 * VirtualTime.millisecond)
        }
    }

    /// Whether the cluster's version is the newest, or cannot be: a member runs an older build, or is not there.
    var isRaisedAsFarAsMayBe: Bool {
        let members = judge.members.latest.members.keys.compactMap { id in
            NodeID(rawValue: id).flatMap(place).map { nodes[$0] }
        }
        guard members.count == judge.members.latest.members.count,
            members.allSatisfy({ $0.retired == nil && $0.core?.speaks == WireVersion.maximum })
        else { return true }
        return hostedGroups.allSatisfy { group in
            judging(group) { $0.members.latest.version } == .newest
        }
    }

    /// Lets go of the leader that was struck last, and strikes the one there is.
    func hunt(_ number: Int) {
        guard let active = faults[number], case .hunt(let hunt) = active.fault.effect else { return }
        let released = active.struck
        active.struck = []
        for index in released { makeGood(nodes[index], active.fault) }
        let prey = nodes.first {
            !released.contains($0.index) && !$0.isPaused && $0.core?.groups.first?.isLeading ?? false
        }
        let pace = hunt.milliseconds
        let wait = UInt64(pace.lowerBound + active.below(pace.count)) * VirtualTime.millisecond
        plan(.hunts(fault: number), in: wait)
        guard let prey else { return }
        note(.fault, prey.index, detail: UInt64(number), "is hunted: \(hunt)")
        switch hunt {
        case .kill: stop(prey, .kill, downNanoseconds: wait / 4)
        case .pause:
            prey.isPaused = true
            active.struck = [prey.index]
        case .cutOff:
            prey.tickNanoseconds = 20 * VirtualTime.millisecond
            active.struck = [prey.index]
        }
    }

    func endFault(_ number: Int) {
        guard let active = faults.removeValue(forKey: number) else { return }
        note(.fault, nil, detail: UInt64(number), "ends: #\(number)")
        weather.removeAll { $0.number == number }
        release(number)
        for index in active.struck { makeGood(nodes[index], active.fault) }
        switch active.fault.effect {
        case .rot(let index, _, _, _), .rotRow(let index, _, _, _):
            guard nodes[index].isUp else { return }
            // Rot is found when a store is opened, or read little by little: a node that ran on to the end might
            // not look.
            stop(nodes[index], .kill, downNanoseconds: 100 * VirtualTime.millisecond)
        case .copy(let index, _):
            if !active.struck.isEmpty { endCopy(of: nodes[index], mayJudge: active.fault.isOfFullLength) }
        case .unlink(let index): if !active.struck.isEmpty { expectEnd(of: nodes[index]) }
        case .oldImage(let index): putBack(nodes[index])
        case .founding(let founding): end(founding)
        case .move(let index, let telling): endMove(nodes[index], telling, active)
        case .diskSwap(let first, let second): swapBack(nodes[first], nodes[second])
        default: break
        }
    }

    /// Everything a link held back leaves at once.
    private func release(_ number: Int) {
        let held = clogged.filter { $0.fault == number }
        clogged.removeAll { $0.fault == number }
        for (_, packet) in held { put(packet) }
        releaseWaiting(number)
    }

    private func makeGood(_ node: SimulatedNode, _ fault: Fault) {
        switch fault.effect {
        case .pause: resume(node)
        case .diskFull: node.disk.setCapacity(bytes: nil)
        case .slowDisk: node.diskMicroseconds = settings.diskMicroseconds
        case .clockDrift: node.tickNanoseconds = 10 * VirtualTime.millisecond
        case .ioError: node.disk.setFailedSyncSurvival(.nothing)
        case .stopInDisk:
            node.struckDeath = nil
            node.disk.clearFaults()
        case .hunt(.pause): resume(node)
        case .hunt(.cutOff): node.tickNanoseconds = 10 * VirtualTime.millisecond
        case .hunt(.kill): break
        // The end of a death is a start, which was planned with it.
        case .stop, .terminate, .clockJump, .weather, .partition, .rot, .rotRow, .wipe, .unlink, .copy,
            .oldImage, .diskSwap, .operate, .move, .founding, .clientCrash, .upgrade, .restore, .tail,
            .backup,
            .blunder:
            break
        }
    }

    /// What happened while the process was stopped happens to it now.
    func resume(_ node: SimulatedNode) {
        guard node.isPaused else { return }
        node.isPaused = false
        let deferred = node.deferred
        node.deferred = []
        for event in deferred { plan(event, in: 0) }
    }

    // MARK: Healing

    /// Faults end. The nodes of `afflicted` stay broken, each in its own way; the rest are as new, and the
    /// network is, but for `partition`.
    func heal(afflicting afflicted: [Int: Affliction] = [:], leaving partition: Partition? = nil) {
        for number in faults.keys.sorted() { endFault(number) }
        afflictions = afflicted
        self.partition = partition
        for node in nodes where node.retired == nil && node.identity != nil {
            node.disk.clearFaults()
            node.disk.setCapacity(bytes: nil)
            node.diskMicroseconds = settings.diskMicroseconds
            node.tickNanoseconds = 10 * VirtualTime.millisecond
            node.struckDeath = nil
            if let affliction = afflicted[node.index] {
                afflict(node, affliction)
            } else {
                resume(node)
                if !node.isUp { startNode(node) }
            }
        }
        for client in clients where !client.isUp { startClient(client) }
    }

    private func afflict(_ node: SimulatedNode, _ affliction: Affliction) {
        note(.phase, node.index, "stays broken: \(affliction)")
        switch affliction {
        case .down: if node.isUp { stop(node, .kill, downNanoseconds: 0) }
        case .paused: if node.isUp { node.isPaused = true }
        case .slow:
            resume(node)
            node.diskMicroseconds = 500_000
            if !node.isUp { startNode(node) }
        case .cutOff, .deaf, .mute:
            resume(node)
            if !node.isUp { startNode(node) }
        }
    }
}
