import DecreeWire
import Paxos
import Testing

/// Invariant 26, OneProcess: which of two processes continues the other, and which goes on where neither does.
@Suite struct LineageTests {
    static func start(_ incarnation: UInt64, _ process: UInt64, at beganAt: PersistSequence) -> NodeStart {
        NodeStart(incarnation: incarnation, process: process, beganAt: beganAt)
    }

    /// Started at 0, 10 and 50 transactions.
    private let starts = [start(4, 40, at: 0), start(5, 50, at: 10), start(6, 60, at: 50)]

    private func own(isVoting: Bool, at sequence: PersistSequence = 55) -> NodeIdentity {
        NodeIdentity(
            cluster: "bank", genesis: Digest(rawValue: 1), node: NodeID(3), store: StoreID(rawValue: 100),
            persistSequence: sequence, starts: starts, isVoting: isVoting)
    }

    private func saw(
        _ start: NodeStart?, isVoting: Bool = false, through sequence: PersistSequence
    ) -> Witness {
        Witness(
            store: StoreID(rawValue: 100), persistSequence: sequence,
            seen: start.map { SeenStart($0, isVoting: isVoting) })
    }

    @Test func aProcessThatHasAllTheOtherDidContinuesIt() {
        #expect(Lineage.relation(of: starts, to: nil) == .first)
        #expect(Lineage.relation(of: starts, to: saw(nil, through: 70)) == .first)
        #expect(Lineage.relation(of: starts, to: saw(starts[2], through: 70)) == .same)
        #expect(Lineage.relation(of: starts, to: saw(starts[1], through: 50)) == .continues)
        #expect(Lineage.relation(of: starts, to: saw(starts[0], through: 10)) == .continues)
        // Forgotten since, or never told.
        #expect(Lineage.relation(of: starts, to: saw(Self.start(2, 20, at: 0), through: 0)) == .continues)
    }

    @Test(
        "A copy that was started lacks what the original did after it was made",
        arguments: [
            (start(5, 50, at: 10), 51), (start(4, 40, at: 0), 11), (start(5, 51, at: 10), 10),
            (start(6, 61, at: 50), 50), (start(7, 70, at: 50), 50), (start(2, 20, at: 0), 1),
        ] as [(NodeStart, PersistSequence)])
    func conflicts(_ seen: NodeStart, _ sequence: PersistSequence) {
        #expect(Lineage.relation(of: starts, to: saw(seen, through: sequence)) == .conflicts)
    }

    @Test func whatItDidItselfSpeaksAgainstNoProcess() {
        for isVoting in [false, true] {
            let own = own(isVoting: isVoting)
            for witness in [
                saw(nil, through: 55), saw(starts[2], isVoting: true, through: 55),
                saw(starts[1], isVoting: true, through: 50), saw(Self.start(1, 9, at: 0), through: 0),
            ] {
                #expect(Lineage.judge(witness, as: own, mayHaveVoted: true) == .sound)
            }
            #expect(Lineage.judge(saw(nil, through: 56), as: own, mayHaveVoted: false) == .wentBack)
            #expect(Lineage.judge(saw(starts[2], through: 56), as: own, mayHaveVoted: false) == .wentBack)
        }
    }

    /// The same, whichever of the two is asked: one of them goes on, and the other does not.
    @Test(arguments: [false, true], [false, true])
    func ofTwoThatMeetOneGoesOn(_ firstVotes: Bool, _ secondVotes: Bool) {
        func identity(_ starts: [NodeStart], _ isVoting: Bool) -> NodeIdentity {
            NodeIdentity(
                cluster: "bank", genesis: Digest(rawValue: 1), node: NodeID(3), store: StoreID(rawValue: 100),
                persistSequence: 50, starts: starts, isVoting: isVoting)
        }
        let histories = [
            starts, Array(starts.dropLast()), starts.dropLast() + [Self.start(6, 61, at: 50)],
            starts.dropLast() + [Self.start(6, 59, at: 50)],
        ]
        for (index, history) in histories.enumerated() {
            for other in histories[(index + 1)...] {
                let (first, second) = (identity(history, firstVotes), identity(other, secondVotes))
                // Of which one's start stands in the other's store, only that other one can be told.
                guard !history.contains(other[other.count - 1]), !other.contains(history[history.count - 1])
                else { continue }
                func judgement(of own: NodeIdentity, about other: NodeIdentity) -> Lineage.Judgement {
                    let witness = Witness(store: other.store, persistSequence: 50, seen: other.seen)
                    return Lineage.judge(witness, as: own, mayHaveVoted: false)
                }
                let judgements = [judgement(of: first, about: second), judgement(of: second, about: first)]
                #expect(judgements.count { $0 == .sound } == 1, "\(judgements)")
            }
        }
    }

    @Test func whoVotesGoesOnAndThenTheLaterStartAndThenTheLowerNumber() {
        let five = Self.start(5, 50, at: 10)
        let six = Self.start(6, 60, at: 50)
        let copy = Self.start(6, 61, at: 50)
        #expect(SeenStart(five, isVoting: true).beats(SeenStart(six, isVoting: false)))
        #expect(!SeenStart(six, isVoting: false).beats(SeenStart(five, isVoting: true)))
        for isVoting in [false, true] {
            #expect(SeenStart(six, isVoting: isVoting).beats(SeenStart(five, isVoting: isVoting)))
            #expect(SeenStart(six, isVoting: isVoting).beats(SeenStart(copy, isVoting: isVoting)))
            #expect(!SeenStart(copy, isVoting: isVoting).beats(SeenStart(six, isVoting: isVoting)))
        }
    }

    /// One that answers a hello has seen the other itself: it may vote by the answerer's word.
    @Test func whoDoesNotVoteYieldsToWhomTheOtherHasSeen() {
        let rival = Self.start(6, 61, at: 50)
        let own = own(isVoting: false)
        #expect(
            Lineage.judge(saw(rival, through: 50), as: own, mayHaveVoted: true)
                == .loses(to: SeenStart(rival, isVoting: false)))
        #expect(Lineage.judge(saw(rival, through: 50), as: own, mayHaveVoted: false) == .sound)
        #expect(
            Lineage.judge(saw(rival, isVoting: true, through: 50), as: own, mayHaveVoted: false)
                == .loses(to: SeenStart(rival, isVoting: true)))
        #expect(
            Lineage.judge(saw(rival, through: 50), as: self.own(isVoting: true), mayHaveVoted: true)
                == .sound)
        // What the one before this start did after the copy was made is missing here.
        #expect(
            Lineage.judge(saw(starts[1], isVoting: true, through: 51), as: own, mayHaveVoted: false)
                == .loses(to: SeenStart(starts[1], isVoting: true)))
    }
}
