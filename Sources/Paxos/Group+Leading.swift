extension Group {
    /// Phase 1 is won.
    mutating func lead(after scout: Scout, into step: inout Step) {
        knownLeader = node
        candidacy = nil
        leader = Leader(
            scout: scout, node: node, configuration: configuration, limits: limits, tick: now)
        confirmLead(into: &step)
        if let peer = scout.mostAdvanced, peer != node {
            catchUp = nil
            fetch(through: scout.chosenThrough, from: peer, into: &step)
        }
        startProposing(into: &step)
    }

    /// Proposes what phase 1 obliges to, once all it knows to be chosen has been learnt.
    mutating func startProposing(into step: inout Step) {
        guard leader?.isReady == false else { return }
        leader?.startProposing(chosenThrough: acceptor.chosenThrough)
        if leader?.isReady == true { propose(evenPartial: false, into: &step) }
    }

    // MARK: Phase 2

    private func acceptMessage(_ proposal: Proposal, slot: Slot, ballot: Ballot) -> Accept {
        Accept(ballot: ballot, slot: slot, proposal: proposal, chosenThrough: acceptor.chosenThrough)
    }

    /// Puts proposals into slots as far as the window allows. Accepts leave at once: their ballot's promise
    /// is durable, and a restarted node never resumes a ballot, so a lost accept is never proposed anew.
    private mutating func propose(evenPartial: Bool, into step: inout Step) {
        while let (proposal, tickets) = leader?.nextProposal(evenPartial: evenPartial),
            let ballot = leader?.ballot, let slot = leader?.commander.next
        {
            Invariant.window(
                nextSlot: slot, chosenThrough: acceptor.chosenThrough, alpha: configuration.alpha)
            leader?.commander.propose(proposal, tickets: tickets, atTick: now)
            let accept = acceptMessage(proposal, slot: slot, ballot: ballot)
            broadcast(.accept(accept), into: &step)
            answer(accept, from: node, into: &step)
        }
    }

    mutating func count(_ accepted: Accepted, from: NodeID, into step: inout Step) {
        guard accepted.ballot == leader?.ballot, accepted.from <= accepted.through,
            let index = configuration.index(of: from)
        else { return }
        leader?.hear(voterAt: index, atTick: now)
        leader?.commander.count(accepted, byVoterAt: index)
        while let ballot = leader?.ballot, let (slot, flight) = leader?.commander.takeChosen() {
            writeIfNotVoted(flight.proposal, in: slot, ballot: ballot, into: &step)
            close(slot, ballot: ballot, proposal: flight.proposal, tickets: flight.tickets, into: &step)
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
    private mutating func confirmLead(into step: inout Step) {
        guard let ballot = leader?.ballot, let round = leader?.confirmation.startRound() else { return }
        broadcast(
            .heartbeat(
                Heartbeat(
                    ballot: ballot, round: round, chosenThrough: acceptor.chosenThrough,
                    checkpoint: replica.checkpoints.first)),
            into: &step)
    }

    mutating func count(_ reply: HeartbeatReply, from: NodeID, into step: inout Step) {
        guard reply.ballot == leader?.ballot, let index = configuration.index(of: from) else { return }
        leader?.hear(voterAt: index, atTick: now)
        leader?.note(executedThrough: reply.executedThrough, ofVoterAt: index)
        leader?.confirmation.answer(reply.round, byVoterAt: index)
        answerReads(into: &step)
    }

    mutating func tickLeader(into step: inout Step) {
        let patience = limits.electionTicks + limits.electionSpreadTicks
        guard leader?.hasQuorumContact(atTick: now, within: patience, selfIndex: selfIndex) == true,
            leader?.isStalled(atTick: now, after: patience) == false
        else {
            stepDown(for: nil, into: &step)
            return
        }
        // What it lacked may have come by other ways than a decision.
        startProposing(into: &step)
        if now % UInt64(limits.heartbeatTicks) == 0 { confirmLead(into: &step) }
        resendOverdue(into: &step)
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
            for (index, voter) in configuration.voters.enumerated()
            where voter != node && !flight.quorum.contains(index: index) {
                send(.accept(accept), to: voter, into: &step)
            }
            if !flight.quorum.contains(index: selfIndex) { answer(accept, from: node, into: &step) }
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
        let patience = limits.electionTicks
        let successor = leader.successor(atTick: now, within: patience, selfIndex: selfIndex)
        if let successor {
            send(.handover(Handover(ballot: leader.ballot)), to: successor, into: &step)
        }
        stepDown(for: successor, into: &step)
    }

    mutating func endTurn(isDiskIdle: Bool, into step: inout Step) {
        guard leader != nil else { return }
        if leader?.confirmation.wantsRound == true { confirmLead(into: &step) }
        // Alone, the round is answered as it starts.
        answerReads(into: &step)
        propose(evenPartial: isDiskIdle, into: &step)
    }
}
