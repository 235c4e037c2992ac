package import DecreeWire
package import Paxos

extension NodeCore {
    /// Takes a peer's message. One that stops takes none: whoever comes to lead by its promise would ask it, who has
    /// gone meanwhile, for what it said that it knew, and writes would wait until another is asked.
    package func receive(_ frame: PeerFrame, from peer: NodeID) {
        guard !isStopping else { return }
        witnesses.see(peer, persistSequence: frame.persistSequence)
        if case .heartbeat(let heartbeat) = frame.message { hear(heartbeat.witnesses) }
        guard !isBulk(frame.message) || hasRoomForWrites else { return }
        handle(.message(frame.message, from: peer), in: frame.group)
        scheduleTurnEnd()
    }

    private var hasRoomForWrites: Bool {
        step.writeBytes < Self.waitingWriteBytes && step.writes.count < Self.waitingWrites
    }

    /// Whether it makes rows of the size of a proposal. Losing one is harmless: it is sent again, or fetched.
    private func isBulk(_ message: Message) -> Bool {
        switch message {
        case .accept, .decisions, .snapshotChunk: true
        default: false
        }
    }

    // MARK: Who there is

    /// Looks who belongs to the groups. Cheap while nothing has changed.
    func reviewPeers() {
        let found = groups.map(\.configurations)
        guard found != configurations else { return }
        for (index, before) in configurations.enumerated() where before.latestFrom < found[index].latestFrom {
            shell?.note(.members(groups[index].id, found[index].latest, from: found[index].latestFrom))
        }
        configurations = found
        mergedPeers.review(
            groups.map { group in
                group.configurations.members(from: group.chosenThrough.next).filter { $0.node != node }
            })
        shell?.peersChanged()
    }

    /// Tells when another leads.
    func reviewLeaders() {
        for index in groups.indices where groups[index].leaderHint != leaders[index] {
            leaders[index] = groups[index].leaderHint
            shell?.note(.leader(groups[index].id, leaders[index]))
        }
    }

    /// Ends this node if it belongs to no group any more. Not before it has led to the end and others are known to have
    /// what it has, and not at once: more of them may have to learn from it, and from nobody else, that they are enough
    /// now.
    func endIfGone() {
        guard isGone(node) else { return }
        guard groups.allSatisfy(\.mayEnd) else {
            greetAgainIfDue()
            return
        }
        let since = goneTick ?? ticks
        goneTick = since
        guard ticks - since >= Self.ticksGone, !groups.contains(where: \.isLeading) else { return }
        fail(.removed("node \(node) was removed from the cluster"))
    }

    /// Whoever has come to know that this node is gone speaks to it no more, and says so only when it is greeted.
    private func greetAgainIfDue() {
        guard ticks - greetedTick >= Self.ticksGone, !groups.contains(where: \.isLeading) else { return }
        greetedTick = ticks
        shell?.greetPeersAgain()
    }

    private func standing(of node: NodeID) -> Handshake.Standing {
        if let member = peers.first(where: { $0.node == node }) { return .member(store: member.store) }
        return isGone(node) ? .removed : .unknown
    }

    /// Whether a node was a member once, and is none of any group any more.
    package func isGone(_ node: NodeID) -> Bool { groups.allSatisfy { $0.isGone(node) } }

    // MARK: Handshakes

    /// How this node introduces itself to a peer.
    package func hello(to peer: NodeID) -> Hello {
        var hello = Hello(from: identity, to: peer, witnessed: witnesses[peer], address: address)
        hello.maximumVersion = speaks
        return hello
    }

    private var terms: Handshake.Terms { Handshake.Terms(maximumVersion: speaks, required: version) }

    /// A peer was met that speaks this version: what it understands follows from it.
    private func meet(_ peer: NodeID, speaking version: UInt16) {
        let understands = WireVersion.understood(by: version)
        guard understood[peer] != understands else { return }
        understood[peer] = understands
        for index in groups.indices { groups[index].understood = understood }
    }

    /// Judges who knocks, and remembers what a peer shows of its store. A node that learns here that it must
    /// not go on has failed when this returns.
    package func answer(_ hello: Hello) -> (HelloReply, Handshake.Verdict) {
        let (reply, verdict) = Handshake.answer(
            to: hello, as: identity, witnessed: hello.node.flatMap { witnesses[$0] },
            standing: hello.node.map { standing(of: $0) } ?? .unknown, terms: terms)
        if case .admitted(let version) = verdict, hello.role == .peer, let peer = hello.node,
            let store = hello.store
        {
            meet(peer, speaking: version)
            witnesses.meet(peer, store: store, persistSequence: hello.persistSequence)
            shell?.peerIsUp(peer, address: hello.address)
        }
        heed(verdict)
        return (reply, verdict)
    }

    /// Judges who answers. A node that learns here that it must not go on has failed when this returns.
    package func judge(_ reply: HelloReply, to hello: Hello) -> Handshake.Verdict {
        let verdict = Handshake.judge(reply, to: hello, as: identity, terms: terms)
        if case .admitted(let version) = verdict, case .admitted(let admission) = reply {
            let other = admission.identity
            meet(other.node, speaking: version)
            witnesses.meet(other.node, store: other.store, persistSequence: other.persistSequence)
        }
        heed(verdict)
        // Said by the other side, it is about this node; said to the other side, it is not.
        if case .refused(.removed, let reason) = verdict { fail(.removed(reason)) }
        return verdict
    }

    /// A peer may know this node's id with another store. With a new store, this node's disk was lost, and
    /// its votes with it. With one that has been in use, the peer may be a stranger whose cluster has the
    /// same name, and one stranger's word must not end a healthy node: the two just do not speak.
    private func heed(_ verdict: Handshake.Verdict) {
        switch verdict {
        case .selfIsFenced(let reason): fail(.fenced(reason))
        case .selfIsAnother(let reason): if isStoreNew { fail(.fenced(reason)) }
        case .admitted, .refused: break
        }
    }

    /// What the leader saw of the nodes' stores. Of this node's own, too: it cannot show less than it has. A store that
    /// this node has not met is taken for the member's all the same, lest another pass for it here: of members alone, so
    /// that whoever speaks cannot have anything remembered.
    private func hear(_ told: [NodeWitness]) {
        for witness in told where witness.node != node {
            guard witnesses[witness.node] != nil || isMember(witness) else { continue }
            witnesses.meet(witness.node, store: witness.store, persistSequence: witness.persistSequence)
        }
    }

    /// Whether a member may have that store, as far as the log knows.
    private func isMember(_ witness: NodeWitness) -> Bool {
        peers.contains { $0.node == witness.node && $0.store ?? witness.store == witness.store }
    }
}
