import Testing

@testable import Paxos

/// Every combination of promise, vote and ballot, for one decision and for a log.
@Suite struct AcceptorTests {
    private static let low = Ballot(1, 1)
    private static let middle = Ballot(2, 1)
    private static let high = Ballot(3, 1)

    typealias Vote = Acceptor<String>.Vote

    // MARK: One decision

    /// Promised 2; asked 1, 2, 3; whatever vote is held comes back with a promise.
    @Test(arguments: [nil, Vote(ballot: low, value: "x"), Vote(ballot: middle, value: "x")])
    func prepareIsPromisedUnlessAHigherBallotIs(_ vote: Vote?) {
        let table: [(Ballot, Acceptor<String>.PrepareAnswer, after: Ballot)] = [
            (Self.low, .rejection(promised: Self.middle), Self.middle),
            (Self.middle, .promise(vote), Self.middle),
            (Self.high, .promise(vote), Self.high),
        ]
        for (ballot, expected, after) in table {
            var acceptor = Acceptor(promised: Self.middle, vote: vote)
            #expect(acceptor.prepare(ballot) == expected, "\(ballot)")
            #expect(acceptor == Acceptor(promised: after, vote: vote), "\(ballot)")
        }
    }

    @Test func acceptIsAVoteAndAPromiseUnlessAHigherBallotIsPromised() {
        let (low, middle, high) = (Self.low, Self.middle, Self.high)
        let x = Vote(ballot: low, value: "x")
        let y = Vote(ballot: middle, value: "y")
        typealias Row = (held: Vote?, Ballot, String, Acceptor<String>.AcceptAnswer, after: Ballot, Vote?)
        let table: [Row] = [
            (nil, low, "y", .rejection(promised: middle), middle, nil),
            (nil, middle, "y", .accepted, middle, y),
            (nil, high, "y", .accepted, high, Vote(ballot: high, value: "y")),
            (x, low, "x", .rejection(promised: middle), middle, x),
            (x, middle, "y", .accepted, middle, y),
            (x, high, "x", .accepted, high, Vote(ballot: high, value: "x")),
            (y, low, "x", .rejection(promised: middle), middle, y),
            (y, middle, "y", .repeated, middle, y),
            (y, high, "z", .accepted, high, Vote(ballot: high, value: "z")),
        ]
        for (held, ballot, value, expected, promised, vote) in table {
            var acceptor = Acceptor(promised: middle, vote: held)
            #expect(acceptor.accept(ballot, value) == expected, "\(String(describing: held)) \(ballot)")
            #expect(acceptor == Acceptor(promised: promised, vote: vote))
        }
    }

