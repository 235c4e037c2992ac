@testable import Paxos

/// Walks the whole of a `SearchSpace`, breadth first, and looks at every state and every move. There is no
/// bound on the depth: it ends when no move leads to a state that is new.
final class Search {
    struct Violation: CustomStringConvertible {
        let rule: SearchSpace.Rule
        let detail: String
        /// The moves from the beginning, the last of which broke the rule: no shorter way does.
        let steps: [String]

        var description: String {
            (["\(rule.rawValue) is broken: \(detail)"]
                + steps.enumerated().map { "    \($0.offset + 1). \($0.element)" })
                .joined(separator: "\n")
        }
    }

    /// One thing that happens. The meaning of the numbers is in `describe`.
    struct Move {
        enum Kind { case start, promise, lead, proposeSecond, vote, crashAcceptor, crashProposer }
        let kind: Kind
        var who: UInt64 = 0
        var first: UInt64 = 0
        var second: UInt64 = 0

        /// Whether it may add a proposal or a decision.
        var isVisible: Bool { kind == .lead || kind == .proposeSecond || kind == .vote }
    }

    let space: SearchSpace
    let table = StateTable()
    let roles: SearchRoles
    let isReduced: Bool
    let lastBallots: (UInt64, UInt64)
    private(set) var moves = 0
    private(set) var deepestLevel = 0
    private(set) var violation: Violation?
    /// Everything ever proposed: a bit for each place and value.
    private(set) var proposals: UInt64 = 0

    // The state whose moves are made, and, while the way to a violation is told, where they lead.
    private var origin: UInt64 = 0
    private var collected: [(state: SearchState, move: Move, isBroken: Bool)]?
    /// What the present move has broken.
    private var broken: (rule: SearchSpace.Rule, detail: String)?

    init(_ space: SearchSpace) {
        precondition(
            space.mistake == nil || space.reduction != .everything,
            "what is left out is left out rightly where the roles are used rightly")
        self.space = space
        roles = SearchRoles(space)
        isReduced = space.reduction == .everything
        lastBallots = (UInt64(space.ballots[0]), UInt64(space.ballots[1]))
    }

    var states: Int { Int(table.count) }

    var summary: String {
        "\(space): \(states) states, \(moves) moves, deepest level \(deepestLevel)"
    }

    /// Searches until everything was seen, or a rule is broken.
    func run() {
        _ = table.insert(SearchState(), parent: 0)
        var levelEnd: UInt64 = 1
        while origin < table.count, violation == nil {
            if origin == levelEnd {
                deepestLevel += 1
                levelEnd = table.count
            }
            expand(table[origin])
            origin &+= 1
        }
    }

    func hold(_ condition: Bool, _ rule: SearchSpace.Rule, _ detail: @autoclosure () -> String) {
        guard !condition, broken == nil, space.rules.contains(rule) else { return }
        broken = (rule, detail())
    }

    /// A move leads to `next`.
    func reach(_ next: SearchState, by move: Move) {
        if collected != nil {
            check(next)
            collected?.append((next, move, broken != nil))
            broken = nil
            return
        }
        guard violation == nil else { return }
        moves &+= 1
        let canonical = canonical(next)
        if move.isVisible {
            check(next)
            note(next)
        }
        _ = table.insert(canonical, parent: origin)
        if let broken { report(broken) }
    }

    private func note(_ state: SearchState) {
        var place: UInt64 = 0
        while place < 8 {
            let value = state.proposed(at: place)
            if value != 0 { proposals |= 1 << (8 &* place &+ value) }
            place &+= 1
        }
    }

    /// Every set of decisions that is reached: what is chosen in which slot and ballots.
    func decisions() -> Set<UInt64> {
        var decisions: Set<UInt64> = []
        for number in 0..<table.count {
            let state = table[number]
            let chosen = state.chosen
            decisions.insert(
                (0..<8).reduce(0) { bits, place in
                    chosen >> place & 1 == 0 ? bits : bits | state.proposed(at: place) << (3 * place)
                })
        }
        return decisions
    }

    func canonical(_ state: SearchState) -> SearchState {
        var state = state
        switch space.reduction {
        case .everything: state.reduce(lastBallots: lastBallots)
        case .names: state.sortAcceptors()
        case .nothing: break
        }
        return state
    }

    // MARK: The way to a violation

    private func report(_ broken: (rule: SearchSpace.Rule, detail: String)) {
        self.broken = nil
        var way: [UInt64] = []
        var number = origin
        while number != 0 {
            way.append(number)
            number = table.parent(of: number)
        }
        // Each step is made again from the state itself, so that acceptors keep their names.
        var state = SearchState()
        var steps: [String] = []
        for number in way.reversed() {
            guard let next = successors(of: state).first(where: { canonical($0.state) == table[number] })
            else { break }
            steps.append(describe(next.move, from: state))
            state = next.state
        }
        if let last = successors(of: state).first(where: { $0.isBroken }) {
            steps.append(describe(last.move, from: state))
        }
        violation = Violation(rule: broken.rule, detail: broken.detail, steps: steps)
    }

    private func successors(of state: SearchState) -> [(state: SearchState, move: Move, isBroken: Bool)] {
        collected = []
        defer { collected = nil }
        expand(state)
        return collected ?? []
    }

    /// The state that `move` leads to.
    func successor(of state: SearchState, by move: Move) -> SearchState {
        successors(of: state).first {
            $0.move.kind == move.kind && $0.move.who == move.who && $0.move.first == move.first
                && $0.move.second == move.second
        }?.state ?? state
    }
}
