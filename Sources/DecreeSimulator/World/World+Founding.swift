import DecreeNode
import DecreeStore
import DecreeWire
import NIOCore
import Paxos

/// How a cluster begins: nodes with empty directories found it, and what is against that.
extension World {
    private static let askNanoseconds = 25 * VirtualTime.millisecond
    /// How long an answer is waited for.
    private static let patienceNanoseconds = 300 * VirtualTime.millisecond

    /// Whether all nodes that the cluster is created with have a store that may vote.
    var isFounded: Bool {
        !settings.schedule.isFounding
            || nodes.prefix(settings.nodes).allSatisfy { $0.isFounded || $0.retired != nil }
    }

    func beginFounding(_ node: SimulatedNode) {
        note(
            .node, node.index, detail: UInt64(node.life),
            "is to found the cluster: \(node.founding?.founder.claim.stage, default: "")")
        node.isPaused = afflictions[node.index] == .paused
        perform(node.founding?.founder.start(), on: node)
        plan(.foundingAsks(node: node.index, life: node.life), in: VirtualTime.millisecond)
    }

    // MARK: Asking

    func foundingAsks(_ index: Int, _ life: Int, _ event: WorldEvent) {
        guard let node = awake(index, life, event), let founding = node.founding else { return }
        for other in founding.founder.asks {
            let address = founding.founder.address(of: other, attempt: Int(now / Self.askNanoseconds))
            if let place = place(at: address) { ask(place, from: node) }
        }
        plan(event, in: Self.askNanoseconds)
    }

    private func ask(_ place: Int, from node: SimulatedNode) {
        guard let founding = node.founding,
            founding.asked[place].map({ now >= $0.at + Self.patienceNanoseconds }) ?? true
        else { return }
        let claim = founding.founder.claim
        let number = founding.questions + 1
        node.founding?.questions = number
        node.founding?.asked[place] = (number, claim, now)
        var bytes = ByteBuffer()
        do throws(WireError) {
            try Hello(founding: claim, to: nodes[place].id).write(into: &bytes)
        } catch {
            violate(.invariant, "a founder cannot encode its hello: \(error)")
        }
        put(
            Packet(
                kind: .hello, from: node.index, to: place, fromLife: node.life, toLife: nil,
                connection: number,
                isFromDialler: true, bytes: bytes))
    }

    /// Another process greets a node that founds.
    func greet(_ node: SimulatedNode, _ hello: Hello) -> HelloReply? {
        guard let founder = node.founding?.founder else { return nil }
        guard hello.role == .founder, let claim = hello.claim else {
            node.founding?.founder.greeted(by: hello)
            return .refused(.unavailable, reason: founder.excuse)
        }
        hear(claim, on: node, answering: nil)
        return node.founding.map { .founding($0.founder.claim) }
    }

    /// Whether a reply was one to a founder.
    func arriveAtFounder(_ reply: HelloReply?, _ packet: Packet) -> Bool {
        guard packet.to < nodes.count, let founding = nodes[packet.to].founding else { return false }
        let node = nodes[packet.to]
        guard packet.toLife == node.life, let asked = founding.asked[packet.from],
            asked.number == packet.connection
        else { return true }
        node.founding?.asked[packet.from] = nil
        if case .founding(let claim) = reply { hear(claim, on: node, answering: asked.claim) }
        return true
    }

    private func hear(_ claim: FoundingClaim, on node: SimulatedNode, answering sent: FoundingClaim?) {
        let action = node.founding?.founder.hear(claim, answering: sent)
        perform(action, on: node)
    }

    // MARK: The disk

    private func perform(_ action: Founder.Action?, on node: SimulatedNode) {
        guard let action else { return }
        note(.node, node.index, "founding: \(action)")
        if case .refuse(let refusal) = action { return refuse(node, refusal) }
        node.founding?.job = action
        plan(
            .foundingWorks(node: node.index, life: node.life), in: network.within(2 * VirtualTime.millisecond)
        )
    }

