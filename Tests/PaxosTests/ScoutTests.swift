import Testing

@testable import Paxos

/// Phase 1: whose promises count, and what they oblige to.
@Suite struct ScoutTests {
    private let ballot = Ballot(5, 1)
    private let old = Ballot(1, 3)
    private let newer = Ballot(4, 2)

    private func scout(firstOpen: UInt64 = 1) -> Scout { Scout(ballot: ballot, firstOpen: Slot(firstOpen)) }

    private func promise(
        _ ballot: Ballot? = nil, part: UInt32 = 0, of parts: UInt32 = 1, chosenThrough: UInt64 = 0,
        accepted: [AcceptedProposal] = []
    ) -> Promise {
        Promise(
            ballot: ballot ?? self.ballot, part: part, parts: parts, chosenThrough: Slot(chosenThrough),
            floor: .zero, accepted: accepted)
    }

    private func adding(_ promises: [(Promise, from: UInt16)], to scout: Scout) -> Scout {
        var scout = scout
        for (promise, from) in promises { scout.add(promise, from: NodeID(from)) }
        return scout
    }

    /// Whether a quorum of the voters 1 through `voters` has promised.
    private func isComplete(_ scout: Scout, voters: UInt16 = 3) -> Bool {
        scout.promised.isReached(in: Configuration(voters: (1...voters).map { NodeID($0) }))
    }

    // MARK: Whose promises count

    @Test func aQuorumOfDistinctVotersIsNeeded() {
        #expect(!isComplete(adding([(promise(), 1)], to: scout())))
        #expect(!isComplete(adding([(promise(), 1), (promise(), 1)], to: scout())))
        #expect(!isComplete(adding([(promise(), 1), (promise(), 9)], to: scout())), "a stranger")
        #expect(isComplete(adding([(promise(), 1), (promise(), 3)], to: scout())))
        #expect(!isComplete(adding([(promise(), 1), (promise(), 3)], to: scout()), voters: 4))
    }

    @Test func aPromiseOfAnotherBallotNeverCounts() {
        let stale = promise(Ballot(4, 1), accepted: [AcceptedProposal(1, newer, .sessions(1))])
        var scout = adding([(promise(), 1), (stale, 2), (promise(Ballot(6, 1)), 3)], to: scout())
        #expect(!isComplete(scout))
        #expect(scout.lastVoted == .zero)
        #expect(scout.takeProposal(for: Slot(1)) == .noOp)
    }

    @Test func aPromiseCountsWhenAllItsPartsAreThere() {
        let parts = (0..<3).map { promise(part: UInt32($0), of: 3) }
        var scout = adding([(promise(), 1), (parts[2], 2), (parts[0], 2), (parts[0], 2)], to: scout())
        #expect(!isComplete(scout), "part 1 is missing, part 0 came twice")
        scout.add(parts[1], from: NodeID(2))
        #expect(isComplete(scout))
    }

    @Test func partsOfTwoVotersMakeNoPromise() {
        let scout = adding([(promise(part: 0, of: 2), 2), (promise(part: 1, of: 2), 3)], to: scout())
        #expect(!isComplete(scout, voters: 1))
    }

    @Test func partsOfTwoAnswersMakeNoPromiseUnlessTheyAreAlike() {
        let mixed: [(Promise, from: UInt16)] = [
            (promise(), 1), (promise(part: 0, of: 2, chosenThrough: 4), 2),
            (promise(part: 1, of: 2, chosenThrough: 3), 2),
        ]
        var scout = adding(mixed, to: scout())
        #expect(!isComplete(scout))
        scout.add(promise(part: 0, of: 2, chosenThrough: 3), from: NodeID(2))
        #expect(isComplete(scout))
        let resized = adding(
            [(promise(), 1), (promise(part: 0, of: 3), 2), (promise(part: 1, of: 2), 2)], to: self.scout())
        #expect(!isComplete(resized))
    }

    @Test func aPartBeyondItsCountIsIgnored() {
        #expect(!isComplete(adding([(promise(), 1), (promise(part: 1, of: 1), 2)], to: scout())))
        #expect(!isComplete(adding([(promise(), 1), (promise(part: 0, of: 0), 2)], to: scout())))
    }

    // MARK: What they oblige to

    @Test func theValueOfTheHighestBallotIsTakenUpInAnyOrder() {
        let low = promise(accepted: [AcceptedProposal(2, old, .sessions(1))])
        let high = promise(accepted: [AcceptedProposal(2, newer, .sessions(2))])
        for order in [[low, high], [high, low]] {
            var scout = adding([(order[0], 1), (order[1], 2)], to: scout())
            #expect(scout.takeProposal(for: Slot(2)) == .sessions(2))
            #expect(scout.lastVoted == Slot(2))
        }
    }

    @Test func aGapBecomesANoOp() {
        var scout = adding(
            [
                (promise(accepted: [AcceptedProposal(1, old, .sessions(1))]), 1),
                (promise(accepted: [AcceptedProposal(3, old, .sessions(3))]), 2),
            ], to: scout())
        #expect(scout.takeProposal(for: Slot(1)) == .sessions(1))
        #expect(scout.takeProposal(for: Slot(2)) == .noOp)
        #expect(scout.takeProposal(for: Slot(3)) == .sessions(3))
    }

    @Test func whatIsChosenAndWhoKnowsIsRemembered() {
        let scout = adding(
            [(promise(chosenThrough: 7), 2), (promise(chosenThrough: 9), 3), (promise(chosenThrough: 9), 1)],
            to: scout(firstOpen: 5))
        #expect(scout.chosenThrough == Slot(9))
        #expect(scout.mostAdvanced == NodeID(3))
    }

    @Test func aCandidateThatKnowsAllAsksNobody() {
        let scout = adding(
            [(promise(chosenThrough: 4), 1), (promise(chosenThrough: 2), 2)], to: scout(firstOpen: 5))
        #expect(scout.mostAdvanced == nil)
        #expect(scout.chosenThrough == Slot(4))
        #expect(scout.lastVoted == Slot(4))
    }
}
