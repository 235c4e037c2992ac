import DecreeStore
import Paxos

/// What nodes say, to one another and to clients: only what is durable may be said, and only what was chosen is
/// done.
extension Judge {
    /// A node says something to another: only what is durable may be said.
    mutating func sees(_ message: Message, from node: Int, to: Int, life: Int) {
        let durable = nodes[node]
        switch message {
        case .prepare(let prepare):
            waits(durable.promised >= prepare.ballot, node, "prepares \(prepare.ballot)")
            hold(
                prepare.ballot.node == configuration.voters[node], "BallotFresh",
                "node \(node + 1) prepares \(prepare.ballot)")
            let owner = prepared[prepare.ballot]
            hold(
                owner == nil || owner == life, "BallotFresh",
                "node \(node + 1) prepares \(prepare.ballot) again after a restart")
            prepared[prepare.ballot] = life
            promiseReports.asked(prepare)
        case .promise(let promise):
            waits(durable.promised >= promise.ballot, node, "promises \(promise.ballot)")
            for vote in promise.accepted {
                waits(
                    vote.proposal == voted(node, vote.slot.rawValue, vote.ballot), node,
                    "reports a vote for slot \(vote.slot) in \(vote.ballot)")
            }
            holdChosen(promise.chosenThrough, node)
            // A decision that came after the promise was made is written together with it, and is no vote.
            let votes = durable.votes.lazy.map { (Slot($0.key), $0.value.ballot) }
                .filter { $0.0 > durable.chosenThrough }
            let kept = promiseReports.told(promise, by: node, of: votes)
            hold(
                kept.isEmpty || rotten.contains(node), "ValueRule",
                "node \(node + 1) promises \(promise.ballot) and keeps silent about its votes for slots \(kept)"
            )
            nodes[node].toldPromise = max(durable.toldPromise, promise.ballot)
            promised[promise.ballot, default: []].insert(node)
        case .accept(let accept):
            if ledBallots.insert(accept.ballot).inserted {
                // Its own promise it tells nobody.
                let promises = (promised[accept.ballot] ?? []).union([node])
                hold(
                    isMajority(promises), "QuorumExact",
                    "node \(node + 1) proposes in \(accept.ballot), which \(promises.count) have promised")
            }
            waits(durable.promised >= accept.ballot, node, "proposes in \(accept.ballot)")
            holdChosen(accept.chosenThrough, node)
            propose(accept)
        case .accepted(let accepted):
            hold(
                accepted.ballot >= durable.toldPromise, "PromiseMonotone",
                "node \(node + 1) votes in \(accepted.ballot) after it promised \(durable.toldPromise)")
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
                    "node \(node + 1) tells of another decision in slot \(decided.slot)")
            }
        case .heartbeat(let heartbeat):
            nodes[node].leads = heartbeat.ballot
            holdChosen(heartbeat.chosenThrough, node)
        case .preVote, .preVoteReply, .rejection, .heartbeatReply, .fetch, .handover: break
        }
    }

    /// What a node's vote in a slot and ballot was, once that is durable.
    func voted(_ node: Int, _ slot: UInt64, _ ballot: Ballot) -> Proposal? {
        tallies[slot]?.first { $0.ballot == ballot && $0.voters.contains(node) }?.proposal
    }

    private func holdChosen(_ through: Slot, _ node: Int) {
        hold(
            through.rawValue <= chosenThrough, "QuorumExact",
            "node \(node + 1) says that slots through \(through) are chosen, and no quorum chose them")
    }

    private func waits(_ isDurable: Bool, _ node: Int, _ what: @autoclosure () -> String) {
        hold(isDurable, "PersistBeforeSend", "node \(node + 1) \(what()) before it is durable")
    }

    private mutating func propose(_ accept: Accept) {
        let slot = accept.slot.rawValue
        let before = proposed[slot]?.first { $0.ballot == accept.ballot }
        guard let before else {
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

    /// The highest ballot that a quorum has promised: nobody leads in a lower one any more.
    var promisedByQuorum: Ballot {
        nodes.map(\.promised).sorted(by: >)[nodes.count / 2]
    }

    /// A node answers a client: what is said to be done must have been chosen, and a read be answered by one who
    /// led after it arrived, when a quorum had promised `ballot`.
    func sees(_ response: ClientResponse, from node: Int, arrivedUnder ballot: Ballot) {
        switch response {
        case .executed(_, let position):
            hold(
                position.slot.rawValue <= chosenThrough, "AckedSurvives",
                "node \(node + 1) answers for slot \(position.slot), which no quorum has chosen")
        case .opened(let session):
            hold(
                session.rawValue >> 20 <= chosenThrough, "AckedSurvives",
                "node \(node + 1) opens session \(session), which no quorum has chosen")
        case .answered(_, let through, let consistency):
            hold(
                consistency == .stale || nodes[node].leads >= ballot, "ReadFresh",
                "node \(node + 1), leader of \(nodes[node].leads), answers a read that came when a quorum had "
                    + "promised \(ballot)")
            hold(
                through.rawValue <= chosenThrough, "AckedSurvives",
                "node \(node + 1) answers from slot \(through), which no quorum has chosen")
        case .notLeader, .busy, .leadershipLost, .sessionExpired, .alreadyAcknowledged, .refused: break
        }
    }
}
