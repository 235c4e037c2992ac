extension Group {
    /// Closes the next slot: its proposal is chosen, and is executed. The row rides with the next
    /// transaction; if it is lost, the protocol finds the slot again.
    mutating func close(
        _ slot: Slot, ballot: Ballot, proposal: Proposal, tickets: [Ticket] = [], into step: inout Step
    ) {
        let before = configurations
        acceptor.close(slot)
        let unexecuted = replica.execute(proposal, in: slot, tickets: tickets, into: &step)
        // What a snapshot that is coming in would tell has been learnt.
        if let arriving, arriving.partial.header.slot <= slot { self.arriving = nil }
        if configurations.latestFrom != before.latestFrom {
            step.write(.configuration(id, from: configurations.latestFrom, configurations.latest))
            leader?.confirmation.startOver()
        }
        step.write(.chosen(id, slot, ballot, chain: replica.chain, unexecuted: unexecuted))
        captureIfDue()
        if configurations != before { membersChanged(into: &step) }
    }

    /// The leader of `ballot` says that its slots through `slot` are chosen. That decides a slot only where
    /// this node voted in that very ballot (invariant DecisionNamesBallot); the rest is fetched.
    mutating func learn(through slot: Slot, ballot: Ballot, from: NodeID, into step: inout Step) {
        while acceptor.chosenThrough < slot {
            let next = acceptor.chosenThrough.next
            guard let vote = acceptor.vote(in: next), vote.ballot == ballot else {
                fetch(through: slot, from: from, into: &step)
                return
            }
            Invariant.decisionNamesBallot(vote: vote.ballot, named: ballot, slot: next)
            closeAsTold(next, ballot: ballot, proposal: vote.value, into: &step)
        }
    }

    /// Takes decisions from a peer, which bring the values with them.
    mutating func learn(_ decisions: Decisions, from: NodeID, into step: inout Step) {
        answerTime.answered(by: from, atTick: now)
        let before = acceptor.chosenThrough
        for decided in decisions.decided where decided.slot == acceptor.chosenThrough.next {
            guard !contradicts(decided) else {
                refuse(
                    "node \(from) tells another decision of slot \(decided.slot) than this node's votes allow"
                )
                break
            }
            takeUp(decided, into: &step)
        }
        let isProgress = acceptor.chosenThrough > before
        if let through = catchUp?.through, through > acceptor.chosenThrough {
            catchUp?.extend(through: decisions.chosenThrough)
            // An answer that brought nothing is not answered: the next question comes with the clock.
            if isProgress { ask(from, into: &step) }
        } else {
            fetch(through: decisions.chosenThrough, from: from, into: &step)
        }
        if isProgress { leader?.noteProgress(atTick: now) }
        startProposing(into: &step)
    }

    /// Whether a decision that a peer tells cannot be: in a ballot at or above its own, this node has voted for another
    /// value, or proposes one.
    private func contradicts(_ decided: AcceptedProposal) -> Bool {
        if let vote = acceptor.vote(in: decided.slot), vote.ballot >= decided.ballot {
            return vote.value != decided.proposal
        }
        guard let leader, leader.ballot >= decided.ballot, let own = leader.obligation(in: decided.slot)
        else {
            return false
        }
        return own != decided.proposal
    }

    /// Closes a slot whose value a peer has told. The value replaces whatever vote stood there, in the
    /// transaction of the chosen row, and never lowers the ballot of a vote that this node knows.
    ///
    /// Of a vote that rotted it knows nothing: the row may come to name a lower ballot than that vote did, and it may be
    /// told as a vote later, when the chosen row has rotted in its turn. It is as good: the ballot is one that the value
    /// was chosen in, so every ballot from it on proposes this value, and a vote in any of them obliges a leader to the
    /// same. A ballot below the one it was chosen in would not be: another value may have votes in between.
    private mutating func takeUp(_ decided: AcceptedProposal, into step: inout Step) {
        // Decided in a higher ballot than this node's own: another leads, and its own proposals are void.
        see(decided.ballot, into: &step)
        let vote = acceptor.vote(in: decided.slot)
        if let vote, vote.ballot >= decided.ballot {
            Invariant.chosenStable(
                vote.value, decided.proposal, ballot: vote.ballot, chosenIn: decided.ballot)
        }
        // Counting as a vote in the ballot it was chosen in, it is a promise as well.
        if acceptor.promise(decided.ballot) { step.write(.promise(id, decided.ballot)) }
        if vote?.value != decided.proposal || vote.map({ $0.ballot < decided.ballot }) ?? true {
            let ballot = max(decided.ballot, vote?.ballot ?? .zero)
            step.write(
                .accepted(
                    id, AcceptedProposal(slot: decided.slot, ballot: ballot, proposal: decided.proposal)))
        }
        closeAsTold(decided.slot, ballot: decided.ballot, proposal: decided.proposal, into: &step)
    }

    /// Closes a slot that another node knew to be chosen. A leader that was to propose in it, or has, need
    /// do so no more; by ValueRule its proposal is the same.
    private mutating func closeAsTold(
        _ slot: Slot, ballot: Ballot, proposal: Proposal, into step: inout Step
    ) {
        let passed = leader?.passOver(slot)
        if let passed {
            Invariant.oneValuePerBallotSlot(passed.proposal, proposal, ballot: ballot)
        }
        close(slot, ballot: ballot, proposal: proposal, tickets: passed?.tickets ?? [], into: &step)
        noteTold()
    }

    // MARK: Catch-up

    /// Answers with chosen slots out of the store, read behind the rows that are being written.
    func answer(_ fetch: Fetch, from: NodeID, into step: inout Step) {
        let through = min(fetch.through, acceptor.chosenThrough)
        guard fetch.from <= through, fetch.from > .zero, from != node else { return }
        guard fetch.from > floor else {
            for message in offer { send(message, to: from, into: &step) }
            return
        }
        step.read(.slots(from: fetch.from, through: through), of: id, for: from)
    }

    /// Starts to fetch what is missing through `slot`, or remembers that there is more.
    mutating func fetch(through slot: Slot, from: NodeID, into step: inout Step) {
        guard slot > acceptor.chosenThrough else { return }
        if let under = catchUp, under.through > acceptor.chosenThrough {
            catchUp?.extend(through: slot)
            return
        }
        catchUp = CatchUp(through: slot, from: from, tick: now)
        ask(from, into: &step)
    }

    mutating func ask(_ peer: NodeID, into step: inout Step) {
        guard let through = catchUp?.through, installing == nil, !resumeSnapshot(peer, into: &step) else {
            return
        }
        catchUp?.asked(peer, atTick: now)
        answerTime.asked(peer, atTick: now)
        // An offer is the answer now, and no longer that of a peer that lacks a chunk.
        arriving?.from = nil
        send(
            .fetch(Fetch(from: acceptor.chosenThrough.next, through: through)), to: peer, into: &step)
    }

    /// A peer that does not answer is followed by the next.
    mutating func tickCatchUp(into step: inout Step) {
        guard let catchUp else { return }
        guard acceptor.chosenThrough < catchUp.through else {
            self.catchUp = nil
            return
        }
        let patience = answerTime.patience(peers: others.count)
        guard catchUp.isOverdue(atTick: now, after: patience) else { return }
        answerTime.noteSilence()
        // Whoever leads may have come after all the members that this node knows of have gone.
        let unknown = knownLeader.flatMap { others.contains($0) || $0 == node ? nil : $0 }
        let peers = unknown.map { leader in (others + [leader]).sorted() } ?? others
        guard let next = peers.first(where: { $0 > catchUp.from }) ?? peers.first else { return }
        ask(next, into: &step)
    }
}
