extension Group {
    /// Phase 1 is won.
    mutating func lead(after scout: Scout, into step: inout Step) {
        knownLeader = node
        candidacy = nil
        leader = Leader(scout: scout, node: node, limits: limits, tick: now)
        reviewMembers()
        confirmLead(into: &step)
        if let peer = scout.mostAdvanced, peer != node {
            catchUp = nil
            fetch(through: scout.chosenThrough, from: peer, into: &step)
        }
        startProposing(into: &step)
    }

    /// A promise for the ballot this node leads in: of somebody who governs slots only since the members changed, or
    /// one that was not needed.
    mutating func countLate(_ promise: Promise, from: NodeID, into step: inout Step) {
        guard leader?.unpromisedFrom != nil else { return }
        // A peer of an older version whose votes do not fit one frame answers the first question of a ballot alone: there
        // will be another ballot, whose first question is this one.
        if leader?.scout.isUnclear(promise) == true {
            stepDown(for: nil, into: &step)
            return
        }
        let (governing, now) = (governing, now)
        let before = leader?.scout.chosenThrough
        refuseIfContradicting(promise, leader?.scout, from: from)
        leader?.scout.add(promise, from: from)
        leader?.reviewPromises(governing: governing)
        if leader?.scout.chosenThrough != before { leader?.noteProgress(atTick: now) }
        if let chosen = leader?.scout.chosenThrough { fetch(through: chosen, from: from, into: &step) }
        propose(evenPartial: false, into: &step)
    }

    /// Proposes what phase 1 obliges to, once all it knows to be chosen has been learnt.
    mutating func startProposing(into step: inout Step) {
        guard leader?.isReady == false else { return }
        let chosenThrough = acceptor.chosenThrough
        leader?.startProposing(chosenThrough: chosenThrough)
        guard leader?.isReady == true else { return }
        // What was learnt may have told of other members.
        membersChanged(into: &step)
        propose(evenPartial: false, into: &step)
    }

    // MARK: Phase 2

    private func acceptMessage(_ proposal: Proposal, slot: Slot, ballot: Ballot) -> Accept {
        Accept(ballot: ballot, slot: slot, proposal: proposal, chosenThrough: acceptor.chosenThrough)
    }

    /// Puts proposals into slots as far as the window allows. Accepts leave at once: their ballot's promise
    /// is durable, and a restarted node never resumes a ballot, so a lost accept is never proposed anew.
    private mutating func propose(evenPartial: Bool, into step: inout Step) {
        let (now, alpha, changeFrom) = (now, configurations.latest.alpha, configurations.latestFrom)
        // In slots that are governed after this node has gone another proposes.
        while let slot = leader?.commander.next, !configurations[slot].isRetired(node),
            let (proposal, tickets) = leader?.nextProposal(
                evenPartial: evenPartial, alpha: alpha, changeFrom: changeFrom),
            let ballot = leader?.ballot
        {
            Invariant.window(nextSlot: slot, chosenThrough: acceptor.chosenThrough, alpha: alpha)
            leader?.commander.propose(proposal, tickets: tickets, atTick: now)
            let accept = acceptMessage(proposal, slot: slot, ballot: ballot)
            broadcast(.accept(accept), into: &step)
            answer(accept, from: node, into: &step)
        }
    }

    mutating func count(_ accepted: Accepted, from: NodeID, into step: inout Step) {
        guard accepted.ballot == leader?.ballot, accepted.from <= accepted.through else { return }
        let now = now
        var configurations = configurations
        leader?.followers.hear(from, atTick: now)
        leader?.commander.count(accepted, from: from, of: configurations)
        while let ballot = leader?.ballot,
            let (slot, flight) = leader?.commander.takeChosen(of: configurations)
        {
            leader?.noteChosen()
            writeIfNotVoted(flight.proposal, in: slot, ballot: ballot, into: &step)
            close(slot, ballot: ballot, proposal: flight.proposal, tickets: flight.tickets, into: &step)
            configurations = self.configurations
        }
        answerReads(into: &step)
    }

    /// The others may have chosen what this node had no room to vote for: the value must stand below the
    /// chosen row all the same.
    private func writeIfNotVoted(
        _ proposal: Proposal, in slot: Slot, ballot: Ballot, into step: inout Step
    ) {
        guard acceptor.vote(in: slot)?.ballot != ballot else { return }
        step.write(.accepted(id, AcceptedProposal(slot: slot, ballot: ballot, proposal: proposal)))
    }

    // MARK: Staying leader

    /// Starts a round of confirmation, which is a heartbeat as well.
    mutating func confirmLead(into step: inout Step) {
        let governing = governing
        guard let ballot = leader?.ballot, let round = leader?.confirmation.startRound(of: governing) else {
            return
        }
        broadcast(
            .heartbeat(
                Heartbeat(
                    ballot: ballot, round: round, chosenThrough: acceptor.chosenThrough,
                    checkpoint: replica.checkpoints.first, witnesses: witnesses)),
            into: &step)
    }

