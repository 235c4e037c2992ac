import DecreeStore
package import DecreeWire
package import Paxos

/// Who has this start of this node in its store, and whether those are enough for it to vote (invariant OneProcess).
struct Standing {
    /// Peers that have it, and those that speak a version that does not know of starts.
    var witnesses: Set<NodeID> = []
    /// Peers that could not be reached when that was last tried.
    var unreachable: Set<NodeID> = []
    /// The last number each peer has asked with whether this process lives, on the connection there is.
    var probed: [NodeID: UInt64] = [:]
    /// Who has asked that on any. What others pass on of its word may be from before.
    var askers: Set<NodeID> = []
}

extension NodeCore {
    /// Whether this process votes.
    var isVoting: Bool { identity.isVoting }

    /// Looks whether this node may vote from now on: a quorum of every configuration that governs an open slot, itself
    /// among it, has this start in its store; and so have all others that it can reach, so that of two copies each needs
    /// the word of the same. After a while it waits for the quorum alone.
    func reviewStanding() {
        guard !isVoting, diskState != .gone else { return }
        for group in groups where speaks >= WireVersion.starts {
            for entry in group.configurations.governing(from: group.chosenThrough.next) {
                let voters = entry.configuration.voters
                let knowing = voters.count { $0 == node || standing.witnesses.contains($0) }
                guard knowing >= entry.configuration.quorumSize else { return }
                guard ticks < graceTicks else { continue }
                let isWaiting = voters.contains {
                    $0 != node && !standing.witnesses.contains($0) && !standing.unreachable.contains($0)
                }
                guard !isWaiting else { return }
            }
        }
        identity.isVoting = true
        for index in groups.indices { groups[index].mayVote = true }
        tellAll(ownWitness)
    }

    var ownWitness: [NodeWitness] {
        [
            NodeWitness(
                node: node, store: identity.store, persistSequence: identity.persistSequence,
                seen: identity.seen)
        ]
    }

    func tellAll(_ told: [NodeWitness]) {
        guard !told.isEmpty else { return }
        for peer in peers { shell?.send(.seen(told), to: peer.node) }
        scheduleTurnEnd()
    }

    /// Takes what a peer says on a connection that this node opened.
    package func take(_ frame: NodeFrame, from peer: NodeID) {
        guard !isStopping else { return }
        switch frame {
        case .probe(let nonce, _):
            standing.probed[peer] = max(standing.probed[peer] ?? 0, nonce)
            standing.askers.insert(peer)
            // The peer may let the other in if this one does not vote: its word is void until it gives it again.
            if !isVoting { standing.witnesses.remove(peer) }
            shell?.send(.alive(nonce: nonce, isVoting: isVoting), to: peer)
            scheduleTurnEnd()
        case .witnessed(let start, let after):
            guard start == identity.starts.last, after >= standing.probed[peer] ?? 0 else { return }
            standing.witnesses.insert(peer)
            reviewStanding()
        case .seen(let told): hear(told, from: peer)
        case .vouched(let witness, let node, let starts): hear(witness, vouchingFor: node, starts, from: peer)
        case .received(let bytes): take(received: bytes, by: peer)
        case .alive, .yields: break
        }
    }

    /// A peer does not answer where it is looked for.
    package func cannotReach(_ peer: NodeID) {
        standing.unreachable.insert(peer)
        reviewStanding()
    }

    /// A link to a peer stands.
    func noteReached(_ admission: Admission) {
        let peer = admission.identity.node
        standing.unreachable.remove(peer)
        standing.probed[peer] = nil
        inbound.reached[peer] = admission.identity.seen?.start
        guard admission.version < WireVersion.starts else { return }
        standing.witnesses.insert(peer)
        reviewStanding()
    }
}
