@testable import Paxos

/// The rules, in the search's own words: none of them asks a role.
extension Search {
    /// ChosenUnique and ChosenStable, in every state.
    func check(_ state: SearchState) {
        var chosen = state.chosen
        var place: UInt64 = 0
        while chosen != 0 {
            if chosen & 1 == 1 { check(state, chosenAt: place) }
            chosen >>= 1
            place &+= 1
        }
    }

    private func check(_ state: SearchState, chosenAt place: UInt64) {
        let value = state.proposed(at: place)
        let chosen = state.chosen
        // The same slot in the ballots above.
        var above = place &+ 2
        while above < 8 {
            let other = state.proposed(at: above)
            if other != 0, other != value {
                hold(chosen >> above & 1 == 0, .chosenUnique, "\(name(place)) and \(name(above))")
                hold(false, .chosenStable, "\(name(place)) is chosen, \(name(above)) proposes another value")
            }
            above &+= 2
        }
    }

    private func name(_ place: UInt64) -> String {
        "ballot \(SearchSpace.name(of: place / 2 + 1)) in slot \(place % 2 + 1)"
    }

    /// QuorumExact, for the commander of the ballot at `place`: it takes for chosen exactly the slots, in
    /// order, that two acceptors voted for in its ballot.
    func holdCommander(_ place: UInt64, _ state: SearchState) {
        let firstPlace = place & ~1
        let first = voters(firstPlace, state)
        let second = voters(firstPlace | 1, state)
        let isSecondProposed = state.proposed(at: firstPlace | 1) != 0
        let taken = roles.commander(firstPlace / 2 + 1, isSecondProposed: isSecondProposed, first, second)
        let chosen = state.chosen >> firstPlace & 3
        hold(
            taken == (chosen & 1 == 0 ? 0 : chosen), .quorumExact,
            "the commander of \(SearchSpace.name(of: place / 2 + 1)) counts otherwise")
    }

    @inline(__always)
    private func voters(_ place: UInt64, _ state: SearchState) -> UInt64 {
        let shift = SearchState.sentShift &+ place
        return state.first >> shift & 1 | (state.second >> shift & 1) << 1 | (state.third >> shift & 1) << 2
    }

    /// ValueRule: in each slot the value of the highest ballot reported; where none is, a no-op below the
    /// last slot that one is reported for, and whatever the proposer likes above it.
    static func valueRule(_ one: UInt64, _ other: UInt64, own: UInt64) -> (first: UInt64, second: UInt64) {
        let first = highest(one & 0x3f, other & 0x3f)
        let second = highest(one >> 6 & 0x3f, other >> 6 & 0x3f)
        return (first != 0 ? first : second != 0 ? SearchSpace.noOp : own, second != 0 ? second : own)
    }

    /// The value of the vote with the higher ballot.
    private static func highest(_ one: UInt64, _ other: UInt64) -> UInt64 {
        (one & 7 >= other & 7 ? one : other) >> 3
    }
}

extension SearchState {
    /// QuorumExact for phase 1: two acceptors have promised the very ballot.
    static func promisesAreExact(
        _ state: SearchState, from one: UInt64, _ other: UInt64, to proposer: UInt64
    ) -> Bool {
        let shift = promiseShift(proposer)
        let used = state.used(proposer)
        return one != other && state[one] >> shift & 3 == used && state[other] >> shift & 3 == used
    }
}

// MARK: Words

extension Search {
    /// A move, so that a reader can follow it.
    func describe(_ move: Move, from state: SearchState) -> String {
        let (proposer, acceptor) = ("proposer \(move.who + 1)", "acceptor \(move.who + 3)")
        switch move.kind {
        case .start:
            let ballot = SearchSpace.name(of: SearchSpace.ballot(move.first, of: move.who))
            return "\(proposer) prepares \(ballot)"
        case .promise:
            return "\(acceptor) promises \(SearchSpace.name(of: move.first)), reporting "
                + votes(state[move.who] >> 3)
        case .lead:
            let ballot = SearchSpace.ballot(state.used(move.who), of: move.who)
            let after = successor(of: state, by: move)
            let value = after.proposed(at: SearchState.place(ballot, 1))
            return "\(proposer) has the promises of acceptors \(move.first + 3) and \(move.second + 3),"
                + " and proposes \(SearchSpace.describe(value: value, slot: 1)) in slot 1"
                + " of \(SearchSpace.name(of: ballot))"
        case .proposeSecond:
            return "\(proposer) proposes \(SearchSpace.describe(value: state.pending(move.who), slot: 2))"
                + " in slot 2 of \(SearchSpace.name(of: move.first))"
        case .vote:
            return "\(acceptor) votes in \(SearchSpace.name(of: move.first / 2 + 1))"
                + " for \(SearchSpace.describe(value: move.second, slot: move.first % 2 + 1))"
                + " in slot \(move.first % 2 + 1)"
        case .crashAcceptor: return "\(acceptor) crashes and comes back"
        case .crashProposer: return "\(proposer) crashes and comes back"
        }
    }

    private func votes(_ bits: UInt64) -> String {
        let votes = ([1, 2] as [UInt64]).compactMap { slot -> String? in
            let vote = bits >> (6 * (slot - 1)) & 0x3f
            guard vote != 0 else { return nil }
            return
                "\(SearchSpace.describe(value: vote >> 3, slot: slot)) of \(SearchSpace.name(of: vote & 7))"
                + " in slot \(slot)"
        }
        return votes.isEmpty ? "no vote" : votes.joined(separator: " and ")
    }
}