    @Test func aSecondValueInOneBallotIsFatal() async {
        await #expect(processExitsWith: .failure) {
            var acceptor = Acceptor<String>()
            _ = acceptor.accept(Ballot(1, 1), "x")
            _ = acceptor.accept(Ballot(1, 1), "y")
        }
    }

    // MARK: A log

    /// Slots 1 and 2 are chosen; promised 2.1; slot 3 is empty, 4 voted in 1.1, 5 in 2.1, window 8 slots.
    private func log(voteBytes: Int = 1_000) -> LogAcceptor {
        var limits = Limits()
        limits.voteSlots = 8
        limits.voteBytes = voteBytes
        var acceptor = LogAcceptor(limits: limits)
        acceptor.close(Slot(1))
        acceptor.close(Slot(2))
        acceptor.restore(
            promised: Self.middle,
            votes: [
                AcceptedProposal(4, Self.low, .sessions(4)), AcceptedProposal(5, Self.middle, .sessions(5)),
            ]
        )
        return acceptor
    }

    @Test func everyAcceptOverALog() {
        let (low, middle, high) = (Self.low, Self.middle, Self.high)
        typealias Row = (slot: UInt64, Ballot, LogAcceptor.AcceptAnswer, voteAfter: Ballot?)
        let refused = LogAcceptor.AcceptAnswer.rejection(promised: middle)
        let table: [Row] = [
            (0, low, refused, nil), (0, middle, .chosen, nil), (0, high, .chosen, nil),
            (2, low, refused, nil), (2, middle, .chosen, nil), (2, high, .chosen, nil),
            (3, low, refused, nil), (3, middle, .accepted, middle), (3, high, .accepted, high),
            (4, low, refused, low), (4, middle, .accepted, middle), (4, high, .accepted, high),
            (5, low, refused, middle), (5, middle, .repeated, middle), (5, high, .accepted, high),
            (10, low, refused, nil), (10, middle, .accepted, middle), (10, high, .accepted, high),
            (11, low, refused, nil), (11, middle, .outsideWindow, nil), (11, high, .outsideWindow, nil),
        ]
        for (slot, ballot, expected, voteAfter) in table {
            var acceptor = log()
            let answer = acceptor.accept(ballot, Slot(slot), .sessions(Int(slot)))
            #expect(answer == expected, "slot \(slot), ballot \(ballot)")
            #expect(acceptor.vote(in: Slot(slot))?.ballot == voteAfter, "slot \(slot), ballot \(ballot)")
            let isVote = answer == .accepted
            #expect(acceptor.promised == (isVote ? max(ballot, middle) : middle), "slot \(slot), \(ballot)")
        }
    }

    @Test func everyPrepareOverALog() {
        let four = AcceptedProposal(4, Self.low, .sessions(4))
        let five = AcceptedProposal(5, Self.middle, .sessions(5))
        let table: [(Ballot, from: UInt64, [AcceptedProposal]?)] = [
            (Self.low, 1, nil), (Self.low, 9, nil),
            (Self.middle, 1, [four, five]), (Self.middle, 3, [four, five]), (Self.middle, 4, [four, five]),
            (Self.middle, 5, [five]), (Self.middle, 6, []), (Self.high, 1, [four, five]), (Self.high, 99, []),
        ]
        for (ballot, first, expected) in table {
            var acceptor = log()
            #expect(acceptor.prepare(ballot, from: Slot(first)) == expected, "\(ballot) from \(first)")
            #expect(acceptor.promised == max(ballot, Self.middle))
        }
    }

    @Test func votesThatLeaveTheWindowMakeRoom() {
        var acceptor = log(voteBytes: 15)
        // 5 and 6 bytes are held: slots 4 and 5.
        #expect(acceptor.accept(Self.middle, Slot(6), .sessions(4)) == .outsideWindow)
        #expect(acceptor.accept(Self.middle, Slot(6), .sessions(3)) == .accepted)
        #expect(acceptor.accept(Self.middle, Slot(7), .sessions(1)) == .outsideWindow)
        acceptor.close(Slot(3))
        #expect(acceptor.accept(Self.middle, Slot(7), .sessions(1)) == .outsideWindow)
        acceptor.close(Slot(4))
        #expect(acceptor.accept(Self.middle, Slot(7), .sessions(1)) == .accepted)
    }

    /// Else a full window would never move: what fills it lies behind the slot that is missing.
    @Test func theNextSlotAlwaysFindsRoomAndAVoteItsOwn() {
        var acceptor = log(voteBytes: 11)
        #expect(acceptor.accept(Self.high, Slot(5), .sessions(5)) == .accepted, "replaces six bytes")
        #expect(acceptor.accept(Self.high, Slot(6), .sessions(1)) == .outsideWindow)
        #expect(acceptor.accept(Self.high, Slot(3), .sessions(50)) == .accepted)
    }

    @Test func aLeaderWhoseOwnWindowIsFullVotesWhenItMoves() {
        var limits = TestCluster.shortTimes
        limits.voteBytes = 4
        let solo = SoloGroup(limits: limits)
        let ballot = solo.lead()
        _ = solo.ask(.openSession)
        _ = solo.ask(.openSession)
        _ = solo.ask(.openSession)
        #expect(solo.group.acceptor.lastVoted == Slot(2), "two bytes each")
        solo.accepted(ballot, 1, through: 3, from: 2)
        #expect(solo.group.chosenThrough == Slot(2))
        solo.receive(
            .heartbeatReply(HeartbeatReply(ballot: ballot, round: 1, executedThrough: .zero)), from: 3)
        solo.tick(limits.resendTicks)
        #expect(solo.group.chosenThrough == Slot(3))
    }
}
