import DecreeStore
import Testing

@testable import DecreeSimulator
@testable import Paxos

/// What the judge holds of a node whose disk rotted: neither what recovery could not read, nor more than that.
@Suite struct JudgeRotTests {
    private static let low = Ballot(round: 4, node: NodeID(3))
    private static let high = Ballot(round: 5, node: NodeID(1))
    private static let value = Proposal.noOp
    private static let other: Proposal = {
        var builder = ProposalBuilder()
        builder.append(.openSession)
        return builder.build()
    }()

    private static func vote(_ slot: UInt64, _ ballot: Ballot, _ proposal: Proposal = value) -> Write {
        .accepted(.first, AcceptedProposal(slot: Slot(slot), ballot: ballot, proposal: proposal))
    }

    /// Slot 1 is chosen in the lower ballot by nodes 1 and 2, and node 3 voted for it in the higher one. Then its disk
    /// rots, and recovery cannot read that vote.
    private func judge(rotten isRotten: Bool = true) -> Judge {
        var judge = Judge(
            configuration: Configuration(voters: (1...3).map { NodeID($0) }, alpha: 4), machines: 3)
        for node in 0...1 {
            judge.committed(
                node, [.promise(.first, Self.low), Self.vote(1, Self.low)], persistSequence: 1)
        }
        judge.committed(2, [.promise(.first, Self.high), Self.vote(1, Self.high)], persistSequence: 1)
        if isRotten { judge.rotten.insert(2) }
        return judge
    }

    private func found(
        _ accepted: [AcceptedProposal] = [], damagedThrough: UInt64? = nil, persistSequence: UInt64 = 1
    ) -> Judge.Found {
        Judge.Found(
            votes: RecoveredVotes(
                promised: Self.high, accepted: accepted, damagedThrough: damagedThrough.map { Slot($0) },
                damage: damagedThrough.map { "slot \($0)" }),
            chosenThrough: .zero, persistSequence: persistSequence, witnesses: [], places: [],
            unfinished: [])
    }

    @Test func aVoteThatRottedIsLearntInALowerBallot() {
        var judge = judge()
        judge.recovered(2, found(damagedThrough: 1))
        judge.committed(2, [Self.vote(1, Self.low)], persistSequence: 2)
        #expect(judge.takeFlaws() == [])
    }

    @Test func aSoundNodeLowersNoVote() {
        var judge = judge(rotten: false)
        judge.recovered(2, found([AcceptedProposal(slot: Slot(1), ballot: Self.high, proposal: Self.value)]))
        judge.committed(2, [Self.vote(1, Self.low)], persistSequence: 2)
        #expect(judge.takeFlaws().contains { $0.contains("lowers its vote") })
    }

    /// At or below what it must learn before it votes, nothing is written but what was chosen.
    @Test(arguments: [
        vote(1, low, other), vote(1, Ballot(round: 3, node: NodeID(2))), vote(2, low),
    ])
    func whatAnAbstainingNodeLearnsIsWhatWasChosen(_ row: Write) {
        var judge = judge()
        judge.recovered(2, found(damagedThrough: 2))
        judge.committed(2, [row], persistSequence: 2)
        #expect(judge.takeFlaws().contains { $0.hasPrefix("CorruptIsNotAbsent") })
    }

    /// What one recovery could not read, the next, which finds rot elsewhere or none, does not lose.
    @Test func whatRottedIsNotLostASecondTime() {
        var judge = judge()
        judge.committed(2, [Self.vote(2, Self.high)], persistSequence: 2)
        judge.recovered(2, found(damagedThrough: 2, persistSequence: 2))
        judge.recovered(2, found(damagedThrough: 1, persistSequence: 2))
        #expect(judge.takeFlaws() == [])
        #expect(judge.regressed.isEmpty)
    }

    @Test func whatWasReadOnceMustStay() {
        var judge = judge()
        let kept = AcceptedProposal(slot: Slot(1), ballot: Self.high, proposal: Self.value)
        judge.recovered(2, found([kept]))
        judge.recovered(2, found())
        #expect(judge.takeFlaws().contains { $0.contains("did not notice") })
    }

    /// A rotten node that reads all of its disk again is a node like any other.
    @Test func anExemptionEnds() {
        var judge = judge()
        judge.recovered(2, found(damagedThrough: 1))
        judge.foundSound(2)
        #expect(judge.rotten == [2], "it has yet to learn what rotted")
        judge.committed(
            2,
            [
                Self.vote(1, Self.low),
                .chosen(.first, Slot(1), Self.low, chain: judge.chains[1], unexecuted: []),
            ], persistSequence: 2)
        judge.foundSound(2)
        #expect(judge.rotten.isEmpty)
        judge.recovered(2, found(persistSequence: 2))
        #expect(judge.takeFlaws().contains { $0.hasPrefix("PersistBeforeSend") })
    }

    /// Rot excuses no silence: what recovery read a promise tells.
    @Test func aPromiseTellsWhatRecoveryRead() {
        var judge = judge()
        let kept = AcceptedProposal(slot: Slot(1), ballot: Self.high, proposal: Self.value)
        judge.recovered(2, found([kept]))
        let prepare = Prepare(ballot: Ballot(round: 9, node: NodeID(1)), firstOpen: Slot(1))
        judge.committed(0, [.promise(.first, prepare.ballot)], persistSequence: 2)
        judge.committed(2, [.promise(.first, prepare.ballot)], persistSequence: 2)
        judge.sees(.prepare(prepare), from: 0, to: 2, life: 1, isSent: true)
        for promise in Promise.parts(answering: prepare, chosenThrough: .zero, floor: .zero, accepted: []) {
            judge.sees(.promise(promise), from: 2, to: 0, life: 1, isSent: true)
        }
        #expect(judge.takeFlaws().contains { $0.hasPrefix("ValueRule") })
    }
}
