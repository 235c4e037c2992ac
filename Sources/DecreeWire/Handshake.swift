package import Paxos

/// The rules by which two sides of a connection take each other for what they say they are (invariants
/// IdentityFresh and NoRegression). Each side applies them to the other: the one that was called with
/// `answer`, the one that called with `judge`.
package enum Handshake {
    /// What follows from a handshake besides the reply.
    package enum Verdict: Hashable, Sendable {
        /// The connection stands.
        case admitted(version: UInt16)
        /// The connection is closed.
        case refused(HelloRefusal, reason: String)
        /// The other side has seen this node's own store further on. *This* node must not vote.
        case selfIsFenced(reason: String)
        /// The other side knows this node's id with another store. If this node's store is new, its disk was
        /// lost, and it must not vote; if not, the other may be of another cluster of the same name. The
        /// connection is closed.
        case selfIsAnother(reason: String)
    }

    /// What a node knows of another from its configurations.
    package enum Standing: Hashable, Sendable {
        /// It belongs to one that governs an open slot, or a later one; with this store, if that is known.
        case member(store: StoreID?)
        /// Its id was never given, so far as this node knows, which may lag behind.
        case unknown
        /// It belongs to none of those any more, and its id is given up.
        case removed
    }

    /// What a node speaks, and what it asks of a node that is to be its peer.
    package struct Terms: Hashable, Sendable {
        /// The newest version that it speaks.
        package var maximumVersion: UInt16
        /// The version that its logs are at.
        package var required: ClusterVersion
        /// Terms.
        package init(maximumVersion: UInt16 = WireVersion.maximum, required: ClusterVersion = .first) {
            self.maximumVersion = maximumVersion
            self.required = required
        }
    }

    /// What node `own` answers to a hello. Somebody unknown is let in: it may have been admitted in a slot that
    /// this node has not executed yet. It counts for nothing until it has.
    ///
    /// - Parameters:
    ///   - witnessed: the highest this node saw of the sender, if the sender is a node it ever met.
    ///   - standing: what this node knows of the sender's node id; asked of peers only.
    ///   - terms: what this node speaks, and what its logs ask of a peer.
    package static func answer(
        to hello: Hello, as own: NodeIdentity, witnessed: Witness?, standing: Standing,
        terms: Terms = Terms()
    ) -> (reply: HelloReply, verdict: Verdict) {
        let verdict = judge(hello, as: own, witnessed: witnessed, standing: standing, terms)
        switch verdict {
        case .admitted(let version):
            return (
                .admitted(Admission(version: version, identity: own, witnessed: witnessed)), verdict
            )
        case .refused(let refusal, let reason): return (.refused(refusal, reason: reason), verdict)
        case .selfIsFenced(let reason), .selfIsAnother(let reason):
            return (.refused(.unavailable, reason: reason), verdict)
        }
    }

    /// What the caller `own` makes of the reply to the hello it sent.
    package static func judge(
        _ reply: HelloReply, to hello: Hello, as own: NodeIdentity, terms: Terms = Terms()
    ) -> Verdict {
        switch reply {
        case .refused(.fenced, let reason): return .selfIsFenced(reason: reason)
        case .refused(.anotherProcess, let reason):
            // It was judged as what it said it was. One that has come to vote since asks again.
            return hello.isVoting == own.isVoting
                ? .selfIsFenced(reason: reason) : .refused(.anotherProcess, reason: reason)
        case .refused(.identityChanged, let reason): return .selfIsAnother(reason: reason)
        case .refused(let refusal, let reason): return .refused(refusal, reason: reason)
        case .founding: return .refused(.unavailable, reason: "it took this node for a founder")
        case .admitted(let admission):
            let other = admission.identity
            guard (hello.minimumVersion...hello.maximumVersion).contains(admission.version) else {
                return .refused(.wrongVersion, reason: "the answer chose version \(admission.version)")
            }
            return clusterMismatch(of: other.cluster, other.genesis, as: own)
                ?? receiverMismatch(hello.receiver, reached: other.node)
                ?? regression(of: other.node, other.store, other.persistSequence, since: hello.witnessed)
                ?? ownRegression(of: own, since: admission.witnessed, mayHaveVoted: true)
                ?? tooOld(other.node, admission.version, terms)
                ?? .admitted(version: admission.version)
        }
    }

    private static func judge(
        _ hello: Hello, as own: NodeIdentity, witnessed: Witness?, standing: Standing, _ terms: Terms
    ) -> Verdict {
        guard
            let version = WireVersion.common(
                minimum: hello.minimumVersion, maximum: min(hello.maximumVersion, terms.maximumVersion))
        else {
            return .refused(
                .wrongVersion,
                reason: "node \(own.node) speaks versions \(WireVersion.minimum) to \(terms.maximumVersion), "
                    + "not \(hello.minimumVersion) to \(hello.maximumVersion); upgrade the older side")
        }
        let cluster = hello.role == .client && hello.cluster.isEmpty ? own.cluster : hello.cluster
        if let mismatch = clusterMismatch(of: cluster, hello.genesis, as: own)
            ?? receiverMismatch(hello.receiver, reached: own.node)
        {
            return mismatch
        }
        guard hello.role == .peer else { return .admitted(version: version) }
        guard let node = hello.node, let store = hello.store, node != own.node else {
            return .refused(.wrongNode, reason: "the caller says that it is node \(own.node), and so am I")
        }
        // Whether the caller's store went back in time is for the caller to say, who is told in the reply what
        // was seen of it: between its hello and this moment it may have shown a later sequence on another
        // connection, so that an honest hello looks old from here.
        return misfit(of: node, store, standing, speaking: version)
            ?? anotherStore(of: node, store, since: witnessed)
            ?? ownRegression(of: own, since: hello.witnessed, mayHaveVoted: false)
            ?? tooOld(node, version, terms)
            ?? .admitted(version: version)
    }

    /// A peer that would not understand what the log may hold is not spoken to (invariant EntriesUnderstood): it would
    /// stop at the first entry that is new to it.
    private static func tooOld(_ peer: NodeID, _ version: UInt16, _ terms: Terms) -> Verdict? {
        let understood = WireVersion.understood(by: version)
        guard understood < terms.required else { return nil }
        return .refused(
            .wrongVersion,
            reason:
                "the cluster is at version \(terms.required), and the build of node \(peer) understands version "
                + "\(understood): run the build of the other members there, or a later one")
    }

    /// Whether what the configurations know of a node speaks against it. A caller that speaks version 1 knows no
    /// refusal for a removed node, and would take one for damage: it is told the nearest.
    private static func misfit(
        of node: NodeID, _ store: StoreID, _ standing: Standing, speaking version: UInt16
    ) -> Verdict? {
        switch standing {
        case .member(let known?) where known != store:
            return .refused(.identityChanged, reason: storesDiffer(of: node, known: known, store))
        case .member, .unknown: return nil
        case .removed:
            return .refused(
                version >= WireVersion.members ? .removed : .wrongNode,
                // What to do then, the node says itself.
                reason: "node \(node) was removed from the cluster, and its id is never given again")
        }
    }

    private static func clusterMismatch(of cluster: String, _ genesis: Digest?, as own: NodeIdentity)
        -> Verdict?
    {
        guard ClusterName.areSame(cluster, own.cluster) else {
            return .refused(
                .wrongCluster,
                reason: "node \(own.node) belongs to cluster \"\(own.cluster)\", not \"\(cluster)\"; "
                    + "check the addresses")
        }
        if let genesis, genesis != own.genesis {
            return .refused(
                .wrongGenesis,
                reason: "cluster \"\(own.cluster)\" of node \(own.node) was created as \(own.genesis), not "
                    + "\(genesis): two clusters share a name, or a node was initialised otherwise")
        }
        return nil
    }

    private static func receiverMismatch(_ wanted: NodeID?, reached: NodeID) -> Verdict? {
        guard let wanted, wanted != reached else { return nil }
        return .refused(
            .wrongNode,
            reason: "node \(reached) stands where node \(wanted) was expected; check the addresses")
    }

    private static func regression(
        of node: NodeID, _ store: StoreID, _ persistSequence: PersistSequence, since witnessed: Witness?
    ) -> Verdict? {
        guard let witnessed else { return nil }
        if let mismatch = anotherStore(of: node, store, since: witnessed) { return mismatch }
        guard persistSequence >= witnessed.persistSequence else {
            return .refused(
                .fenced, reason: wentBack(node, from: witnessed.persistSequence, to: persistSequence))
        }
        return nil
    }

    private static func wentBack(
        _ node: NodeID, from seen: PersistSequence, to persistSequence: PersistSequence
    ) -> String {
        "the store of node \(node) went back in time, from transaction \(seen) to \(persistSequence) (an old backup, "
            + "a disk that lied, or a copy of a directory that was used on). If node \(node) runs from another directory, "
            + "delete this one; else it joins again under a new id: \(replacement(of: node))"
    }

    private static func anotherStore(
        of node: NodeID, _ store: StoreID, since witnessed: Witness?
    ) -> Verdict? {
        guard let witnessed, store != witnessed.store else { return nil }
        return .refused(.identityChanged, reason: storesDiffer(of: node, known: witnessed.store, store))
    }

    private static func storesDiffer(of node: NodeID, known: StoreID, _ store: StoreID) -> String {
        "node \(node) was known with store \(known) and comes with \(store); "
            + "a node that lost its disk joins again under a new id; \(replacement(of: node)); or two clusters share "
            + "a name: check the addresses in \"nodes\""
    }

    /// How a node that may not vote any more comes back.
    private static func replacement(of node: NodeID) -> String {
        "run `decree member replace \(node) HOST:PORT --nodes …`, then start the node with an empty directory and "
            + "`decree node --join HOST:PORT`"
    }

    /// What another saw of this node, as this node judges it: only it knows what it has at this moment.
    private static func ownRegression(
        of own: NodeIdentity, since witnessed: Witness?, mayHaveVoted: Bool
    ) -> Verdict? {
        guard let witnessed else { return nil }
        return judge(witnessed, as: own, mayHaveVoted: mayHaveVoted)
    }

    /// What node `own` makes of what another saw of it; nil if it may go on.
    package static func judge(
        _ witnessed: Witness, as own: NodeIdentity, mayHaveVoted: Bool = false
    ) -> Verdict? {
        if case .refused(_, let reason) = anotherStore(of: own.node, own.store, since: witnessed) {
            return .selfIsAnother(reason: reason)
        }
        switch Lineage.judge(witnessed, as: own, mayHaveVoted: mayHaveVoted) {
        case .sound: return nil
        case .wentBack:
            return .selfIsFenced(
                reason: wentBack(own.node, from: witnessed.persistSequence, to: own.persistSequence))
        case .loses(let seen):
            return .selfIsFenced(reason: anotherProcess(of: own.node, seen.start))
        }
    }

    /// What a caller is told that neither continues the start of its node that was seen, nor goes on in its place. That its
    /// store is behind is certain then: it is not that start's.
    package static func refusal(
        of hello: Hello, from node: NodeID, for start: NodeStart, witnessed: Witness?
    ) -> String {
        if let witnessed, hello.persistSequence < witnessed.persistSequence {
            return wentBack(node, from: witnessed.persistSequence, to: hello.persistSequence)
        }
        return anotherProcess(of: node, start)
    }

    /// What a process is told that is not the one of its node that goes on.
    package static func anotherProcess(of node: NodeID, _ start: NodeStart) -> String {
        "another process runs, or ran, as node \(node) from another copy of this directory (\(start)), and this one "
            + "lacks what that one did. If that one is not the one you want, stop it as well; \(replacement(of: node))"
    }
}
