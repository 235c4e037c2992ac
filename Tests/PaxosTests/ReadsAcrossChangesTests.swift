import Testing

@testable import Paxos

/// Reads that wait while the leader learns of a change that the others have made without it (invariant ReadFresh).
@Suite struct ReadsAcrossChangesTests {
    private let replaced = ChangeLog(replacing: 5)

    private func reply(_ solo: SoloGroup, _ ballot: Ballot, from voters: [UInt16]) {
        solo.tick(TestCluster.shortTimes.heartbeatTicks)
        let round = solo.takeSent().heartbeats.last?.round ?? 0
        for voter in voters {
            solo.receive(
                .heartbeatReply(HeartbeatReply(ballot: ballot, round: round, executedThrough: Slot(8))),
                from: voter)
        }
    }

    /// Node 1 leads the old members {1...5}, by the promises of 2 and 3, and lacks slots 1 through 8: in slot 9, node 6
    /// is in the place of 5. A read comes, and 2 and 5 answer its round; then node 1 learns who the members are. By
    /// the promises, of 2 and 3 it leads the new ones too. But {3, 4, 6} may have chosen a write in slot 9 since, in a
    /// higher ballot: of the new members, 2 alone has vouched for the read.
    private func leaderThatLearnsOfAChange() -> (SoloGroup, Ballot, read: Ticket) {
        let solo = SoloGroup(voters: 5, alpha: 4)
        let ballot = solo.lead(chosenThrough: Slot(8))
        let read = solo.ask(TestCluster.read())
        reply(solo, ballot, from: [2, 5])
        #expect(
            solo.group.leader?.confirmation.confirmedRound == solo.group.leader?.confirmation.round,
            "a quorum of the old members")
        solo.decide(replaced.decided, chosenThrough: 8, from: 2)
        #expect(solo.group.isLeading && solo.group.leader?.unpromisedFrom == nil)
        #expect(solo.group.configurations.latest.voters == [1, 2, 3, 4, 6].map { NodeID($0) })
        solo.endTurn()
        #expect(solo.responses[read] == nil, "nobody vouches for it but the old members")
        return (solo, ballot, read)
    }

    @Test func aRoundOfTheOldMembersDoesNotVouchForTheNewOnes() {
        let (solo, ballot, read) = leaderThatLearnsOfAChange()
        solo.receive(.rejection(Rejection(ballot: ballot, promised: Ballot(99, 3))), from: 3)
        guard case .notLeader? = solo.responses[read] else {
            Issue.record("another leads, and the read is answered: \(String(describing: solo.responses))")
            return
        }
    }

    @Test func aRoundOfTheNewMembersDoes() {
        let (solo, ballot, read) = leaderThatLearnsOfAChange()
        reply(solo, ballot, from: [2, 5])
        #expect(solo.responses[read] == nil, "5 has no voice any more")
        reply(solo, ballot, from: [2, 4])
        guard case .answered? = solo.responses[read] else {
            Issue.record("a quorum of the new members has vouched for it")
            return
        }
    }

    /// The leader of {1, 2, 3} goes on from a snapshot, and lacks two slots more. In it, 4 is in the place of 2: of the
    /// new members nobody has promised yet but itself. They are asked at once, not when the slots have come.
    @Test func aSnapshotThatTellsOfAChangeTakesPhaseOneUpAgain() {
        let other = SoloGroup(alpha: 4, chosen: ChangeLog(replacing: 2, by: 4).decided)
        let solo = SoloGroup(alpha: 4)
        let ballot = solo.lead(chosenThrough: Slot(10))
        _ = solo.takeSent()
        solo.install(other.group.replica.capture().encode())
        #expect(solo.group.chosenThrough == Slot(8) && solo.group.leader != nil && !solo.group.isLeading)
        #expect(solo.group.leader?.unpromisedFrom == Slot(9))
        let asked = solo.sent.filter {
            $0.message == .prepare(Prepare(ballot: ballot, firstOpen: Slot(9), attempt: 1))
        }
        #expect(asked.map(\.to) == [3, 4].map { NodeID($0) })
        solo.promise(ballot, from: 3, chosenThrough: Slot(10))
        #expect(solo.group.leader?.unpromisedFrom == nil)
    }
}

/// Eight chosen slots, at the end of which a voter is in the place of another, with alpha 4.
private struct ChangeLog {
    let decided: [AcceptedProposal]

    init(replacing replaced: UInt16, by new: UInt16 = 6) {
        decided = (1...8).map { slot in
            let proposal: Proposal =
                switch slot {
                case 1: .change(TestCluster.joining(new, replacing: replaced))
                case 5: .change(.promote(NodeID(new)))
                default: .noOp
                }
            return AcceptedProposal(UInt64(slot), Ballot(1, 2), proposal)
        }
    }
}

extension Proposal {
    /// A batch of one change.
    static func change(_ change: ConfigurationChange) -> Proposal {
        var builder = ProposalBuilder()
        builder.append(.change(change))
        return builder.build()
    }
}
