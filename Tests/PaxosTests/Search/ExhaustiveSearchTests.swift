import Testing

@testable import Paxos

/// The whole space of three acceptors, two proposers with two ballots each and two slots, over the product's
/// own acceptor, scout and commander: any message may be lost, doubled, delayed and overtaken, and any node
/// may crash at any point. Nothing is sampled and nothing is bounded.
@Suite struct ExhaustiveSearchTests {
    /// The counts are part of the test: one that changes says that the roles, or the model, do something else.
    @Test(
        arguments: [
            (SearchSpace(ballots: [1, 1], slots: 1), 144, 746, 10),
            (SearchSpace(ballots: [2, 2], slots: 1), 8_569, 62_639, 20),
            (SearchSpace(ballots: [2, 1], slots: 2), 17_920, 149_589, 21),
            (SearchSpace(ballots: [2, 2], slots: 2), 583_372, 5_736_821, 28),
        ])
    func everyStateKeepsEveryRule(_ space: SearchSpace, states: Int, moves: Int, deepestLevel: Int) {
        let search = Search(space)
        let elapsed = ContinuousClock().measure { search.run() }
        print(search.summary, "in", elapsed)
        #expect(search.violation == nil, "\(search.violation?.description ?? "")")
        #expect(search.states == states)
        #expect(search.moves == moves)
        #expect(search.deepestLevel == deepestLevel)
    }

    /// What is left out as showing nothing new is left out rightly: without that, and with every crash,
    /// prepare and accept a move of its own, the same is proposed and the same is decided.
    @Test(
        arguments: [
            SearchSpace(ballots: [1, 1], slots: 1, reduction: .nothing),
            SearchSpace(ballots: [2, 1], slots: 1, reduction: .names),
            SearchSpace(ballots: [1, 1], slots: 2, reduction: .names),
        ])
    func whatIsLeftOutShowsNothingNew(_ whole: SearchSpace) {
        var reduced = whole
        reduced.reduction = .everything
        let (one, other) = (Search(whole), Search(reduced))
        one.run()
        other.run()
        print(one.summary)
        #expect(one.violation == nil && other.violation == nil)
        #expect(one.proposals == other.proposals)
        let (decided, decidedInReduced) = (one.decisions(), other.decisions())
        #expect(decidedInReduced.isSubset(of: decided))
        // Votes nobody will ask for are all cast at once: then what is decided on the way is part of that.
        #expect(decided.allSatisfy { some in decidedInReduced.contains { $0.holds(some) } })
        #expect(other.states < one.states)
    }
}

extension UInt64 {
    /// Whether these decisions, three bits for each place, are all of `others` at least.
    fileprivate func holds(_ others: UInt64) -> Bool {
        (0..<8).allSatisfy { place in
            let other = others >> (3 * place) & 7
            return other == 0 || other == self >> (3 * place) & 7
        }
    }
}

/// The search finds what is wrong: each mistake in how the roles are wired to one another ends in a
/// violation, told by the shortest way there.
@Suite struct SearchMistakeTests {
    typealias Mistake = SearchSpace.Mistake
    typealias Rule = SearchSpace.Rule

    private func find(_ mistake: Mistake, looking rules: [Rule], ballots: [Int]) -> Search.Violation? {
        let search = Search(
            SearchSpace(ballots: ballots, slots: 1, mistake: mistake, rules: rules, reduction: .names))
        search.run()
        guard let violation = search.violation else { return nil }
        print(search.summary, violation, separator: "\n")
        return violation
    }

    /// Where it is noticed first.
    @Test(
        arguments: [
            (.countsStalePromise, .quorumExact, 5), (.countsOnePromiseTwice, .quorumExact, 3),
            (.ignoresReportedVotes, .valueRule, 9), (.reusesBallotAfterCrash, .oneValuePerBallotSlot, 7),
            (.forgetsPromiseAtCrash, .promiseMonotone, 3), (.forgetsVotesAtCrash, .chosenStable, 11),
            (.votesBelowPromise, .chosenStable, 10),
        ] as [(Mistake, Rule, Int)])
    func isNoticed(_ mistake: Mistake, rule: Rule, steps: Int) {
        let violation = find(mistake, looking: Rule.allCases, ballots: [2, 2])
        #expect(violation?.rule == rule)
        #expect(violation?.steps.count == steps)
    }

    /// And where it would end, if that went unnoticed: in two values chosen for one slot.
    @Test(
        arguments: [
            (.countsStalePromise, 10), (.countsOnePromiseTwice, 10), (.ignoresReportedVotes, 12),
            (.forgetsPromiseAtCrash, 13), (.forgetsVotesAtCrash, 13), (.votesBelowPromise, 12),
        ] as [(Mistake, Int)])
    func endsInTwoValues(_ mistake: Mistake, steps: Int) {
        let ballots = mistake == .countsStalePromise ? [2, 1] : [1, 1]
        let violation = find(mistake, looking: [.chosenUnique], ballots: ballots)
        #expect(violation?.rule == .chosenUnique)
        #expect(violation?.steps.count == steps)
    }

    /// The space without a mistake is sound under the very same rules.
    @Test func nothingIsNoticedWithoutAMistake() {
        let search = Search(SearchSpace(ballots: [2, 1], slots: 1, reduction: .names))
        search.run()
        #expect(search.violation == nil)
    }
}
