extension Group {
    // MARK: Losing patience

    mutating func tickElection(into step: inout Step) {
        guard isVoter, !isSilent else {
            scout = nil
            candidacy = nil
            if election.tick() { askForNews(into: &step) }
            return
        }
        // What it has learnt meanwhile may have left fewer whose promise it needs.
        leadIfPromised(into: &step)
        guard leader == nil else { return }
        // Alone there is nobody to wait for but the disk.
        let isAlone = governing.allSatisfy { $0.configuration.voters == [node] }
        let isDue = isAlone ? scout == nil : election.tick()
        guard isDue, !isDiskStuck else { return }
        askForPreVotes(into: &step)
    }

    private mutating func askForPreVotes(into step: inout Step) {
        election.askAgainSoon(using: &random)
        scout = nil
        knownLeader = nil
        var candidacy = Candidacy(ballot: freshBallot())
        candidacy.grants.add(node)
        self.candidacy = candidacy
        broadcast(
            .preVote(PreVote(ballot: candidacy.ballot, chosenThrough: acceptor.chosenThrough)), into: &step)
        prepareIfElectable(into: &step)
    }

    /// Who may not campaign and hears of no leader asks as if it did: the answers say how far the log is chosen. Else a
    /// node that votes from some slot on, and does not know it, would wait for ever for a leader that has gone.
    private mutating func askForNews(into step: inout Step) {
        election.restart(using: &random)
        guard !isGone(node) else { return }
        broadcast(
            .preVote(PreVote(ballot: freshBallot(), chosenThrough: acceptor.chosenThrough)), into: &step)
    }

    /// A ballot of this node's above all it knows of. The store has every ballot it ever promised, its own
    /// among them, so none is used twice (invariant BallotFresh).
    private func freshBallot() -> Ballot {
        let ballot = max(acceptor.promised, highestSeen).next(for: node)
        Invariant.ballotFresh(ballot, promised: acceptor.promised, seen: highestSeen, node: node)
        return ballot
    }

    /// Whether one commit hangs, or there is no room for any: what is promised now would not leave before the disk goes on.
    /// A candidate that counted on it would wait, and would ask no other node.
    var isDiskStuck: Bool { disk.pendingMicroseconds >= limits.stalledCommitMicroseconds }

    // MARK: Pre-vote

    mutating func answer(_ preVote: PreVote, from: NodeID, into step: inout Step) {
        // Who may not vote yet may wait for members that have left since: the candidate knows who belongs now.
        if !mayVote { fetch(through: preVote.chosenThrough, from: from, into: &step) }
        // Whoever lacks what is deleted here would keep everybody waiting for a snapshot: it gets that first.
        let isGranted =
            leader == nil && election.isLeaderSilent && preVote.ballot > acceptor.promised
            && preVote.chosenThrough >= floor && !isSilent && !isDiskStuck
        send(
            .preVoteReply(
                PreVoteReply(
                    ballot: preVote.ballot, isGranted: isGranted, promised: acceptor.promised,
                    chosenThrough: acceptor.chosenThrough)),
            to: from, into: &step)
    }

    mutating func count(_ reply: PreVoteReply, from: NodeID, into step: inout Step) {
        highestSeen = max(highestSeen, reply.promised)
        fetch(through: reply.chosenThrough, from: from, into: &step)
        guard reply.isGranted, candidacy?.ballot == reply.ballot else { return }
        candidacy?.grants.add(from)
        prepareIfElectable(into: &step)
    }

    private mutating func prepareIfElectable(into step: inout Step) {
        // A node that may not promise, for now, prepares nothing: the prepares would leave without its own promise.
        guard let candidacy, candidacy.grants.isReached(in: governing), !isSilent, !isDiskStuck else {
            return
        }
        prepare(into: &step)
    }

    // MARK: Phase 1

    /// Starts phase 1 with a fresh ballot. The prepares are withheld until this node's own promise is
    /// durable, lest it use the ballot again after a restart.
    private mutating func prepare(into step: inout Step) {
        candidacy = nil
        election.backOff(using: &random)
        let ballot = freshBallot()
        let scout = Scout(ballot: ballot, firstOpen: acceptor.chosenThrough.next)
        let prepare = scout.question
        self.scout = scout
        answer(prepare, from: node, into: &step)
        for member in others { withhold(.prepare(prepare), to: member, into: &step) }
    }

    mutating func count(_ promise: Promise, from: NodeID, into step: inout Step) {
        if leader?.ballot == promise.ballot {
            countLate(promise, from: from, into: &step)
            return
        }
        guard scout?.ballot == promise.ballot else { return }
        refuseIfContradicting(promise, scout, from: from)
        scout?.add(promise, from: from)
        leadIfPromised(into: &step)
    }

    /// A voter reports a vote for another value than a vote of the same ballot is for: its promise does not count.
    mutating func refuseIfContradicting(_ promise: Promise, _ scout: Scout?, from: NodeID) {
        guard promise.ballot == scout?.ballot, let vote = scout?.contradiction(in: promise) else { return }
        refuse(
            "node \(from) reports a vote in slot \(vote.slot), ballot \(vote.ballot), for another value than others do"
        )
    }

    private mutating func leadIfPromised(into step: inout Step) {
        guard let scout, scout.promised.isReached(in: governing) else { return }
        self.scout = nil
        lead(after: scout, into: &step)
    }

    // MARK: Others

    /// Someone has a higher ballot: whatever this node was about in a lower one is over.
    mutating func see(_ ballot: Ballot, into step: inout Step) {
        highestSeen = max(highestSeen, ballot)
        if let own = leader?.ballot, ballot > own { stepDown(for: nil, into: &step) }
        // The timer runs on, wider than before the ballot was prepared.
        if let own = scout?.ballot, ballot > own { scout = nil }
    }

    /// The leader of `ballot` has spoken.
    mutating func follow(_ ballot: Ballot, into step: inout Step) {
        see(ballot, into: &step)
        guard ballot.node != node else { return }
        candidacy = nil
        scout = nil
        knownLeader = ballot.node
        followedAtTick = now
        election.restart(using: &random)
    }

    /// A node is there, though nothing whole comes of it: what it sends, or is sent, takes long. That is believed for as long
    /// as a few elections take: a leader whose followers cannot answer it chooses nothing, and it may lead another group.
    mutating func hear(_ peer: NodeID) {
        let patience = 3 * (limits.electionTicks + limits.electionSpreadTicks)
        if leader != nil {
            leader?.followers.extend(peer, atTick: now, within: patience)
        } else if knownLeader == peer, candidacy == nil, scout == nil,
            now - followedAtTick <= UInt64(patience)
        {
            election.restart(using: &random)
        }
    }

    /// The leader is going, and has chosen this node to come after it: no pre-vote, nobody is deposed.
    mutating func answer(_ handover: Handover, from: NodeID, into step: inout Step) {
        guard leader == nil, knownLeader == from, handover.ballot >= acceptor.promised, isVoter, !isSilent,
            !isDiskStuck
        else { return }
        knownLeader = nil
        prepare(into: &step)
    }
}
