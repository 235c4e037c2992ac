package import Paxos

/// How two processes of one node relate: whether one continues what the other did, or they run from two copies of one
/// store (invariant OneProcess).
package enum Lineage {
    /// What a process is to the one that a peer saw last.
    package enum Relation: Hashable, Sendable {
        /// The peer has seen none.
        case first
        /// It is the same.
        case same
        /// Its store has all that the other did.
        case continues
        /// It does not know the other, or not all that the other did.
        case conflicts
    }

    /// What a process that tells its last starts is to the one that was seen.
    package static func relation(of starts: [NodeStart], to witnessed: Witness?) -> Relation {
        guard let own = starts.last, let witnessed, let seen = witnessed.seen?.start else { return .first }
        guard seen != own else { return .same }
        guard seen.incarnation < own.incarnation else { return .conflicts }
        // What the store had when the start after the one that was seen began.
        let end: PersistSequence
        if let index = starts.firstIndex(of: seen) {
            end = starts[index + 1].beganAt
        } else if seen.incarnation < starts[0].incarnation {
            // Longer ago than it tells: its own store knows, and is told in the answer.
            end = starts[0].beganAt
        } else {
            return .conflicts
        }
        return end >= witnessed.persistSequence ? .continues : .conflicts
    }

    /// What a peer saw of a node, as the node itself judges it.
    package enum Judgement: Hashable, Sendable {
        /// Nothing speaks against this process.
        case sound
        /// Its store went back in time.
        case wentBack
        /// Another process runs from another copy of the store, and goes on in its place.
        case loses(to: SeenStart)
    }

    /// What a process must make of what a peer saw of its store.
    ///
    /// - Parameter mayHaveVoted: whether the other process, if there is another, must be taken to vote though the peer
    ///   does not say so.
    package static func judge(
        _ witnessed: Witness, as own: NodeIdentity, mayHaveVoted: Bool
    ) -> Judgement {
        let isBehind = own.persistSequence < witnessed.persistSequence
        guard let seen = witnessed.seen, let mine = own.seen, seen.start != mine.start else {
            return isBehind ? .wentBack : .sound
        }
        if let index = own.starts.firstIndex(of: seen.start) {
            guard own.starts[index + 1].beganAt < witnessed.persistSequence else { return .sound }
        } else if seen.start.incarnation < own.starts[0].incarnation {
            return isBehind ? .wentBack : .sound
        } else if isBehind, !mine.isVoting {
            return .wentBack
        }
        if mayHaveVoted, !mine.isVoting { return .loses(to: seen) }
        return mine.beats(seen) ? .sound : .loses(to: seen)
    }
}
