/// Who belongs to the group, as the log goes on.
extension Group {
    /// What governs the open slots: one configuration, or two while the members change.
    var governing: ArraySlice<ConfigurationLog.Entry> {
        configurations.governing(from: acceptor.chosenThrough.next)
    }

    /// Whether this node votes in some open slot.
    var isVoter: Bool { governing.contains { $0.configuration.index(of: node) != nil } }

    /// Whether a node was a member once, and is none any more.
    public func isGone(_ node: NodeID) -> Bool { governing.allSatisfy { $0.configuration.isRetired(node) } }

    /// Whether this node is gone, and others are known to have all that it voted for: without them, slots that were
    /// acknowledged may be on its disk alone. It is not written down: after a restart, whoever has them will say so.
    public var mayEnd: Bool { isGone(node) && isSucceeded }

    /// Another node has told what is chosen. If this node is gone with it, that one goes on without it.
    mutating func noteTold() { if isGone(node) { isSucceeded = true } }

    /// Whether what this node voted in some slot is unknown.
    var isAbstaining: Bool { acceptor.chosenThrough < abstainThrough }

    /// Whether this node must say nothing that binds.
    var isSilent: Bool { isAbstaining || !mayVote }

    /// Looks who is there, when that may have changed.
    mutating func reviewMembers() {
        others = configurations.members(from: acceptor.chosenThrough.next).map(\.node).filter { $0 != node }
        leader?.followers.follow(others, atTick: now)
    }

    /// A slot was executed that may have changed the members, or from which on a change is in force.
    mutating func membersChanged(into step: inout Step) {
        // A last word to those who leave: what they voted for is chosen, and with it that they are gone.
        if leader != nil, !isVoter || others.contains(where: isGone) { confirmLead(into: &step) }
        reviewMembers()
        guard leader != nil else { return }
        prepareNewVoters(into: &step)
        handOverIfGone(into: &step)
    }

    /// Those who govern the next slot are without this node: it has led as far as it may. It stays until a quorum of
    /// them knows so, for they might not find out without it.
    mutating func handOverIfGone(into step: inout Step) {
        guard !isVoter, let followers = leader?.followers, let entry = governing.first else { return }
        let informed = followers.executed(
            through: entry.from.previous, of: entry.configuration.voters, node: node)
        guard informed >= entry.configuration.quorumSize else { return }
        isSucceeded = true
        handOver(into: &step)
    }

    /// Phase 1 for the slots that a new configuration governs: its voters who have not promised this ballot yet are
    /// asked to. The ballot's own promise is durable, so nothing need wait.
    mutating func prepareNewVoters(into step: inout Step) {
        let governing = governing
        leader?.reviewPromises(governing: governing)
        guard let firstOpen = leader?.unpromisedFrom else { return }
        leader?.scout.takeUpAgain(from: max(firstOpen, Slot.zero.next))
        guard let prepare = leader?.scout.question else { return }
        let waiting = governing.filter { leader?.scout.promised.isReached(in: $0.configuration) == false }
        for voter in others where leader?.scout.promised.contains(voter) == false {
            guard waiting.contains(where: { $0.configuration.index(of: voter) != nil }) else { continue }
            send(.prepare(prepare), to: voter, into: &step)
        }
    }

    // MARK: Changes

    /// Judges a change as far as the leader alone can, before it enters the log: whether the cluster could go on. What
    /// all replicas know alike is judged when the entry is executed.
    func refusal(of change: ConfigurationChange) -> ConfigurationRefusal? {
        guard let leader else { return nil }
        guard configurations.latestFrom <= leader.commander.next else { return .changeInFlight }
        let after: Configuration
        do throws(ConfigurationRefusal) {
            after = try configurations.latest.applying(change).configuration
        } catch {
            return error
        }
        if case .promote(let promoted) = change, !isClose(promoted, leader) { return .notCaughtUp }
        if case .add(nil, let role, nil, let address) = change, after == configurations.latest,
            after.members.contains(where: { $0.address == address && $0.role != role })
        {
            // Not the admission that was asked for again, but another.
            return .addressInUse
        }
        guard after.voters != configurations.latest.voters else { return nil }
        // One that died a moment ago is not up: with it, and without who is removed, the cluster could not go on. Who lives
        // answers each heartbeat: three of them are waited for.
        var patience = limits.electionTicks
        if case .remove = change { patience = min(patience, 3 * limits.heartbeatTicks) }
        let isUp = { voter in
            voter == node
                || leader.followers.hasTold(voter)
                    && leader.followers.isHeard(voter, atTick: now, within: patience)
        }
        return after.voters.count(where: isUp) >= after.quorumSize ? nil : .wouldLoseQuorum
    }

    /// Whether a member could vote, or lead, without holding the others up.
    func isClose(_ member: NodeID, _ leader: Leader) -> Bool {
        guard let follower = leader.followers[member],
            leader.followers.isHeard(member, atTick: now, within: limits.electionTicks),
            // Who has yet to come has told nothing.
            let executedThrough = follower.executedThrough
        else { return false }
        return executedThrough.distance(to: acceptor.chosenThrough) <= limits.closeSlots
    }

    /// Makes voters of those who joined and have caught up, one at a time.
    mutating func promoteWhoIsClose() {
        guard let leader, leader.isReady, configurations.latestFrom <= leader.commander.next,
            now - leader.promotedAtTick >= UInt64(limits.electionTicks)
        else { return }
        for member in configurations.latest.members {
            guard case .joining = member.role, refusal(of: .promote(member.node)) == nil else { continue }
            guard leader.hasChosen else {
                self.leader?.wantsNoOp = true
                return
            }
            self.leader?.promotedAtTick = now
            _ = self.leader?.batcher.append(
                .change(.promote(member.node)), payloadBytes: 0, ticket: .nobody)
            return
        }
    }
}

extension Message {
    /// Whether it is taken even of a node that was removed: a leader that was names who comes after it, and what is
    /// chosen anybody may know, who was removed above all.
    var isForAll: Bool {
        switch self {
        case .handover, .fetch, .fetchSnapshot: true
        default: false
        }
    }
}

/// What a node's disk is like, as its host measures it.
public struct DiskHealth: Sendable, Hashable {
    /// What commits take: the median of the last eight; 0 before there were any.
    public var medianMicroseconds: UInt32
    /// How long the commit that is under way has taken so far; 0 if none is.
    public var pendingMicroseconds: UInt32
    /// What a disk is like.
    public init(medianMicroseconds: UInt32 = 0, pendingMicroseconds: UInt32 = 0) {
        self.medianMicroseconds = medianMicroseconds
        self.pendingMicroseconds = pendingMicroseconds
    }
}
