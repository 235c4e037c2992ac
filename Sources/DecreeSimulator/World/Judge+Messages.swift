import DecreeStore
import Paxos

/// What nodes say, to one another and to clients: only what is durable may be said, and only what was chosen is
/// done.
extension Judge {
    /// A node says something to another: only what is durable may be said.
    mutating func sees(_ message: Message, from node: Int, to: Int?, life: Int, isSent: Bool) {
        let durable = nodes[node]
        if isSent, message.isBinding, copies.contains(node) { hasVotedAsCopy.insert(node) }
        guard void[node] == nil else {
            // Those whose files are gone may lead until they look, and ask again in a ballot that they have asked in: they
            // say nothing that has yet to be durable.
            let isBinding =
                void[node] == .unlinked
                ? message.waitsForDisk && !isAskedAgain(message, life) : message.isBinding
            if isSent, isBinding { holdBinding(node, "says \(message.summary)") }
            return
        }
        switch message {
        case .prepare(let prepare):
            waits(durable.promised >= prepare.ballot, node, "prepares \(prepare.ballot)")
            hold(
                prepare.ballot.node == ids[node], "BallotFresh",
                "\(name(node)) prepares \(prepare.ballot)")
            let owner = prepared[prepare.ballot]
            hold(
                owner == nil || owner == life, "BallotFresh",
                "\(name(node)) prepares \(prepare.ballot) again after a restart")
            prepared[prepare.ballot] = life
            promiseReports.asked(prepare)
        case .promise(let promise):
            hold(
                promise.chosenThrough >= durable.abstainThrough, "CorruptIsNotAbsent",
                "\(name(node)) promises before it has learnt what rotted")
            waits(durable.promised >= promise.ballot, node, "promises \(promise.ballot)")
            for vote in promise.accepted {
                waits(
                    vote.proposal == voted(node, vote.slot.rawValue, vote.ballot), node,
                    "reports a vote for slot \(vote.slot) in \(vote.ballot)")
            }
            holdChosen(promise.chosenThrough, node)
            hold(
                promiseReports.isAsked(promise), "PartOfItsQuestion",
                "\(name(node)) promises \(promise.ballot), and answers what no node asked")
            // A decision that came after the promise was made is written together with it, and is no vote.
            let votes = durable.votes.lazy.map { (Slot($0.key), $0.value.ballot) }
                .filter { $0.0 > durable.chosenThrough }
            let kept = promiseReports.told(promise, by: node, of: votes)
            hold(
                kept.isEmpty, "ValueRule",
                "\(name(node)) promises \(promise.ballot) and keeps silent about its votes for slots \(kept)"
            )
            nodes[node].toldPromise = max(durable.toldPromise, promise.ballot)
            promised[promise.ballot, default: []].insert(id(node))
        case .accept(let accept):
            ledBallots.insert(accept.ballot)
            highestLed = max(highestLed, accept.ballot)
            waits(durable.promised >= accept.ballot, node, "proposes in \(accept.ballot)")
            holdChosen(accept.chosenThrough, node)
            propose(accept, by: node)
        case .accepted(let accepted):
            hold(
                accepted.from > durable.abstainThrough, "CorruptIsNotAbsent",
                "\(name(node)) votes for slot \(accepted.from) before it has learnt what rotted")
            hold(
                accepted.ballot >= durable.toldPromise, "PromiseMonotone",
                "\(name(node)) votes in \(accepted.ballot) after it promised \(durable.toldPromise)")
            for slot in accepted.from.rawValue...accepted.through.rawValue {
                waits(
                    voted(node, slot, accepted.ballot) != nil, node,
                    "votes for slot \(slot) in \(accepted.ballot)")
            }
        case .decisions(let decisions):
            holdChosen(decisions.chosenThrough, node)
            for decided in decisions.decided {
                hold(
                    chosen[decided.slot.rawValue]?.proposal == decided.proposal, "ChosenUnique",
                    "\(name(node)) tells of another decision in slot \(decided.slot)")
            }
        case .heartbeat(let heartbeat):
            nodes[node].leads = heartbeat.ballot
            highestLed = max(highestLed, heartbeat.ballot)
            holdChosen(heartbeat.chosenThrough, node)
        case .snapshotOffer(let offer):
            holdChosen(offer.chosenThrough, node)
            // All of it is there, and was read back; the row that says so may be on its way.
            waits(
                nodes[node].snapshots.contains(offer.header)
                    || nodes[node].chunks[offer.header]?.count == offer.header.chunkCount, node,
                "offers the snapshot of slot \(offer.header.slot)")
        case .snapshotChunk(let chunk): holdComplete(chunk.header, node)
        case .preVote, .preVoteReply, .rejection, .heartbeatReply, .fetch, .handover, .fetchSnapshot: break
        }
    }

    private func isAskedAgain(_ message: Message, _ life: Int) -> Bool {
        if case .prepare(let prepare) = message { prepared[prepare.ballot] == life } else { false }
    }

    private func holdComplete(_ header: SnapshotHeader, _ node: Int) {
        waits(
            nodes[node].snapshots.contains(header), node, "sends the snapshot of slot \(header.slot)")
    }

    /// What a node's vote in a slot and ballot was, once that is durable.
    func voted(_ node: Int, _ slot: UInt64, _ ballot: Ballot) -> Proposal? {
        tallies[slot]?.first { $0.ballot == ballot && $0.voters.contains(id(node)) }?.proposal
    }

