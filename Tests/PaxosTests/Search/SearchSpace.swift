@testable import Paxos

/// What is searched: three acceptors, two proposers with a few ballots each, one slot or two, one crash; and
/// what the model's wiring does wrong, if anything.
struct SearchSpace: CustomStringConvertible, Sendable {
    /// A mistake in how the model uses the roles: the roles stay as they are. Each must be found out.
    enum Mistake: String, CaseIterable, Sendable {
        /// A promise of the proposer's earlier ballot is handed to its scout as one of the present ballot.
        case countsStalePromise
        /// One acceptor's promise is handed to the scout a second time, in another acceptor's name.
        case countsOnePromiseTwice
        /// A proposer offers its own value, whatever the promises report.
        case ignoresReportedVotes
        /// A proposer that lost its memory takes the ballot it had used once more.
        case reusesBallotAfterCrash
        /// An acceptor comes back with its votes, and without its promise.
        case forgetsPromiseAtCrash
        /// An acceptor comes back with its promise, and without its votes.
        case forgetsVotesAtCrash
        /// An acceptor is asked to vote as if it had promised nothing since its last vote.
        case votesBelowPromise
    }

    /// What is left out because it shows nothing new. `SearchState+Reduce` says what, and why.
    enum Reduction: String, Sendable {
        case everything = "reduced"
        case names = "reduced by names alone"
        case nothing = "nothing left out"
    }

    /// What must hold in every state, or at every move.
    enum Rule: String, CaseIterable, Sendable {
        case chosenUnique = "ChosenUnique"
        case chosenStable = "ChosenStable"
        case promiseMonotone = "PromiseMonotone"
        case valueRule = "ValueRule"
        case quorumExact = "QuorumExact"
        case oneValuePerBallotSlot = "OneValuePerBallotSlot"
    }

    /// How many ballots each of the two proposers has, 1 or 2.
    var ballots = [2, 2]
    /// 1 or 2.
    var slots = 2
    var mistake: Mistake?
    /// What is looked at. Less than everything shows what a mistake that one rule stops at once leads to.
    var rules = Rule.allCases
    var reduction = Reduction.everything

    var description: String {
        let mistake = mistake.map { ", \($0.rawValue)" } ?? ""
        return "\(ballots[0]) + \(ballots[1]) ballots, \(slots) slots"
            + (reduction == .everything ? "" : ", \(reduction.rawValue)") + mistake
    }

    // MARK: Names

    // Ballots are numbered in their order from 1: 1.1, 1.2, 2.1, 2.2. Acceptors are nodes 3, 4 and 5.

    static let acceptors: [NodeID] = [NodeID(3), NodeID(4), NodeID(5)]
    static let configurations = ConfigurationLog(genesis: Configuration(voters: acceptors))
    static let highestBallot: UInt64 = 4

    /// The ballot that `proposer` (0 or 1) uses as its `nth`, from 1.
    @inline(__always)
    static func ballot(_ nth: UInt64, of proposer: UInt64) -> UInt64 { (nth &- 1) &* 2 &+ proposer &+ 1 }

    static func name(of ballot: UInt64) -> Ballot {
        ballot == 0 ? .zero : Ballot((ballot - 1) / 2 + 1, UInt16((ballot - 1) % 2 + 1))
    }

    static func number(of ballot: Ballot) -> UInt64 {
        guard ballot != .zero else { return 0 }
        return (ballot.round - 1) * 2 + (ballot.rawValue & 0xffff)
    }

    // Values are numbered too: 1 through 4 is what the owner of that ballot brings, for it offers a command
    // of its own in each ballot and slot; then a no-op; then what it brings in another life.

    static let noOp: UInt64 = 5
    static let otherLife: UInt64 = 6

    static func proposal(_ value: UInt64, slot: UInt64) -> Proposal {
        value == noOp ? .noOp : .sessions(Int(value * 2 + slot))
    }

    static func value(of proposal: Proposal, slot: UInt64) -> UInt64 {
        for value in 1...otherLife where Self.proposal(value, slot: slot) == proposal { return value }
        preconditionFailure("a value nobody proposed in slot \(slot)")
    }

    static func describe(value: UInt64, slot: UInt64) -> String {
        switch value {
        case noOp: "no-op"
        case otherLife: "value of another life"
        default: "value \(name(of: value))/\(slot)"
        }
    }
}
