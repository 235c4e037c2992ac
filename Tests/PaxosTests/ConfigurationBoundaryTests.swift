import Testing

@testable import Paxos

/// Which configuration governs which slot.
@Suite struct ConfigurationBoundaryTests {
    private static let genesis = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)], alpha: 4)

    private func voters(_ log: ConfigurationLog, _ slot: UInt64) -> [UInt16] {
        log[Slot(slot)].voters.map(\.rawValue)
    }

    /// Slots 11 and 12 in flight belong to nodes 1 through 3, 13 and on to nodes 1 and 4 (of four voters).
    @Test func aCommanderCountsVotesByTheConfigurationOfTheSlot() throws {
        let ballot = Ballot(5, 1)
        let later = Configuration(voters: [1, 4, 5, 6].map { NodeID($0) }, alpha: 4)
        let log = try #require(
            ConfigurationLog(entries: [
                .init(from: .zero, configuration: Self.genesis), .init(from: Slot(13), configuration: later),
            ]))
        var commander = Commander(ballot: ballot, first: Slot(11))
        for count in 1...4 { commander.propose(.sessions(count), tickets: [], atTick: 0) }
        func vote(_ from: UInt64, _ through: UInt64, of node: UInt16) {
            commander.count(
                Accepted(ballot: ballot, from: Slot(from), through: Slot(through)), from: NodeID(node),
                of: log)
        }
        func chosen() -> [UInt64] {
            var slots: [UInt64] = []
            while let (slot, _) = commander.takeChosen(of: log) { slots.append(slot.rawValue) }
            return slots
        }
        vote(11, 14, of: 4)
        vote(11, 14, of: 5)
        #expect(chosen() == [], "they govern no slot below 13")
        vote(11, 14, of: 1)
        #expect(chosen() == [])
        vote(11, 14, of: 2)
        #expect(chosen() == [11, 12, 13, 14], "2 counts below 13; 1, 4 and 5 from there on")
    }

    @Test func aCommanderCountsARangeThatBeginsBehindTheFirstSlotOfAConfiguration() throws {
        let ballot = Ballot(5, 1)
        let later = Configuration(voters: [NodeID(4)], alpha: 4)
        let log = try #require(
            ConfigurationLog(entries: [
                .init(from: .zero, configuration: Self.genesis), .init(from: Slot(12), configuration: later),
            ]))
        var commander = Commander(ballot: ballot, first: Slot(11))
        for count in 1...4 { commander.propose(.sessions(count), tickets: [], atTick: 0) }
        commander.count(Accepted(ballot: ballot, from: Slot(13), through: Slot(14)), from: NodeID(4), of: log)
        _ = commander.remove()
        let early = commander.takeChosen(of: log)
        #expect(early == nil)
        commander.count(Accepted(ballot: ballot, from: Slot(1), through: Slot(12)), from: NodeID(4), of: log)
        let chosen = [commander.takeChosen(of: log)?.slot, commander.takeChosen(of: log)?.slot]
        #expect(chosen == [Slot(12), Slot(13)])
    }

    @Test func aRoundIsConfirmedByAQuorumOfBoth() throws {
        let later = Configuration(voters: [1, 4, 5].map { NodeID($0) }, alpha: 4)
        let both = [
            ConfigurationLog.Entry(from: .zero, configuration: Self.genesis),
            ConfigurationLog.Entry(from: Slot(13), configuration: later),
        ][...]
        var confirmation = Paxos.Confirmation(node: NodeID(1), limits: Limits())
        _ = confirmation.append(ticket: Ticket(rawValue: 1), payload: [], needed: .zero)
        let round = confirmation.startRound(of: both)
        confirmation.answer(round, from: NodeID(2), of: both)
        confirmation.answer(round, from: NodeID(3), of: both)
        let early = confirmation.takeReady(executedThrough: Slot(9))
        #expect(early == nil, "of the later, node 1 alone")
        confirmation.answer(round, from: NodeID(5), of: both)
        let ready = confirmation.takeReady(executedThrough: Slot(9))
        #expect(ready != nil)
    }
}
