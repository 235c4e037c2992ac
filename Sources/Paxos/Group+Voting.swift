extension Group {
    /// Phase 1b. Every prepare that is promised is answered, a repeated one too, and each answer waits for
    /// the disk.
    mutating func answer(_ prepare: Prepare, from: NodeID, into step: inout Step) {
        // What it must tell, it does not know, or another process may; or it could not tell it for as long as its disk
        // hangs, or is full. (Its own prepare it has begun before the disk hung: that leaves with its promise.)
        guard !isSilent, from == node || !isDiskStuck else { return }
        let before = acceptor.promised
        guard prepare.ballot.node == from,
            let votes = acceptor.prepare(prepare.ballot, from: prepare.firstOpen)
        else {
            send(
                .rejection(Rejection(ballot: prepare.ballot, promised: acceptor.promised)), to: from,
                into: &step)
            return
        }
        if prepare.ballot > before {
            step.write(.promise(id, prepare.ballot))
            // Whoever led before cannot gather a quorum with this node any more.
            see(prepare.ballot, into: &step)
            if from != node {
                candidacy = nil
                knownLeader = nil
                election.restart(using: &random)
            }
        }
        let parts = Promise.parts(
            answering: prepare, chosenThrough: acceptor.chosenThrough, floor: floor, accepted: votes,
            budgetBytes: min(limits.promiseBytes, FrameBudget.votesBytes))
        for part in parts { withhold(.promise(part), to: from, into: &step) }
    }

    /// Phase 2b.
    mutating func answer(_ accept: Accept, from: NodeID, into step: inout Step) {
        guard accept.ballot.node == from else { return }
        if accept.ballot >= acceptor.promised, from != node { follow(accept.ballot, into: &step) }
        if !isSilent { vote(for: accept, from: from, into: &step) }
        if from != node {
            learn(through: accept.chosenThrough, ballot: accept.ballot, from: from, into: &step)
        }
    }

    private mutating func vote(for accept: Accept, from: NodeID, into step: inout Step) {
        let before = acceptor.promised
        switch acceptor.accept(accept.ballot, accept.slot, accept.proposal) {
        case .accepted:
            if acceptor.promised > before { step.write(.promise(id, acceptor.promised)) }
            step.write(
                .accepted(
                    id,
                    AcceptedProposal(slot: accept.slot, ballot: accept.ballot, proposal: accept.proposal)))
            withholdVote(accept, to: from, into: &step)
        case .repeated:
            if acceptor.promised > before { step.write(.promise(id, acceptor.promised)) }
            withholdVote(accept, to: from, into: &step)
        case .rejection(let promised):
            send(.rejection(Rejection(ballot: accept.ballot, promised: promised)), to: from, into: &step)
        case .chosen:
            // A leader that says itself how far the log is chosen only repeats itself; another is to be
            // told what was chosen.
            if accept.chosenThrough < accept.slot {
                answer(Fetch(from: accept.slot, through: accept.slot), from: from, into: &step)
            }
        case .contradiction:
            let vote = acceptor.vote(in: accept.slot)
            guard from != node else {
                return Invariant.oneValuePerBallotSlot(vote?.value, accept.proposal, ballot: accept.ballot)
            }
            refuse("node \(from) proposes two values in slot \(accept.slot), ballot \(accept.ballot)")
        case .outsideWindow: break
        }
    }

    private func withholdVote(_ accept: Accept, to: NodeID, into step: inout Step) {
        withhold(
            .accepted(Accepted(ballot: accept.ballot, from: accept.slot, through: accept.slot)), to: to,
            into: &step)
    }

    /// The leader is alive; its round of confirmation is answered at once, for it promises nothing.
    mutating func answer(_ heartbeat: Heartbeat, from: NodeID, into step: inout Step) {
        guard heartbeat.ballot.node == from, from != node else { return }
        guard heartbeat.ballot >= acceptor.promised else {
            send(
                .rejection(Rejection(ballot: heartbeat.ballot, promised: acceptor.promised)), to: from,
                into: &step)
            return
        }
        follow(heartbeat.ballot, into: &step)
        if let checkpoint = heartbeat.checkpoint { replica.compare(with: checkpoint) }
        learn(through: heartbeat.chosenThrough, ballot: heartbeat.ballot, from: from, into: &step)
        send(
            .heartbeatReply(
                HeartbeatReply(
                    ballot: heartbeat.ballot, round: heartbeat.round,
                    executedThrough: replica.executedThrough,
                    commitMicroseconds: max(disk.medianMicroseconds, disk.pendingMicroseconds),
                    abstainThrough: isAbstaining ? abstainThrough : .zero)),
            to: from, into: &step)
    }
}