    mutating func count(_ reply: HeartbeatReply, from: NodeID, into step: inout Step) {
        guard reply.ballot == leader?.ballot else { return }
        leader?.followers.hear(from, atTick: now)
        leader?.followers.note(reply, from: from)
        leader?.fill(through: reply.abstainThrough, chosenThrough: acceptor.chosenThrough)
        let governing = governing
        leader?.confirmation.answer(reply.round, from: from, of: governing)
        answerReads(into: &step)
        handOverIfGone(into: &step)
    }

    mutating func tickLeader(into step: inout Step) {
        let patience = limits.electionTicks + limits.electionSpreadTicks
        let (now, chosenThrough) = (now, acceptor.chosenThrough)
        guard hasQuorumContact(within: patience),
            leader?.isStalled(chosenThrough: chosenThrough, atTick: now, after: patience) == false
        else {
            stepDown(for: nil, into: &step)
            return
        }
        // What it lacked may have come by other ways than a decision.
        startProposing(into: &step)
        if now % UInt64(limits.heartbeatTicks) == 0 {
            confirmLead(into: &step)
            if leader?.unpromisedFrom != nil { prepareNewVoters(into: &step) }
            promoteWhoIsClose()
            raiseVersion()
        }
        if isDiskTooSlow { handOver(into: &step) }
        resendOverdue(into: &step)
    }

    /// Whether a quorum of those who govern the open slots, this node among it, was heard within `ticks` (invariant
    /// QuorumContact).
    private func hasQuorumContact(within ticks: Int) -> Bool {
        guard let followers = leader?.followers else { return false }
        return governing.allSatisfy { entry in
            followers.heard(of: entry.configuration.voters, node: node, atTick: now, within: ticks)
                >= entry.configuration.quorumSize
        }
    }

    /// Whether this node's disk holds everybody up, and others could do better: one commit that hangs, or many that are
    /// slow where a quorum's are not. A single spike is neither.
    private var isDiskTooSlow: Bool {
        let voters = governing.first?.configuration.voters ?? []
        guard let followers = leader?.followers, voters.count > 1 else { return false }
        if isDiskStuck { return true }
        return disk.medianMicroseconds >= limits.slowCommitMicroseconds
            && followers.faster(than: disk.medianMicroseconds, of: voters) >= voters.count / 2 + 1
    }

    /// An accept that a voter did not get (a broken connection, a full queue), or had no room for, is sent
    /// again.
    private mutating func resendOverdue(into step: inout Step) {
        let (now, ticks) = (now, limits.resendTicks)
        guard let ballot = leader?.ballot,
            let overdue = leader?.commander.takeOverdue(atTick: now, after: ticks)
        else { return }
        for (slot, flight) in overdue {
            let accept = acceptMessage(flight.proposal, slot: slot, ballot: ballot)
            for (index, voter) in configurations[slot].voters.enumerated()
            where !flight.quorum.contains(index: index) {
                if voter == node {
                    answer(accept, from: node, into: &step)
                } else {
                    send(.accept(accept), to: voter, into: &step)
                }
            }
        }
    }

    // MARK: Ceasing

    /// Leads no more. What was proposed may yet be chosen; what only waited was not, and reads were not
    /// answered.
    mutating func stepDown(for successor: NodeID?, into step: inout Step) {
        guard let leader else { return }
        self.leader = nil
        knownLeader = successor
        for ticket in leader.commander.tickets {
            step.respond(ticket, .leadershipLost(leader: successor))
        }
        for ticket in leader.batcher.tickets + leader.confirmation.tickets {
            step.respond(ticket, .notLeader(leader: successor))
        }
        election.restart(using: &random)
    }

    /// Hands the lead to the voter that is furthest. Slots in flight stay with the ballot: the successor
    /// finds them in phase 1.
    mutating func handOver(into step: inout Step) {
        guard let leader else { return }
        handOver(to: successor(of: leader), into: &step)
    }

    mutating func handOver(to successor: NodeID?, into step: inout Step) {
        guard let leader else { return }
        if let successor {
            send(.handover(Handover(ballot: leader.ballot)), to: successor, into: &step)
        }
        stepDown(for: successor, into: &step)
    }

    /// Who should lead next: of those who will vote, and whose disk is not as slow as this one's, the furthest.
    private func successor(of leader: Leader) -> NodeID? {
        let governing = governing
        let voters = configurations.latest.voters.filter { voter in
            voter != node && governing.allSatisfy { $0.configuration.index(of: voter) != nil }
                && leader.followers.isHeard(voter, atTick: now, within: limits.electionTicks)
        }
        let fast = voters.filter {
            (leader.followers[$0]?.commitMicroseconds ?? 0) < limits.slowCommitMicroseconds
        }
        return leader.followers.successor(
            of: fast.isEmpty ? voters : fast, atTick: now, within: limits.electionTicks)
    }

    mutating func endTurn(isDiskIdle: Bool, into step: inout Step) {
        guard leader != nil else { return }
        if leader?.confirmation.wantsRound == true { confirmLead(into: &step) }
        // Alone, the round is answered as it starts.
        answerReads(into: &step)
        propose(evenPartial: isDiskIdle, into: &step)
    }
}
