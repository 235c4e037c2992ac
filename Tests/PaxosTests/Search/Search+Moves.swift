@testable import Paxos

/// Everything that can happen in a state.
extension Search {
    typealias Phase = SearchState.Phase

    func expand(_ state: SearchState) {
        if isReduced, isNobodyLeftToLead(state) { return expandVotesAlone(state) }
        movesOfProposer(0, state)
        movesOfProposer(1, state)
        var acceptor: UInt64 = 0
        while acceptor < 3 {
            prepares(to: acceptor, state)
            accepts(to: acceptor, state)
            if state.proposers & SearchState.crashed == 0 { crash(acceptor: acceptor, state) }
            acceptor &+= 1
        }
    }

    /// Reduction 6: what is left are votes, each acceptor's in ascending order.
    private func expandVotesAlone(_ state: SearchState) {
        let before = moves
        var acceptor: UInt64 = 0
        while acceptor < 3, moves == before {
            var place: UInt64 = 0
            while place < 8, moves == before {
                let value = state.proposed(at: place)
                if value != 0, state[acceptor] >> (SearchState.sentShift &+ place) & 1 == 0 {
                    vote(place, value, acceptor, state)
                }
                place &+= 1
            }
            acceptor &+= 1
        }
    }

    private func isNobodyLeftToLead(_ state: SearchState) -> Bool {
        state.used(0) == lastBallots.0 && state.used(1) == lastBallots.1
            && state.phase(0) != Phase.preparing && state.phase(1) != Phase.preparing
    }

    // MARK: Proposers

    private func movesOfProposer(_ number: UInt64, _ state: SearchState) {
        let used = state.used(number)
        let phase = state.phase(number)
        if used < (number == 0 ? lastBallots.0 : lastBallots.1) {
            // It loses patience, or campaigns for the first time: its prepares are on their way to all.
            var next = state
            next.setProposer(
                number,
                SearchState.proposerBits(
                    used: used &+ 1, phase: Phase.preparing, otherLife: state.isOtherLife(number)))
            if isReduced {
                startWithPromise(number, used &+ 1, next)
            } else {
                reach(next, by: Move(kind: .start, who: number, first: used &+ 1))
            }
        }
        if phase == Phase.preparing { lead(number, state) }
        if phase == Phase.oneProposed { proposeSecond(number, state) }
        if phase != Phase.idle, state.proposers & SearchState.crashed == 0 {
            crash(proposer: number, state)
        }
    }

    /// Reduction 4: a ballot is started when its first promise is given.
    private func startWithPromise(_ number: UInt64, _ nth: UInt64, _ state: SearchState) {
        let ballot = SearchSpace.ballot(nth, of: number)
        var acceptor: UInt64 = 0
        while acceptor < 3 {
            let word = state[acceptor]
            let answer = roles.prepare(word & SearchState.coreMask, ballot)
            if SearchRoles.answer(answer) == SearchRoles.Answer.done {
                promise(ballot, nth, number, acceptor, answer, word, state)
            }
            acceptor &+= 1
        }
    }

    /// Phase 1 ends with the promises of any two acceptors, and the first slot's accepts leave.
    private func lead(_ number: UInt64, _ state: SearchState) {
        var one: UInt64 = 0
        while one < 3 {
            var other = one &+ 1
            while other < 3 {
                if hasPromise(from: one, to: number, state), hasPromise(from: other, to: number, state) {
                    lead(number, state, one, other, inTheNameOf: other)
                }
                other &+= 1
            }
            if space.mistake == .countsOnePromiseTwice, hasPromise(from: one, to: number, state) {
                lead(number, state, one, one, inTheNameOf: (one &+ 1) % 3)
            }
            one &+= 1
        }
    }

    private func hasPromise(from acceptor: UInt64, to number: UInt64, _ state: SearchState) -> Bool {
        let which = state[acceptor] >> SearchState.promiseShift(number) & 3
        return which == state.used(number) || which != 0 && space.mistake == .countsStalePromise
    }

    private func lead(
        _ number: UInt64, _ state: SearchState, _ one: UInt64, _ other: UInt64, inTheNameOf name: UInt64
    ) {
        let shift = SearchState.promiseShift(number)
        let ballot = SearchSpace.ballot(state.used(number), of: number)
        let oneReports = state[one] >> (shift &+ 2) & 0xfff
        let otherReports = state[other] >> (shift &+ 2) & 0xfff
        let found = roles.scout(ballot, from: one, oneReports, and: name, otherReports)
        hold(
            found & SearchRoles.Found.notExact == 0, .quorumExact,
            "the scout of \(SearchSpace.name(of: ballot))")
        hold(found & SearchRoles.Found.dependsOnOrder == 0, .valueRule, "the promises' order shows")
        hold(
            SearchState.promisesAreExact(state, from: one, other, to: number), .quorumExact,
            "ballot \(SearchSpace.name(of: ballot)) leads without two acceptors' promises for it")

        let own = state.isOtherLife(number) ? SearchSpace.otherLife : ballot
        let isIgnorant = space.mistake == .ignoresReportedVotes
        let inFirst = found & 7 == 0 || isIgnorant ? own : found & 7
        let inSecond = found >> 3 & 7 == 0 || isIgnorant ? own : found >> 3 & 7
        let must = Self.valueRule(oneReports, otherReports, own: own)
        hold(
            inFirst == must.first && inSecond == must.second, .valueRule,
            "ballot \(SearchSpace.name(of: ballot)) may not propose what it does")

        var next = state
        next.setProposer(
            number,
            SearchState.proposerBits(
                used: state.used(number), phase: space.slots == 2 ? Phase.oneProposed : Phase.allProposed,
                pending: space.slots == 2 ? inSecond : 0, otherLife: state.isOtherLife(number)))
        propose(inFirst, ballot, slot: 1, &next)
        if isReduced, space.slots == 2 {
            // Reduction 5: whoever dies between its accepts is one whose second was lost.
            next.setProposer(
                number,
                SearchState.proposerBits(
                    used: state.used(number), phase: Phase.allProposed, otherLife: state.isOtherLife(number)))
            propose(inSecond, ballot, slot: 2, &next)
        }
        reach(next, by: Move(kind: .lead, who: number, first: one, second: other))
    }

