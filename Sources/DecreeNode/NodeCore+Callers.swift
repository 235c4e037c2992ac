import DecreeStore
package import DecreeWire
package import Paxos

/// Who is let in (invariant OneProcess). A process that comes as a node of which another process is connected waits until
/// that one has said that it lives, or is gone. So a node that was started again is told from a second copy of it.
extension NodeCore {
    /// Judges who knocks, remembers what a peer shows of its store, and answers through the shell: at once, or when it
    /// is known whether another process of that node lives. A node that learns here that it must not go on has failed
    /// when this returns.
    package func answer(_ hello: Hello, on connection: ConnectionID) {
        if hello.role == .founder {
            shell?.answer(
                .founding(claim(to: hello.node)), .refused(.unavailable, reason: "this node is founded"),
                on: connection)
            return
        }
        // What a process saw of this node is heeded when it is let in: it may run from a copy, and have met another copy
        // of this one.
        var claimed = hello
        if !hello.starts.isEmpty { claimed.witnessed = nil }
        let (reply, verdict) = Handshake.answer(
            to: claimed, as: identity, witnessed: hello.node.flatMap { witnesses[$0] },
            standing: hello.node.map { standing(of: $0) } ?? .unknown, terms: terms)
        heed(verdict)
        guard case .admitted(let version) = verdict, hello.role == .peer, let peer = hello.node else {
            if case .refused(.wrongNode, _) = verdict { hear(hello) }
            shell?.answer(reply, verdict, on: connection)
            return
        }
        decide(
            InboundPeers.Caller(peer: peer, connection: connection, hello: hello, version: version),
            older: nil)
    }

    /// A node of this cluster looks here for another node: an old address led it astray. Where the first one itself is
    /// reached is worth knowing, for it does not know where this node is.
    private func hear(_ hello: Hello) {
        guard let peer = hello.node, peer != node, hello.receiver != node, hello.genesis == identity.genesis,
            contacts.contains(peer), inbound[peer] == nil,
            Lineage.relation(of: hello.starts, to: witnesses[peer]) != .conflicts
        else { return }
        hear(peer, at: hello.address)
        shell?.peerIsUp(peer)
    }

    /// A node says where it is reached.
    private func hear(_ peer: NodeID, at address: String) {
        if let other = addresses.contradiction(of: peer, at: address) {
            shell?.note(.announcedElsewhere(peer, at: address, notAt: other))
        }
        addresses.hear(peer, at: address)
    }

    /// What became of the question whether an older process lives.
    private enum Older {
        case lives(ConnectionID, isVoting: Bool)
        case isGone(ConnectionID)
    }

    private func decide(_ caller: InboundPeers.Caller, older: Older?) {
        guard let seen = caller.seen else {
            admit(caller)
            return
        }
        let peer = caller.peer
        if let live = inbound[peer], live.connection != caller.connection, live.start != seen.start {
            switch older {
            case .lives(live.connection, let isVoting)?:
                if isVoting { witnesses.noteVoting(peer) }
                let known = SeenStart(live.start, isVoting: isVoting || isKnownToVote(peer, live.start))
                if seen.beats(known) {
                    admit(caller)
                } else {
                    refuse(caller, for: known)
                    tellWitnessed()
                }
            case .isGone(live.connection)?:
                closeAdmitted(peer)
                decide(caller, older: nil)
            default: probe(live, for: caller, rival: seen)
            }
            return
        }
        if Lineage.relation(of: caller.hello.starts, to: witnesses[peer]) == .conflicts,
            let known = witnesses[peer]?.seen, !goesOn(seen, insteadOf: known, of: peer)
        {
            refuse(caller, for: known)
        } else {
            admit(caller)
        }
    }

    /// Whether a process may be taken for a peer instead of the one that was seen, where neither continues the other. That
    /// one may vote by this node's word, unless it was never given, or was given back.
    private func goesOn(_ seen: SeenStart, insteadOf known: SeenStart, of peer: NodeID) -> Bool {
        if seen.isVoting { return seen.beats(known) }
        return !known.isVoting && !witnesses.hasWord(known.start, of: peer)
            && seen.start.beganAt >= known.start.beganAt
    }

    private func isKnownToVote(_ peer: NodeID, _ start: NodeStart) -> Bool {
        witnesses[peer]?.seen == SeenStart(start, isVoting: true)
    }

    private func probe(_ live: InboundPeers.Admitted, for caller: InboundPeers.Caller, rival: SeenStart) {
        let nonce = inbound.nextNonce(for: live.connection)
        inbound.newcomers.append(
            InboundPeers.Newcomer(
                caller: caller, older: live.connection, nonce: nonce,
                deadline: ticks + InboundPeers.ticksToAnswer))
        shell?.send(.probe(nonce: nonce, rival: rival), on: live.connection)
    }

    private func refuse(_ caller: InboundPeers.Caller, for known: SeenStart) {
        let reason = Handshake.refusal(
            of: caller.hello, from: caller.peer, for: known.start, witnessed: witnesses[caller.peer])
        shell?.note(.secondProcess(caller.peer, known.start))
        shell?.answer(
            .refused(.anotherProcess, reason: reason), .refused(.anotherProcess, reason: reason),
            on: caller.connection)
    }

