import DecreeStore
import DecreeWire
import Paxos

/// What nodes say of others, and what is passed on (invariant OneProcess).
extension NodeCore {
    /// Ticks between two times that nodes tell each other of starts that do not vote yet.
    private static let ticksBetweenWords: UInt64 = 25

    /// Tells of starts that are not known to vote, this node's own among them, and vouches for those that it has written
    /// down. It is said again until they vote: what is said once may be lost, and a node that reaches few others needs the
    /// word of a quorum.
    func spreadWord() {
        guard ticks % Self.ticksBetweenWords == 0, speaks >= WireVersion.starts else { return }
        let waiting = witnesses.all.filter { told in
            told.seen?.isVoting == false && peers.contains { $0.node == told.node }
        }
        guard !isVoting || !waiting.isEmpty else { return }
        tellAll((ownWitness + waiting).sorted { $0.node < $1.node })
        tellWitnessed(isRepeated: true)
        for told in waiting {
            guard let start = told.seen?.start, witnesses.isDurable(start, of: told.node),
                !witnesses.hasYielded(start, of: told.node)
            else { continue }
            witnesses.giveWord(to: start, of: told.node)
            let lineage = inbound.lineages[told.node] ?? []
            let starts = lineage.last == start ? lineage : [start]
            for peer in peers where peer.node != told.node {
                shell?.send(.vouched(witness: node, node: told.node, starts), to: peer.node)
            }
        }
    }

    /// A witness vouches for a start of a node. This node's own counts it, unless the witness has asked itself whether this
    /// process lives: then its word comes from it alone. Another's is passed on, if it comes from the witness.
    func hear(
        _ witness: NodeID, vouchingFor other: NodeID, _ starts: [NodeStart], from peer: NodeID
    ) {
        guard other == node else {
            guard witness == peer, other != peer else { return }
            shell?.send(.vouched(witness: witness, node: other, starts), to: other)
            scheduleTurnEnd()
            follow(starts, of: other)
            return
        }
        guard let start = starts.last, start == identity.starts.last, witness != node,
            !standing.askers.contains(witness)
        else { return }
        standing.witnesses.insert(witness)
        reviewStanding()
    }

    /// Takes up a later start of a node that another has met, if it continues the one that was seen here.
    private func follow(_ starts: [NodeStart], of other: NodeID) {
        guard let start = starts.last, let known = witnesses[other], let last = known.seen,
            starts.contains(last.start), Lineage.relation(of: starts, to: known) == .continues
        else { return }
        let seen = SeenStart(start, isVoting: false)
        if let live = inbound[other], live.start != start { return doubt(live, rival: seen) }
        inbound.lineages[other] = starts
        witnesses.meet(other, store: known.store, persistSequence: start.beganAt, seen: seen)
        noteStart(of: other, before: last)
    }

    /// What a peer saw of the nodes' stores. What any peer says of this node's own store is heeded. A store that this node
    /// has not met is taken for the member's all the same, so that no other passes for it here: of members alone, so that
    /// no peer can have anything remembered.
    func hear(_ told: [NodeWitness], from peer: NodeID) {
        for witness in told {
            if witness.node == node {
                hearOfItself(witness)
                guard failure == nil else { return }
            } else if witnesses[witness.node] != nil || isMember(witness) {
                hear(of: witness)
            }
        }
    }

    private func hearOfItself(_ told: NodeWitness) {
        let witnessed = Witness(store: told.store, persistSequence: told.persistSequence, seen: told.seen)
        if let verdict = Handshake.judge(witnessed, as: identity) { heed(verdict) }
    }

    private func hear(of told: NodeWitness) {
        let known = witnesses[told.node]
        guard let seen = told.seen, let last = known?.seen else {
            witnesses.meet(
                told.node, store: told.store, persistSequence: told.persistSequence, seen: told.seen)
            return
        }
        guard known?.store == told.store else { return }
        if seen.start != last.start {
            // What was said may be old: of earlier starts there is nothing to learn. That a later one which does not vote
            // yet continues what was seen here, its number does not say: it is taken up by its lineage alone.
            guard seen.start.incarnation >= last.start.incarnation, seen.isVoting, seen.beats(last) else {
                return
            }
            if let live = inbound[told.node], live.start != seen.start { closeAdmitted(told.node) }
            let isSuccessor =
                seen.start.incarnation > last.start.incarnation
                && seen.start.beganAt >= known?.persistSequence ?? 0
            if !isSuccessor { witnesses.forget(told.node) }
        }
        witnesses.meet(told.node, store: told.store, persistSequence: told.persistSequence, seen: seen)
        noteStart(of: told.node, before: last)
    }

    /// No node closes a connection whose other machine has lost its power: the process at its end is asked, and counts as
    /// gone if it does not answer. The later start is heard of again.
    private func doubt(_ live: InboundPeers.Admitted, rival: SeenStart) {
        guard !inbound.doubted.contains(where: { $0.connection == live.connection }) else { return }
        let nonce = inbound.nextNonce(for: live.connection)
        inbound.doubted.append(
            InboundPeers.Doubted(
                peer: live.peer, connection: live.connection, nonce: nonce,
                deadline: ticks + InboundPeers.ticksToAnswer))
        shell?.send(.probe(nonce: nonce, rival: rival), on: live.connection)
    }

    /// Whether an answer was to such a question: then the later start is another process of the node, and has to come
    /// itself.
    func dispelsDoubt(_ nonce: UInt64, isVoting: Bool, of peer: NodeID) -> Bool {
        guard let index = inbound.doubted.firstIndex(where: { $0.nonce == nonce && $0.peer == peer }) else {
            return false
        }
        inbound.doubted.remove(at: index)
        if isVoting { witnesses.noteVoting(peer) }
        tellWitnessed()
        return true
    }

    /// Closes the connections whose other ends have not answered.
    func reviewDoubts() {
        let now = ticks
        for gone in inbound.doubted where gone.deadline <= now {
            if inbound[gone.peer]?.connection == gone.connection { closeAdmitted(gone.peer) }
        }
        inbound.doubted.removeAll { $0.deadline <= now }
    }

    /// Whether a member may have that store, as far as the log knows.
    private func isMember(_ witness: NodeWitness) -> Bool {
        peers.contains { $0.node == witness.node && $0.store ?? witness.store == witness.store }
    }
}
