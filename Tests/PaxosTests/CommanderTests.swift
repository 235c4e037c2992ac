import Testing

@testable import Paxos

/// Phase 2: votes come in ranges, twice, late, and out of order.
@Suite struct CommanderTests {
    private let ballot = Ballot(5, 1)

    /// Slots 11 and on in flight, one for each of `count`.
    private func commander(count: Int) -> Commander {
        var commander = Commander(ballot: ballot, first: Slot(11))
        for index in 0..<count {
            commander.propose(
                .sessions(index + 1), tickets: [Ticket(rawValue: UInt64(index))], atTick: UInt64(index))
        }
        return commander
    }

    private func configurations(voters: UInt16 = 3) -> ConfigurationLog {
        ConfigurationLog(genesis: Configuration(voters: (0..<voters).map { NodeID($0 + 1) }))
    }

    /// Which slots are chosen after votes of voters, by index, for ranges.
    private func chosen(
        _ votes: [(UInt64, through: UInt64, voter: UInt16)], of count: Int = 4, voters: UInt16 = 3
    ) -> [UInt64] {
        var commander = commander(count: count)
        let configurations = configurations(voters: voters)
        for (from, through, voter) in votes {
            commander.count(
                Accepted(ballot: ballot, from: Slot(from), through: Slot(through)), from: NodeID(voter + 1),
                of: configurations)
        }
        var slots: [UInt64] = []
        while let (slot, _) = commander.takeChosen(of: configurations) { slots.append(slot.rawValue) }
        return slots
    }

    @Test func aQuorumOfDistinctVotersChooses() {
        #expect(chosen([(11, 11, 0)]) == [])
        #expect(chosen([(11, 11, 0), (11, 11, 0)]) == [], "the same voter twice")
        #expect(chosen([(11, 11, 0), (11, 11, 2)]) == [11])
        #expect(chosen([(11, 11, 0), (11, 11, 2)], voters: 4) == [])
        #expect(chosen([(11, 11, 0), (11, 11, 2), (11, 11, 3)], voters: 4) == [11])
    }

    @Test func rangesOverlapInPart() {
        #expect(chosen([(11, 13, 0), (12, 14, 1)]) == [], "slot 11 has one vote")
        #expect(chosen([(11, 13, 0), (12, 14, 1), (11, 11, 2)]) == [11, 12, 13])
    }

    @Test func slotsAreTakenInOrderWhateverTheVotesDo() {
        #expect(chosen([(13, 14, 0), (13, 14, 1)]) == [])
        #expect(chosen([(13, 14, 0), (13, 14, 1), (11, 12, 1), (11, 12, 2)]) == [11, 12, 13, 14])
    }

    @Test func votesForSlotsNotInFlightCountForNothing() {
        #expect(chosen([(1, 10, 0), (1, 10, 1), (15, 99, 0), (15, 99, 1)]) == [])
        #expect(chosen([(1, 99, 0), (5, 12, 1)]) == [11, 12])
    }

    @Test func aLateVoteForAChosenSlotIsHarmless() {
        var commander = commander(count: 2)
        let configurations = configurations()
        let first = Accepted(ballot: ballot, from: Slot(11), through: Slot(11))
        commander.count(first, from: NodeID(1), of: configurations)
        commander.count(first, from: NodeID(2), of: configurations)
        #expect(commander.takeChosen(of: configurations)?.slot == Slot(11))
        commander.count(first, from: NodeID(3), of: configurations)
        #expect(commander.takeChosen(of: configurations) == nil)
        #expect(commander.first == Slot(12) && commander.next == Slot(13))
    }

    @Test func aVoteOfAnotherBallotIsFatal() async {
        await #expect(processExitsWith: .failure) {
            var commander = Commander(ballot: Ballot(5, 1), first: Slot(1))
            commander.count(
                Accepted(ballot: Ballot(4, 1), from: Slot(1), through: Slot(1)), from: NodeID(1),
                of: ConfigurationLog(genesis: Configuration(voters: [NodeID(1)])))
        }
    }

    @Test func bytesReturnToZero() {
        var commander = commander(count: 3)
        #expect(commander.bytes == 2 + 3 + 4)
        _ = commander.remove()
        #expect(commander.bytes == 3 + 4)
        _ = commander.remove()
        _ = commander.remove()
        #expect(commander.bytes == 0 && commander.count == 0)
        #expect(commander.remove() == nil)
        #expect(commander.next == Slot(14))
    }

    @Test func whatWaitsTooLongIsSentAgainOnceInAWhile() {
        var commander = commander(count: 3)
        #expect(commander.takeOverdue(atTick: 5, after: 4).map(\.slot) == [Slot(11), Slot(12)])
        #expect(commander.takeOverdue(atTick: 6, after: 4).map(\.slot) == [Slot(13)])
        #expect(commander.takeOverdue(atTick: 8, after: 4).isEmpty)
        #expect(commander.takeOverdue(atTick: 9, after: 4).map(\.slot) == [Slot(11), Slot(12)])
    }
}
