@testable import Paxos

/// The product's own roles, run on states of the search: unpacked, asked, packed again. A role is a function
/// of its state and the message, so each answer is worked out once and kept.
final class SearchRoles {
    enum Answer {
        static let refused: UInt64 = 0
        static let done: UInt64 = 1
        static let repeated: UInt64 = 2
    }

    private let space: SearchSpace
    /// By core, then event: 1 << 31, answer 2, votes reported 12, core afterwards 15.
    private let acceptorAnswers: UnsafeMutablePointer<UInt32>
    private static let acceptorAnswersCount = 1 << 22
    private var scoutAnswers: [UInt64: UInt64] = [:]
    private var commanderAnswers: [UInt64: UInt64] = [:]
    private var limits = Limits()

    init(_ space: SearchSpace) {
        self.space = space
        acceptorAnswers = .allocate(capacity: Self.acceptorAnswersCount)
        acceptorAnswers.initialize(repeating: 0, count: Self.acceptorAnswersCount)
        limits.voteSlots = 2
    }

    deinit { acceptorAnswers.deallocate() }

    // MARK: Acceptor

    /// What an acceptor with the given promise and votes answers to a prepare.
    @inline(__always)
    func prepare(_ core: UInt64, _ ballot: UInt64) -> UInt64 {
        let kept = acceptorAnswers[Int(truncatingIfNeeded: core << 7 | ballot)]
        return kept != 0 ? UInt64(kept) : ask(core, event: ballot)
    }

    /// What it answers to an accept.
    @inline(__always)
    func accept(_ core: UInt64, place: UInt64, value: UInt64) -> UInt64 {
        let event = 8 &+ place << 3 &+ value
        let kept = acceptorAnswers[Int(truncatingIfNeeded: core << 7 | event)]
        return kept != 0 ? UInt64(kept) : ask(core, event: event)
    }

    /// What it takes up after a crash: whatever it had done was durable before anybody heard of it.
    @inline(__always)
    func recovered(_ core: UInt64) -> UInt64 {
        let kept = acceptorAnswers[Int(truncatingIfNeeded: core << 7 | Self.crash)]
        return Self.core(kept != 0 ? UInt64(kept) : ask(core, event: Self.crash))
    }

    // Events: a prepare is its ballot; then a crash; then accepts, by place and value.
    private static let crash: UInt64 = 7

    @inline(__always)
    static func answer(_ kept: UInt64) -> UInt64 { kept >> 29 & 3 }
    @inline(__always)
    static func reported(_ kept: UInt64) -> UInt64 { kept >> 15 & 0xfff }
    @inline(__always)
    static func core(_ kept: UInt64) -> UInt64 { kept & SearchState.coreMask }

    private func ask(_ core: UInt64, event: UInt64) -> UInt64 {
        var acceptor = event == Self.crash ? restarted(core) : unpack(core)
        var (answer, reported) = (Answer.refused, UInt64(0))
        if event < Self.crash {
            if let votes = acceptor.prepare(SearchSpace.name(of: event), from: Slot(1)) {
                answer = Answer.done
                reported = pack(votes)
            }
        } else if event > Self.crash {
            let (place, value) = ((event - 8) >> 3, (event - 8) & 7)
            let (ballot, slot) = (SearchSpace.name(of: place / 2 + 1), place % 2 + 1)
            if space.mistake == .votesBelowPromise {
                let highest = max(core >> 3 & 7, core >> 9 & 7)
                acceptor = unpack(core & ~7 | highest)
            }
            switch acceptor.accept(ballot, Slot(slot), SearchSpace.proposal(value, slot: slot)) {
            case .accepted: answer = Answer.done
            case .repeated: answer = Answer.repeated
            case .rejection: break
            case .chosen, .outsideWindow, .contradiction:
                preconditionFailure("no slot is closed, the window has both, and a ballot has one value")
            }
        }
        var after = pack(acceptor)
        if space.mistake == .votesBelowPromise { after = after & ~7 | max(after & 7, core & 7) }
        let kept = 1 << 31 | answer << 29 | reported << 15 | after
        acceptorAnswers[Int(core << 7 | event)] = UInt32(kept)
        return kept
    }

    private func restarted(_ core: UInt64) -> LogAcceptor {
        switch space.mistake {
        case .forgetsPromiseAtCrash: unpack(core & ~7)
        case .forgetsVotesAtCrash: unpack(core & 7)
        default: unpack(core)
        }
    }

    private func votes(_ bits: UInt64) -> [AcceptedProposal] {
        ([1, 2] as [UInt64]).compactMap { slot -> AcceptedProposal? in
            let vote = bits >> (6 * (slot - 1)) & 0x3f
            guard vote != 0 else { return nil }
            return AcceptedProposal(
                slot: Slot(slot), ballot: SearchSpace.name(of: vote & 7),
                proposal: SearchSpace.proposal(vote >> 3, slot: slot))
        }
    }

    private func pack(_ votes: [AcceptedProposal]) -> UInt64 {
        votes.reduce(0) { bits, vote in
            let slot = vote.slot.rawValue
            let packed =
                SearchSpace.number(of: vote.ballot) | SearchSpace.value(of: vote.proposal, slot: slot) << 3
            return bits | packed << (6 * (slot - 1))
        }
    }