    private func proposeSecond(_ number: UInt64, _ state: SearchState) {
        let ballot = SearchSpace.ballot(state.used(number), of: number)
        var next = state
        next.setProposer(
            number,
            SearchState.proposerBits(
                used: state.used(number), phase: Phase.allProposed, otherLife: state.isOtherLife(number)))
        propose(state.pending(number), ballot, slot: 2, &next)
        reach(next, by: Move(kind: .proposeSecond, who: number, first: ballot))
    }

    private func propose(_ value: UInt64, _ ballot: UInt64, slot: UInt64, _ next: inout SearchState) {
        let place = SearchState.place(ballot, slot)
        let before = next.proposed(at: place)
        hold(
            before == 0 || before == value, .oneValuePerBallotSlot,
            "ballot \(SearchSpace.name(of: ballot)) proposes two values in slot \(slot)")
        next.propose(value, at: place)
    }

    /// Its memory is gone: a scout or a commander, and what it had yet to propose.
    private func crash(proposer number: UInt64, _ state: SearchState) {
        let isReusing = space.mistake == .reusesBallotAfterCrash
        let used = state.used(number) &- (isReusing ? 1 : 0)
        var next = state
        next.setProposer(
            number, SearchState.proposerBits(used: used, phase: Phase.idle, otherLife: isReusing))
        if !isReduced { next.proposers |= SearchState.crashed }
        reach(next, by: Move(kind: .crashProposer, who: number))
    }

    // MARK: Acceptors

    /// Every prepare that was ever sent may arrive.
    private func prepares(to acceptor: UInt64, _ state: SearchState) {
        var ballot: UInt64 = 1
        while ballot <= SearchSpace.highestBallot {
            let proposer = (ballot &- 1) & 1
            let nth = (ballot &+ 1) >> 1
            let isOpen = nth == state.used(proposer) && state.phase(proposer) == Phase.preparing
            if isOpen || nth <= state.used(proposer) && !isReduced {
                let word = state[acceptor]
                let answer = roles.prepare(word & SearchState.coreMask, ballot)
                if SearchRoles.answer(answer) == SearchRoles.Answer.done {
                    promise(ballot, nth, proposer, acceptor, answer, word, state)
                }
            }
            ballot &+= 1
        }
    }

    @inline(__always)
    private func promise(
        _ ballot: UInt64, _ nth: UInt64, _ proposer: UInt64, _ acceptor: UInt64, _ answer: UInt64,
        _ word: UInt64, _ state: SearchState
    ) {
        let after = SearchRoles.core(answer)
        hold(after & 7 >= word & 7, .promiseMonotone, "a prepare lowers it")
        let shift = SearchState.promiseShift(proposer)
        var next = state
        var nextWord = word & ~SearchState.coreMask | after
        // The first answer of a ballot is kept. A later one reports votes of this very ballot besides, so
        // it is given only when the scout of the ballot is done.
        if word >> shift & 3 < nth {
            nextWord = nextWord & ~(SearchState.promiseMask << shift)
            nextWord |= (nth | SearchRoles.reported(answer) << 2) << shift
        }
        guard nextWord != word else { return }
        next[acceptor] = nextWord
        reach(next, by: Move(kind: .promise, who: acceptor, first: ballot))
    }

    /// Every accept that was ever sent may arrive.
    private func accepts(to acceptor: UInt64, _ state: SearchState) {
        var place: UInt64 = 0
        while place < 8 {
            let value = state.proposed(at: place)
            if value != 0 { vote(place, value, acceptor, state) }
            place &+= 1
        }
    }

    @inline(__always)
    private func vote(_ place: UInt64, _ value: UInt64, _ acceptor: UInt64, _ state: SearchState) {
        let word = state[acceptor]
        let answer = roles.accept(word & SearchState.coreMask, place: place, value: value)
        guard SearchRoles.answer(answer) != SearchRoles.Answer.refused else { return }
        let after = SearchRoles.core(answer)
        let nextWord = word & ~SearchState.coreMask | after | 1 << (SearchState.sentShift &+ place)
        guard nextWord != word else { return }
        hold(after & 7 >= word & 7, .promiseMonotone, "a vote lowers it")
        var next = state
        next[acceptor] = nextWord
        holdCommander(place, next)
        reach(next, by: Move(kind: .vote, who: acceptor, first: place, second: value))
    }

    private func crash(acceptor: UInt64, _ state: SearchState) {
        var next = state
        let word = state[acceptor]
        next[acceptor] = word & ~SearchState.coreMask | roles.recovered(word & SearchState.coreMask)
        hold(next[acceptor] & 7 >= word & 7, .promiseMonotone, "a crash lowers it")
        if !isReduced { next.proposers |= SearchState.crashed }
        reach(next, by: Move(kind: .crashAcceptor, who: acceptor))
    }
}
