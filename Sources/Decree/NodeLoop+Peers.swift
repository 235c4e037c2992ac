import DecreeWire
import Logging
import Paxos

extension NodeLoop {
    /// Takes a peer's message.
    func receive(_ frame: PeerFrame, from peer: NodeID) {
        figures.peerMessages += 1
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

    func hello(to peer: NodeID) -> Hello { Hello(from: identity, to: peer, witnessed: witnesses[peer]) }

    /// Judges who knocks, and remembers what a peer shows of its store.
    func answer(_ hello: Hello) -> (HelloReply, Handshake.Verdict) {
        let witnessed = hello.node.flatMap { witnesses[$0] }
        let isMember = hello.node.map { peer in links.contains { $0.peer == peer } } ?? false
        let (reply, verdict) = Handshake.answer(
            to: hello, as: identity, witnessed: witnessed, isMember: isMember)
        if case .admitted = verdict, hello.role == .peer, let peer = hello.node, let store = hello.store {
            meet(peer, store: store, persistSequence: hello.persistSequence)
            // It is up: no need to wait until its link is due to try again.
            links.first { $0.peer == peer }?.connect()
        }
        return (reply, verdict)
    }

    /// Judges who answers.
    func judge(_ reply: HelloReply, to hello: Hello) -> Handshake.Verdict {
        let verdict = Handshake.judge(reply, to: hello, as: identity)
        if case .admitted = verdict, case .admitted(let admission) = reply {
            let other = admission.identity
            meet(other.node, store: other.store, persistSequence: other.persistSequence)
        }
        return verdict
    }

    /// A peer knows this node's id with another store. With a new store, this node's disk was lost, and its
    /// votes with it. With one that has been in use, the peer may be a stranger whose cluster has the same
    /// name, and one stranger's word must not end a healthy node: the two just do not speak.
    func isKnownWithAnotherStore(_ reason: String) {
        if isStoreNew { fail(.fenced(reason)) }
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
