package import DecreeWire
package import Paxos

extension NodeCore {
    /// Takes a peer's message.
    package func receive(_ frame: PeerFrame, from peer: NodeID) {
        witness(peer, persistSequence: frame.persistSequence)
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
        case .accept, .decisions: true
        default: false
        }
    }

    // MARK: Handshakes

    /// How this node introduces itself to a peer.
    package func hello(to peer: NodeID) -> Hello {
        Hello(from: identity, to: peer, witnessed: witnesses[peer])
    }

    /// Judges who knocks, and remembers what a peer shows of its store. A node that learns here that it must
    /// not go on has failed when this returns.
    package func answer(_ hello: Hello) -> (HelloReply, Handshake.Verdict) {
        let witnessed = hello.node.flatMap { witnesses[$0] }
        let isMember = hello.node.map { peers.contains($0) } ?? false
        let (reply, verdict) = Handshake.answer(
            to: hello, as: identity, witnessed: witnessed, isMember: isMember)
        if case .admitted = verdict, hello.role == .peer, let peer = hello.node, let store = hello.store {
            meet(peer, store: store, persistSequence: hello.persistSequence)
            shell?.peerIsUp(peer)
        }
        heed(verdict)
        return (reply, verdict)
    }

    /// Judges who answers. A node that learns here that it must not go on has failed when this returns.
    package func judge(_ reply: HelloReply, to hello: Hello) -> Handshake.Verdict {
        let verdict = Handshake.judge(reply, to: hello, as: identity)
        if case .admitted = verdict, case .admitted(let admission) = reply {
            let other = admission.identity
            meet(other.node, store: other.store, persistSequence: other.persistSequence)
        }
        heed(verdict)
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

    private func meet(_ peer: NodeID, store: StoreID, persistSequence: PersistSequence) {
        guard let known = witnesses[peer] else {
            witnesses[peer] = Witness(store: store, persistSequence: persistSequence)
            return
        }
        if store == known.store, persistSequence > known.persistSequence {
            witnesses[peer] = Witness(store: known.store, persistSequence: persistSequence)
        }
    }

    private func witness(_ peer: NodeID, persistSequence: PersistSequence) {
        guard let known = witnesses[peer], persistSequence > known.persistSequence else { return }
        witnesses[peer] = Witness(store: known.store, persistSequence: persistSequence)
    }
}