    func foundingWorks(_ index: Int, _ life: Int, _ event: WorldEvent) {
        guard let node = awake(index, life, event), let founding = node.founding else { return }
        do {
            try founding.work()
        } catch {
            return startFailed(node, error)
        }
        plan(.foundingReports(node: index, life: life), in: 30 * VirtualTime.microsecond)
    }

    func foundingReports(_ index: Int, _ life: Int, _ event: WorldEvent) {
        guard let node = awake(index, life, event), let job = node.founding?.job else { return }
        node.founding?.job = nil
        switch job {
        case .prepare: perform(node.founding?.founder.prepared(), on: node)
        case .delete:
            counts.refoundings += 1
            let token = node.random.next() | 1
            perform(node.founding?.founder.deleted(newToken: token), on: node)
        case .complete:
            counts.foundings += 1
            node.founding = nil
            startNode(node)
        case .refuse: break
        }
    }

    /// It is told that the cluster exists: its disk is not there, or lost.
    private func refuse(_ node: SimulatedNode, _ refusal: FoundingRefusal) {
        counts.foundersRefused += 1
        node.vanish()
        if unmounted[node.index] != nil { return startLater(node, in: 500 * VirtualTime.millisecond) }
        if refusal.standing == .removed, judge.members.latest.gone.contains(node.id.rawValue) {
            return retire(node, "it was removed")
        }
        nodeFailed(node, .fenced(refusal.description(of: SimulatedNode.directory)))
        retire(node, "it is fenced")
    }

    // MARK: Faults

    func begin(_ fault: Fault.Founding, _ active: ActiveFault) {
        switch fault {
        case .editedList(let index):
            nodes[index].listsAnother = true
            restartFounder(nodes[index])
        case .death(let index, let operation):
            guard nodes[index].retired == nil, !nodes[index].isFounded else { return }
            nodes[index].disk.inject(DiskFault(.crash, at: operation, of: .writesAndSyncs))
        case .missingMount(let index): unmount(nodes[index], active)
        }
    }

    func end(_ fault: Fault.Founding) {
        switch fault {
        case .editedList(let index):
            nodes[index].listsAnother = false
            restartFounder(nodes[index])
        case .death(let index, _):
            if !nodes[index].isFounded { nodes[index].disk.clearFaults() }
        case .missingMount(let index): mount(nodes[index])
        }
    }

    private func restartFounder(_ node: SimulatedNode) {
        guard node.founding != nil, node.retired == nil else { return }
        stop(node, .kill, downNanoseconds: 50 * VirtualTime.millisecond)
    }

    /// Whether the store of another member is where it was. Where all are gone at once, the nodes are a new cluster's.
    func isAnotherMounted(than node: SimulatedNode) -> Bool {
        nodes.contains {
            $0.identity != nil && $0.index != node.index && isVictim($0)
                && judge.members.latest.members[$0.id.rawValue] != nil
                && ($0.isFounded || !settings.schedule.isFounding)
        }
    }

    private func unmount(_ node: SimulatedNode, _ active: ActiveFault) {
        guard isFounded, isVictim(node), images[node.index] == nil, node.identity != nil,
            isAnotherMounted(than: node)
        else { return }
        active.struck = [node.index]
        if node.isUp { stop(node, .kill, downNanoseconds: 50 * VirtualTime.millisecond) }
        unmounted[node.index] = node.disk.image
        node.disk.restore(SimulatedDisk().image, seed: now)
        counts.unmounts += 1
        note(.fault, node.index, "has no disk mounted")
    }

    private func mount(_ node: SimulatedNode) {
        guard let image = unmounted.removeValue(forKey: node.index) else { return }
        if node.isUp { stop(node, .kill, downNanoseconds: 50 * VirtualTime.millisecond) }
        node.disk.restore(image, seed: now)
        if !node.isUp { startLater(node, in: 50 * VirtualTime.millisecond) }
    }
}