    private func admit(_ caller: InboundPeers.Caller) {
        let (peer, hello) = (caller.peer, caller.hello)
        guard let store = hello.store else { return }
        if caller.seen != nil, let seen = hello.witnessed, let verdict = Handshake.judge(seen, as: identity) {
            heed(verdict)
            let reason = "node \(node) was seen otherwise than it is"
            shell?.answer(.refused(.unavailable, reason: reason), verdict, on: caller.connection)
            return
        }
        let before = witnesses[peer]
        meet(peer, speaking: caller.version)
        let relation = Lineage.relation(of: hello.starts, to: before)
        if relation == .conflicts { witnesses.forget(peer) }
        witnesses.meet(peer, store: store, persistSequence: hello.persistSequence, seen: caller.seen)
        var witnessed = witnesses[peer]
        let older = inbound[peer]?.connection
        if let seen = caller.seen {
            // It judges what was seen before itself, if its store goes on from there.
            if relation == .continues { witnessed = before }
            inbound.admit(peer, caller.connection, seen.start)
            inbound.lineages[peer] = hello.starts
            noteStart(of: peer, before: before?.seen)
        }
        shell?.answer(
            .admitted(Admission(version: caller.version, identity: identity, witnessed: witnessed)),
            .admitted(version: caller.version), on: caller.connection)
        // A newcomer that waited for the older connection has this one asked, which takes questions only now.
        if let older, caller.seen != nil { supersede(older, by: caller.connection) }
        hear(peer, at: hello.address)
        shell?.peerIsUp(peer)
        tellWitnessed()
        scheduleTurnEnd()
    }

    private func supersede(_ older: ConnectionID, by connection: ConnectionID) {
        guard older != connection else { return }
        shell?.close(older)
        resolve { $0.older == older }
    }

    /// What is known of a peer's start has changed, if so: all are told at once, and a link that leads to another start
    /// is made again.
    func noteStart(of peer: NodeID, before: SeenStart?) {
        guard let seen = witnesses[peer]?.seen, seen != before else { return }
        tellAll(witnesses.told(of: peer))
        if let reached = inbound.reached[peer], reached != seen.start {
            inbound.reached[peer] = nil
            shell?.greetAgain(peer)
        }
    }

    /// Closes the connection of a process of a peer.
    func closeAdmitted(_ peer: NodeID) {
        guard let live = inbound[peer] else { return }
        inbound.admitted.removeAll { $0.peer == peer }
        shell?.close(live.connection)
        resolve { $0.older == live.connection }
    }

    // MARK: What becomes of connections

    /// A connection that was opened to this node is no more.
    package func closed(_ connection: ConnectionID) {
        inbound.newcomers.removeAll { $0.caller.connection == connection }
        inbound.admitted.removeAll { $0.connection == connection }
        inbound.doubted.removeAll { $0.connection == connection }
        resolve { $0.older == connection }
    }

    /// Looks whether a process was asked long ago whether it lives.
    func reviewCallers() {
        reviewDoubts()
        guard !inbound.newcomers.isEmpty else { return }
        let now = ticks
        resolve { $0.deadline <= now }
    }

    /// The older processes that these wait for are gone, or as good.
    private func resolve(_ isResolved: (InboundPeers.Newcomer) -> Bool) {
        while let index = inbound.newcomers.firstIndex(where: isResolved) {
            let newcomer = inbound.newcomers.remove(at: index)
            decide(newcomer.caller, older: .isGone(newcomer.older))
        }
    }

    // MARK: What nodes say of nodes

    /// Takes what a peer says on a connection that it opened.
    package func receive(_ frame: NodeFrame, from peer: NodeID, on connection: ConnectionID) {
        guard !isStopping, inbound.isCurrent(connection, of: peer) else { return }
        switch frame {
        case .alive(let nonce, let isVoting):
            guard !dispelsDoubt(nonce, isVoting: isVoting, of: peer) else { return }
            guard
                let index = inbound.newcomers.firstIndex(where: {
                    $0.nonce == nonce && $0.older == connection
                })
            else {
                // The newcomer that waited for this has gone.
                tellWitnessed()
                return
            }
            let newcomer = inbound.newcomers.remove(at: index)
            decide(newcomer.caller, older: .lives(connection, isVoting: isVoting))
        case .seen(let told): hear(told, from: peer)
        case .vouched(let witness, let node, let starts): hear(witness, vouchingFor: node, starts, from: peer)
        case .yields(let start):
            guard inbound[peer]?.start == start else { return }
            witnesses.noteYielded(start, of: peer)
            closeAdmitted(peer)
        case .probe, .witnessed, .received: break
        }
    }

    /// Tells peers that their starts stand in this node's store, when they do.
    ///
    /// - Parameter isRepeated: whether those are told again that were told, and are not known to vote.
    func tellWitnessed(isRepeated: Bool = false) {
        // By name: what is sent may show that a connection is gone, and with it an entry.
        for admitted in inbound.admitted {
            guard !admitted.isTold || isRepeated && witnesses[admitted.peer]?.seen?.isVoting == false,
                !inbound.isAsked(admitted.connection), witnesses.isDurable(admitted.start, of: admitted.peer)
            else { continue }
            inbound.tell(admitted.connection)
            witnesses.giveWord(to: admitted.start, of: admitted.peer)
            shell?.send(
                .witnessed(admitted.start, after: inbound.lastNonce), on: admitted.connection)
        }
    }
}
