import Testing

@testable import Paxos

/// What a step withholds, merges and lets go.
@Suite struct StepTests {
    private let ballot = Ballot(2, 1)

    private func vote(
        _ from: UInt64, _ through: UInt64? = nil, ballot: Ballot? = nil, to: UInt16 = 1, group: UInt32 = 1
    ) -> Envelope {
        Envelope(
            group: GroupID(group), to: NodeID(to),
            message: .accepted(
                Accepted(ballot: ballot ?? self.ballot, from: Slot(from), through: Slot(through ?? from))))
    }

    private func released(_ envelopes: [Envelope]) -> [Envelope] {
        var step = Step()
        for envelope in envelopes { step.withhold(envelope) }
        return step.release()
    }

    @Test func votesForConsecutiveSlotsBecomeOne() {
        #expect(released([vote(1), vote(2), vote(3)]) == [vote(1, 3)])
        #expect(released([vote(1, 4), vote(5, 9)]) == [vote(1, 9)])
    }

    @Test func votesAreNotMergedOverAGapOrBackwards() {
        for votes in [[vote(1), vote(3)], [vote(2), vote(1)], [vote(1, 3), vote(3, 4)]] {
            #expect(released(votes) == votes)
        }
    }

    /// A leader whose accepts are not answered sends them again, for as long as the disk takes.
    @Test func aVoteThatWaitsIsNotAddedAgain() {
        #expect(released([vote(1), vote(1)]) == [vote(1)])
        #expect(released([vote(1, 3), vote(3)]) == [vote(1, 3)])
        let gap = [vote(1, 3), vote(7, 9)]
        #expect(released(gap + (1...100).flatMap { _ in [1, 2, 3, 7, 8, 9].map { vote($0) } }) == gap)
        for other in [vote(1, ballot: Ballot(3, 1)), vote(1, to: 2), vote(1, group: 2)] {
            #expect(released([vote(1), other]) == [vote(1), other])
        }
    }

    private func promise(_ ballot: Ballot, parts: UInt32, to: UInt16 = 1, group: UInt32 = 1) -> [Envelope] {
        (0..<parts).map {
            Envelope(
                group: GroupID(group), to: NodeID(to),
                message: .promise(
                    Promise(
                        ballot: ballot, part: $0, parts: parts, chosenThrough: .zero, floor: .zero,
                        accepted: [])))
        }
    }

    /// All parts of it, and none to another node or of another group.
    @Test func aPromiseReplacesThoseThatWait() {
        let (first, second) = (promise(Ballot(2, 1), parts: 3), promise(Ballot(3, 1), parts: 2))
        #expect(released(first + [vote(1)] + second) == [vote(1)] + second)
        #expect(released(second + second) == second, "asked again")
        for other in [promise(Ballot(3, 2), parts: 2, to: 2), promise(Ballot(3, 1), parts: 2, group: 2)] {
            #expect(released(first + other) == first + other)
        }
    }

    @Test func aPrepareReplacesThoseThatWait() {
        let prepares = (2...9).flatMap { round in
            (2...3).map { to in
                Envelope(
                    group: .first, to: NodeID(to),
                    message: .prepare(Prepare(ballot: Ballot(round, 1), firstOpen: Slot(1))))
            }
        }
        #expect(released(prepares) == Array(prepares.suffix(2)))
    }

    @Test func votesAreNeverMergedAcrossBallotsReceiversOrGroups() {
        for other in [vote(2, ballot: Ballot(3, 1)), vote(2, to: 2), vote(2, group: 2)] {
            #expect(released([vote(1), other]) == [vote(1), other])
        }
    }

    @Test func aMessageBetweenVotesKeepsItsPlace() {
        let prepare = Envelope(
            group: .first, to: NodeID(1), message: .prepare(Prepare(ballot: ballot, firstOpen: Slot(1))))
        #expect(released([vote(1), prepare, vote(2)]) == [vote(1), prepare, vote(2)])
    }

    @Test func onlyWhatSomebodyWaitsForIsUrgent() {
        var step = Step()
        step.write(.chosen(.first, Slot(1), ballot, chain: .zero))
        let afterChosen = (step.isUrgent, step.isEmpty)
        #expect(afterChosen == (false, false), "it may ride with the next transaction")
        step.withhold(vote(1))
        let afterVote = step.isUrgent
        #expect(afterVote)

        var reading = Step()
        let atFirst = (reading.isUrgent, reading.isEmpty)
        #expect(atFirst == (false, true))
        reading.read(.slots(from: Slot(1), through: Slot(1)), of: .first, for: NodeID(2))
        reading.read(.slots(from: Slot(1), through: Slot(1)), of: .first, for: NodeID(2))
        let afterRead = (reading.isUrgent, reading.hasReads, reading.isEmpty)
        #expect(afterRead == (false, true, false), "whoever waits for a vote does not wait for readers")
        #expect(reading.takeReads().count == 1, "a peer is read for once")
    }

    @Test func aTransactionTakesWhatIsWithheldAndLeavesWhatIsFree() {
        var step = Step()
        let heartbeat = Envelope(
            group: .first, to: NodeID(2),
            message: .heartbeat(Heartbeat(ballot: ballot, round: 1, chosenThrough: .zero)))
        step.send(heartbeat)
        step.withhold(vote(1))
        step.write(.accepted(.first, AcceptedProposal(1, ballot, .sessions(4))))
        step.respond(Ticket(rawValue: 1), .busy)

        let transaction = step.takeTransaction()
        let bytes = (transaction.writeBytes, step.writeBytes)
        #expect(bytes == (5, 0))
        let rows = (transaction.writes.count, step.writes.count)
        #expect(rows == (1, 0))
        // Votes that come now are of the next transaction, consecutive or not.
        step.withhold(vote(2))
        let (first, second) = (transaction.release(), step.takeImmediate())
        #expect(first == [vote(1)])
        #expect(second == [heartbeat])
        let responses = step.takeResponses().map(\.0.rawValue)
        #expect(responses == [1])
        let last = step.release()
        #expect(last == [vote(2)])
    }
}