    private func unpack(_ core: UInt64) -> LogAcceptor {
        var acceptor = LogAcceptor(limits: limits)
        acceptor.restore(promised: SearchSpace.name(of: core & 7), votes: votes(core >> 3))
        return acceptor
    }

    private func pack(_ acceptor: LogAcceptor) -> UInt64 {
        let votes = ([1, 2] as [UInt64]).compactMap { slot in
            acceptor.vote(in: Slot(slot)).map {
                AcceptedProposal(slot: Slot(slot), ballot: $0.ballot, proposal: $0.value)
            }
        }
        return SearchSpace.number(of: acceptor.promised) | pack(votes) << 3
    }

    // MARK: Scout

    enum Found {
        /// In a slot: nobody voted there or above, the proposer is free.
        static let free: UInt64 = 0
        /// The scout was content too soon, or never.
        static let notExact: UInt64 = 1 << 6
        /// What must be proposed depends on the order of the promises.
        static let dependsOnOrder: UInt64 = 1 << 7
    }

    /// What phase 1 of `ballot` obliges to, a value of 3 bits for each slot, when the promises of two
    /// acceptors come with the votes given.
    func scout(
        _ ballot: UInt64, from one: UInt64, _ oneReports: UInt64, and other: UInt64, _ otherReports: UInt64
    ) -> UInt64 {
        let key = ballot | one << 3 | other << 5 | oneReports << 7 | otherReports << 19
        if let kept = scoutAnswers[key] { return kept }
        let forth = gather(ballot, [(one, oneReports), (other, otherReports)])
        let back = gather(ballot, [(other, otherReports), (one, oneReports)])
        let found = forth == back ? forth : forth | Found.dependsOnOrder
        scoutAnswers[key] = found
        return found
    }

    private func gather(_ ballot: UInt64, _ promises: [(from: UInt64, reports: UInt64)]) -> UInt64 {
        let configurations = SearchSpace.configurations.entries[...]
        var scout = Scout(ballot: SearchSpace.name(of: ballot), firstOpen: Slot(1))
        for (index, promise) in promises.enumerated() {
            let from = SearchSpace.acceptors[Int(promise.from)]
            // Everything else that may be on its way comes as well, and must count for nothing: promises
            // of every other ballot, with the highest votes there are, and this very promise once more.
            for another in 1...SearchSpace.highestBallot where another != ballot {
                for sender in SearchSpace.acceptors {
                    scout.add(message(another, reports: 0b101_100_101_100), from: sender)
                }
            }
            scout.add(message(ballot, reports: promise.reports), from: from)
            scout.add(message(ballot, reports: promise.reports), from: from)
            guard scout.promised.isReached(in: configurations) == (index == promises.count - 1) else {
                return Found.notExact
            }
        }
        return ([1, 2] as [UInt64]).reduce(0) { found, slot in
            guard scout.lastVoted >= Slot(slot) else { return found }
            let value = SearchSpace.value(of: scout.takeProposal(for: Slot(slot)), slot: slot)
            return found | value << (3 * (slot - 1))
        }
    }

    private func message(_ ballot: UInt64, reports: UInt64) -> Promise {
        Promise.parts(
            answering: Prepare(ballot: SearchSpace.name(of: ballot), firstOpen: Slot(1)),
            chosenThrough: .zero, floor: .zero, accepted: votes(reports))[0]
    }

    // MARK: Commander

    /// The slots (a bit each) that the commander of `ballot` takes for chosen when the acceptors in each
    /// mask have voted; slots are taken in order.
    func commander(_ ballot: UInt64, isSecondProposed: Bool, _ first: UInt64, _ second: UInt64) -> UInt64 {
        let key = ballot | (isSecondProposed ? 8 : 0) | first << 4 | second << 7
        if let kept = commanderAnswers[key] { return kept }
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        let answers = orders.map { command(ballot, isSecondProposed, first, second, order: $0) }
        // 1 << 2 differs from every right answer.
        let chosen = answers.allSatisfy { $0 == answers[0] } ? answers[0] : 1 << 2
        commanderAnswers[key] = chosen
        return chosen
    }

    private func command(
        _ ballot: UInt64, _ isSecondProposed: Bool, _ first: UInt64, _ second: UInt64, order: [Int]
    ) -> UInt64 {
        let name = SearchSpace.name(of: ballot)
        var commander = Commander(ballot: name, first: Slot(1))
        commander.propose(SearchSpace.proposal(ballot, slot: 1), tickets: [], atTick: 0)
        if isSecondProposed {
            commander.propose(SearchSpace.proposal(ballot, slot: 2), tickets: [], atTick: 0)
        }
        var chosen: UInt64 = 0
        for acceptor in order {
            for (slot, voters) in [(2, second), (1, first), (2, second)] as [(UInt64, UInt64)]
            where voters >> UInt64(acceptor) & 1 == 1 {
                let accepted = Accepted(ballot: name, from: Slot(slot), through: Slot(slot))
                commander.count(
                    accepted, from: SearchSpace.acceptors[acceptor], of: SearchSpace.configurations)
                while let taken = commander.takeChosen(of: SearchSpace.configurations) {
                    chosen |= 1 << (taken.slot.rawValue - 1)
                }
            }
        }
        return chosen
    }
}