    private func holdChosen(_ through: Slot, _ node: Int) {
        hold(
            through.rawValue <= chosenThrough, "QuorumExact",
            "\(name(node)) says that slots through \(through) are chosen, and no quorum chose them")
    }

    private func waits(_ isDurable: Bool, _ node: Int, _ what: @autoclosure () -> String) {
        hold(isDurable, "PersistBeforeSend", "\(name(node)) \(what()) before it is durable")
    }

    /// Every proposal stands on promises of a quorum of those who govern its slot, and on those slots that fix who
    /// that is.
    private func holdCovered(_ accept: Accept, by node: Int) {
        let slot = accept.slot.rawValue
        hold(
            slot <= chosenThrough + alpha, "ConfigAtSlot",
            "\(name(node)) proposes in slot \(slot), and slots through \(chosenThrough) are chosen")
        // Its own promise it tells nobody.
        let promises = (promised[accept.ballot] ?? []).union([id(node)])
        hold(
            members[slot].isQuorum(promises), "QuorumExact",
            "\(name(node)) proposes in \(accept.ballot), slot \(slot), which \(promises.sorted()) of "
                + "\(members[slot].voters.sorted()) have promised")
    }

    private mutating func propose(_ accept: Accept, by node: Int) {
        let slot = accept.slot.rawValue
        let before = proposed[slot]?.first { $0.ballot == accept.ballot }
        guard let before else {
            holdCovered(accept, by: node)
            proposed[slot, default: []].append((accept.ballot, accept.proposal))
            if let known = chosen[slot], accept.ballot > known.ballot {
                hold(
                    accept.proposal == known.proposal, "ChosenStable",
                    "ballot \(accept.ballot) proposes another value in slot \(slot) than was chosen in "
                        + "\(known.ballot)")
            }
            return
        }
        hold(
            before.proposal == accept.proposal, "OneValuePerBallotSlot",
            "ballot \(accept.ballot) proposes two values in slot \(slot)")
    }

    /// The highest ballot that a quorum has promised: nobody leads in a lower one any more. While the members change,
    /// one quorum does not end what another began: then the highest in which somebody led.
    var promisedByQuorum: Ballot {
        let rule = members[chosenThrough + 1]
        guard rule.from == 0 || rule.from + alpha <= chosenThrough, members.latest == rule else {
            return highestLed
        }
        let promised = ids.indices.filter { rule.voters.contains(id($0)) && void[$0] == nil }.map {
            nodes[$0].promised
        }
        let place = rule.voters.count / 2
        return promised.count > place ? promised.sorted(by: >)[place] : .zero
    }

    /// A node answers a client: what is said to be done must have been chosen, and a read be answered by one who
    /// led after it arrived, when a quorum had promised `ballot`.
    func sees(_ response: ClientResponse, from node: Int, arrivedUnder ballot: Ballot) {
        switch response {
        case .executed(_, let position):
            hold(
                position.slot.rawValue <= chosenThrough, "AckedSurvives",
                "\(name(node)) answers for slot \(position.slot), which no quorum has chosen")
        case .opened(let session):
            hold(
                session.rawValue >> 20 <= chosenThrough, "AckedSurvives",
                "\(name(node)) opens session \(session), which no quorum has chosen")
        case .answered(_, let through, let consistency):
            hold(
                // Of one whose files are gone it is not known any more in which ballot it leads.
                consistency == .stale || nodes[node].leads >= ballot || void[node] == .unlinked, "ReadFresh",
                "\(name(node)), leader of \(nodes[node].leads), answers a read that came when a quorum had "
                    + "promised \(ballot)")
            hold(
                through.rawValue <= chosenThrough, "AckedSurvives",
                "\(name(node)) answers from slot \(through), which no quorum has chosen")
        case .admin(.changed(let outcome)):
            hold(
                members.rules.contains {
                    $0.members[outcome.node.rawValue] != nil || $0.gone.contains(outcome.node.rawValue)
                },
                "IdentityFresh",
                "\(name(node)) tells of a change of node \(outcome.node), which the log has not made")
        case .admin(.executed(let slots)): seesTold(slots.decided, by: node)
        case .admin(.slots(let decided, _)): seesTold(decided, by: node)
        case .admin(.logBegins(let slot)):
            // What a rotten disk has, or one that counts for nothing, is not known here.
            hold(
                !isSound(node) || slot.previous <= nodes[node].snapshots.last?.slot ?? .zero,
                "FloorSafe",
                "\(name(node)) says that the log begins at slot \(slot), and has no complete snapshot for what was before"
            )
        case .admin: break
        case .notLeader, .busy, .leadershipLost, .sessionExpired, .alreadyAcknowledged, .refused: break
        }
    }
}

extension Judge {
    /// A node tells a reader outside the cluster of chosen slots.
    private func seesTold(_ decided: [AcceptedProposal], by node: Int) {
        for told in decided {
            hold(
                chosen[told.slot.rawValue]?.proposal == told.proposal, "QuorumExact",
                "\(name(node)) tells a reader of slot \(told.slot) what no quorum has chosen")
        }
    }
}

extension Message {
    /// Whether somebody may count on it: a promise, a vote, or what a leader offers.
    /// Whether it leaves only when what it says is durable.
    fileprivate var waitsForDisk: Bool {
        switch self {
        case .prepare, .promise, .accepted: true
        default: false
        }
    }

    fileprivate var isBinding: Bool {
        switch self {
        case .prepare, .promise, .accept, .accepted, .heartbeat, .heartbeatReply: true
        default: false
        }
    }
}
