package import DecreeStore
package import DecreeWire
package import Paxos

/// A node whose directory is empty, or whose founding is not complete: it founds its cluster together with all nodes
/// that it lists, or not at all (invariant FoundedOnce). A value: what it hears goes in, what its shell is to do comes
/// out.
///
/// Each process that founds has a random token. When a node knows the tokens of all, it can name the founding: their
/// digest. When all others name the same, it makes its store, *prepared*: the store has not voted, and is told from
/// those of any other founding. When it knows that the stores of all others are prepared, or that one of them knows,
/// the founding is complete, and it votes.
///
/// A token takes part in one founding at most: a process that restarts, or deletes what it prepared, draws another. So
/// a founding can be completed only as long as each of its tokens lives on, in a process or in a store. A prepared node
/// that is answered by a node that neither gathers with its token of this founding nor has prepared it knows that this one
/// will not be prepared any more. When all others have answered since, and none has completed the founding, it deletes its
/// store, and gathers again. One that cannot be reached may have completed it.
package struct Founder: Hashable, Sendable {
    /// What the shell is to do; it tells when that is done.
    package enum Action: Hashable, Sendable {
        /// Make the store, durably; then `prepared()`.
        case prepare(FoundingRecord)
        /// Note in the store that the founding is complete, durably; then `completed()`.
        case complete(FoundingRecord)
        /// Delete the store; then `deleted(newToken:)`.
        case delete(FoundingRecord)
        /// Give up: the cluster exists.
        case refuse(FoundingRefusal)
    }

    private enum Stage: Hashable {
        case gathering
        case preparing(FoundingRecord)
        case prepared(FoundingRecord)
        case completing(FoundingRecord)
        case deleting
        case complete(FoundingRecord)
        case refused
    }

    private struct Heard: Hashable {
        var token: UInt64
        var stage: FoundingClaim.Stage
    }

    /// How many nodes that greet it are asked: one that belongs to the cluster is enough.
    private static let informants = 64

    /// What is to be founded.
    package let plan: FoundingPlan
    private var token: UInt64
    private var stage: Stage
    /// What the others said last.
    private var heard: [NodeID: Heard] = [:]
    /// Whose stores are known to be prepared, for this founding.
    private var ready: Set<NodeID> = []
    /// Whether some node knows that the founding is complete.
    private var isComplete = false
    /// Whether some node will not be prepared for the founding any more.
    private var isDead = false
    /// Who has answered since that is known, and did not say that the founding is complete.
    private var answered: Set<NodeID> = []
    private var refusal: FoundingRefusal?
    /// Where others say that they are reached.
    private var told: [NodeID: String] = [:]
    /// What keeps others from taking part.
    private var troubles: [NodeID: String] = [:]

    /// A node whose directory is empty.
    package init(_ plan: FoundingPlan, token: UInt64) {
        self.plan = plan
        self.token = token
        stage = .gathering
    }

    /// A node that was killed when its store was prepared.
    package init(_ plan: FoundingPlan, resuming record: FoundingRecord) {
        self.plan = plan
        token =
            plan.place(of: plan.node).flatMap { record.tokens.indices.contains($0) ? record.tokens[$0] : nil }
            ?? 0
        stage = .prepared(record)
    }

    /// What it says of itself.
    package var claim: FoundingClaim {
        let said: FoundingClaim.Stage =
            switch stage {
            case .gathering, .preparing, .refused: .gathering(candidate: candidate?.id)
            case .prepared(let record), .completing(let record): .prepared(record.id)
            // The store may be gone already, and its token with it.
            case .deleting: .gathering(candidate: nil)
            case .complete(let record): .complete(record.id)
            }
        return FoundingClaim(
            cluster: plan.cluster, node: plan.node, list: plan.list, nodes: plan.nodes,
            token: stage == .deleting ? 0 : token, stage: said)
    }

    /// The founding it would take part in, once it has met all others.
    private var candidate: FoundingRecord? {
        if case .preparing(let record) = stage { return record }
        var tokens: [UInt64] = []
        for listed in plan.nodes {
            guard let token = listed.node == plan.node ? token : heard[listed.node]?.token, token != 0 else {
                return nil
            }
            tokens.append(token)
        }
        return FoundingRecord(tokens: tokens, isComplete: false)
    }

    // MARK: Events

    /// There may be no other node to wait for.
    package mutating func start() -> Action? { next() }

    /// Another says how far it is.
    ///
    /// - Parameter sent: the claim that it answers; nil if it spoke first. What it says may be old: only what answers a
    ///   claim was said after it.
    package mutating func hear(_ claim: FoundingClaim, answering sent: FoundingClaim? = nil) -> Action? {
        guard ClusterName.areSame(claim.cluster, plan.cluster), claim.node != plan.node else { return nil }
        if case .complete(let founding) = claim.stage {
            if let founding, founding == own?.id {
                isComplete = true
            } else {
                refusal = FoundingRefusal(
                    cluster: plan.cluster, node: plan.node, member: claim.node,
                    address: address(of: claim.node, attempt: 0), standing: claim.standing)
            }
            return next()
        }
        guard plan.place(of: claim.node) != nil || claim.list != plan.list else { return nil }
        guard claim.list == plan.list else {
            heard[claim.node] = nil
            troubles[claim.node] = plan.difference(from: claim)
            return nil
        }
        troubles[claim.node] = nil
        // Who moves edits its own file alone, and can be heard without being reached.
        if let address = claim.nodes.first(where: { $0.node == claim.node })?.address,
            !address.isEmpty, address != plan.address(of: claim.node)
        {
            told[claim.node] = address
        }
        heard[claim.node] = Heard(token: claim.token, stage: claim.stage)
        if let own {
            if claim.stage == .prepared(own.id) { ready.insert(claim.node) }
            if sent?.stage == .prepared(own.id) {
                isDead = isDead || isOver(own, by: claim)
                if isDead { answered.insert(claim.node) }
            }
        }
        return next()
    }

    /// A node that runs greets this one as its peer: it is asked as well, where it says that it is reached, whether the
    /// cluster exists and whether the founding is complete. Else a list that is out of date would keep this node waiting
    /// for nodes that have moved.
    package mutating func greeted(by hello: Hello) {
        guard hello.role == .peer, ClusterName.areSame(hello.cluster, plan.cluster),
            hello.receiver == plan.node,
            let member = hello.node, member != plan.node, !hello.address.isEmpty,
            told[member] != nil || told.count < Self.informants
        else { return }
        told[member] = hello.address
    }

    /// Whom to ask how far they are, ascending.
    package var asks: [NodeID] { Set(others).union(told.keys).sorted() }

    /// Where to ask another: where it says that it is, and where the list says it, in turns.
    package func address(of node: NodeID, attempt: Int) -> String {
        let listed = plan.address(of: node)
        guard let told = told[node], attempt % 2 == 0 || listed.isEmpty else { return listed }
        return told
    }

    /// Another did not answer, or something else did.
    package mutating func cannotReach(_ node: NodeID, _ reason: String) {
        // What was heard of it stays: it may be prepared.
        troubles[node] = reason
    }

    /// The store is made.
    package mutating func prepared() -> Action? {
        guard case .preparing(let record) = stage else { return nil }
        stage = .prepared(record)
        for (node, heard) in heard where heard.stage == .prepared(record.id) { ready.insert(node) }
        return next()
    }

    /// The store says that the founding is complete.
    package mutating func completed() {
        guard case .completing(let record) = stage else { return }
        stage = .complete(record.completed)
    }

    /// The store is deleted.
    package mutating func deleted(newToken: UInt64) -> Action? {
        guard stage == .deleting else { return nil }
        stage = .gathering
        token = newToken
        ready = []
        answered = []
        isDead = false
        return next()
    }

    // MARK: Decisions

    /// The founding that this node's store is prepared for.
    private var own: FoundingRecord? { if case .prepared(let record) = stage { record } else { nil } }

    /// Whether another's answer shows that it will never be prepared for a founding.
    private func isOver(_ record: FoundingRecord, by claim: FoundingClaim) -> Bool {
        switch claim.stage {
        case .gathering:
            guard let place = plan.place(of: claim.node), record.tokens.indices.contains(place) else {
                return false
            }
            return claim.token != record.tokens[place]
        case .prepared(let other): return other != record.id
        case .complete: return false
        }
    }

    private mutating func next() -> Action? {
        switch stage {
        case .gathering:
            if let refusal { return refuse(refusal) }
            guard let record = candidate, others.allSatisfy({ agrees($0, to: record) }) else { return nil }
            stage = .preparing(record)
            return .prepare(record)
        case .prepared(let record):
            if isComplete || others.allSatisfy(ready.contains) {
                stage = .completing(record)
                return .complete(record)
            }
            if let refusal { return refuse(refusal) }
            // That node may have been prepared and lost its disk, and another may have completed the founding meanwhile.
            guard isDead, others.allSatisfy(answered.contains) else { return nil }
            stage = .deleting
            return .delete(record)
        case .preparing, .completing, .deleting, .complete, .refused: return nil
        }
    }

    private mutating func refuse(_ refusal: FoundingRefusal) -> Action {
        stage = .refused
        return .refuse(refusal)
    }

    private var others: [NodeID] { plan.nodes.map(\.node).filter { $0 != plan.node } }

    private func agrees(_ node: NodeID, to record: FoundingRecord) -> Bool {
        switch heard[node]?.stage {
        case .gathering(let candidate): candidate == record.id
        case .prepared(let other): other == record.id
        case .complete, nil: false
        }
    }

    // MARK: For people

    /// Whom it waits for, ascending, and why: those that do not take part, or else those that are not as far as this one.
    package var waitsFor: [(node: NodeID, reason: String)] {
        let away = others.compactMap { node -> (node: NodeID, reason: String)? in
            if let trouble = troubles[node] { return (node, trouble) }
            return heard[node] == nil ? (node, "it has not answered yet") : nil
        }
        guard away.isEmpty else { return away }
        return others.compactMap { node in
            if case .prepared = stage {
                return ready.contains(node) ? nil : (node, "it has not made its store yet")
            }
            guard let record = candidate, !agrees(node, to: record) else { return nil }
            return (node, "it has not met all others yet")
        }
    }

    /// Why it serves no client and no peer.
    package var excuse: String {
        let waited = waitsFor.map { "\($0.node)" }.joined(separator: ", ")
        return "node \(plan.node) waits to be founded"
            + (waited.isEmpty ? "" : "; it waits for node\(waitsFor.count == 1 ? "" : "s") \(waited)")
    }
}
