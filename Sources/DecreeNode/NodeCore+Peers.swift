package import DecreeWire
package import Paxos

extension NodeCore {
    /// Takes a peer's message. One that stops takes none: whoever comes to lead by its promise would ask it, who has
    /// gone meanwhile, for what it said that it knew, and writes would wait until another is asked.
    ///
    /// - Parameter connection: on which it came; nil where there is but one. What comes on one that was superseded is lost.
    package func receive(_ frame: PeerFrame, from peer: NodeID, on connection: ConnectionID? = nil) {
        guard !isStopping, connection.map({ inbound.isCurrent($0, of: peer) }) ?? true else { return }
        if frame.sent > 0, let connection { note(received: frame.sent, on: connection) }
        // Of whom no start is told, the sequence may be another start's.
        if inbound[peer] != nil || witnesses[peer]?.seen == nil {
            witnesses.see(peer, persistSequence: frame.persistSequence)
        }
        if case .heartbeat(let heartbeat) = frame.message {
            hear(heartbeat.witnesses, from: peer)
            guard !isStopping else { return }
        }
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
        let isKnown =
            configurations.count == groups.count
            && groups.indices.allSatisfy { groups[$0].configurations == configurations[$0] }
        guard !isKnown else { return }
        let found = groups.indices.map { groups[$0].configurations }
        for (index, before) in configurations.enumerated() where before.latestFrom < found[index].latestFrom {
            shell?.note(.members(groups[index].id, found[index].latest, from: found[index].latestFrom))
        }
        configurations = found
        mergedPeers.review(
            groups.map { group in
                group.configurations.members(from: group.chosenThrough.next).filter { $0.node != node }
            })
        for member in peers { addresses.note(member.node, logged: member.address) }
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
        guard groups.indices.allSatisfy({ groups[$0].mayEnd }) else {
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

    func standing(of node: NodeID) -> Handshake.Standing {
        if let member = peers.first(where: { $0.node == node }) { return .member(store: member.store) }
        return isGone(node) ? .removed : .unknown
    }

    /// Whether a node was a member once, and is none of any group any more.
    package func isGone(_ node: NodeID) -> Bool {
        groups.indices.allSatisfy { groups[$0].isGone(node) }
    }

    // MARK: Handshakes

    /// How this node introduces itself to a peer.
    package func hello(to peer: NodeID) -> Hello {
        var hello = Hello(from: identity, to: peer, witnessed: witnesses[peer], address: address)
        hello.maximumVersion = speaks
        return hello
    }

    var terms: Handshake.Terms { Handshake.Terms(maximumVersion: speaks, required: version) }

    /// A peer was met that speaks this version: what it understands follows from it.
    func meet(_ peer: NodeID, speaking version: UInt16) {
        let understands = WireVersion.understood(by: version)
        guard understood[peer] != understands else { return }
        understood[peer] = understands
        for index in groups.indices { groups[index].understood = understood }
    }

    /// What a node that would found a cluster is told: this one exists.
    func claim(to founder: NodeID?) -> FoundingClaim {
        let known: FoundingClaim.Standing =
            switch founder.map({ $0 == node ? .member(store: nil) : standing(of: $0) }) {
            case .member: .member
            case .removed: .removed
            case .unknown, nil: .unknown
            }
        return FoundingClaim(
            cluster: identity.cluster, node: node, list: identity.genesis, nodes: [], token: 0,
            stage: .complete(founding), standing: known)
    }

    /// Judges who answers. A node that learns here that it must not go on has failed when this returns.
    package func judge(_ reply: HelloReply, to hello: Hello) -> Handshake.Verdict {
        var verdict = Handshake.judge(reply, to: hello, as: identity, terms: terms)
        if case .admitted(let admission) = reply {
            if let refusal = refusal(of: admission) {
                verdict = refusal
            } else if case .admitted(let version) = verdict {
                meet(admission, speaking: version)
            }
        }
        heed(verdict)
        // Said by the other side, it is about this node; said to the other side, it is not.
        if case .refused(.removed, let reason) = verdict { fail(.removed(reason)) }
        return verdict
    }

    /// Which process is the peer's is settled when it comes itself: until then no link leads to another than was seen last,
    /// and what that one saw of this node is not heeded.
    private func refusal(of admission: Admission) -> Handshake.Verdict? {
        let other = admission.identity
        guard let last = witnesses[other.node]?.seen?.start, let start = other.seen?.start, last != start
        else {
            return nil
        }
        return .refused(
            .unavailable, reason: "node \(other.node) answers as \(start), and was seen as \(last)")
    }

    /// Takes up what an answer shows of a peer.
    private func meet(_ admission: Admission, speaking version: UInt16) {
        let other = admission.identity
        let before = witnesses[other.node]?.seen
        witnesses.meet(
            other.node, store: other.store, persistSequence: other.persistSequence, seen: other.seen)
        meet(other.node, speaking: version)
        linkVersions[other.node] = version
        noteReached(admission)
        noteStart(of: other.node, before: before)
    }

    /// A peer may know this node's id with another store. With a new store, this node's disk was lost, and
    /// its votes with it. With one that has been in use, the peer may be a stranger whose cluster has the
    /// same name, and one stranger's word must not end a healthy node: the two just do not speak.
    func heed(_ verdict: Handshake.Verdict) {
        switch verdict {
        case .selfIsFenced(let reason): fail(.fenced(reason))
        case .selfIsAnother(let reason): if isStoreNew { fail(.fenced(reason)) }
        case .admitted, .refused: break
        }
    }
}
