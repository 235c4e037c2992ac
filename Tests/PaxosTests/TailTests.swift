import Testing

@testable import Paxos

/// Whoever follows the log: questions that wait, and are answered by any node.
@Suite struct TailTests {
    private let ballot = Ballot(3, 2)

    /// A follower with slots 1 through `count` chosen.
    private func follower(_ count: UInt64 = 3, limits: Limits = TestCluster.shortTimes) -> SoloGroup {
        SoloGroup(limits: limits, chosen: (1...count).map { AcceptedProposal($0, ballot, .sessions(1)) })
    }

    private func tail(_ slot: UInt64, ticks: UInt32 = 5) -> ClientRequest {
        .admin(.tail(from: Slot(slot), waitingTicks: ticks))
    }

    private func nothing(through slot: UInt64) -> ClientResponse {
        .admin(.executed(ExecutedSlots(decided: [], unexecuted: [], chosenThrough: Slot(slot))))
    }

    @Test func whatIsChosenIsReadAtOnce() {
        let solo = follower()
        let ticket = solo.ask(tail(2))
        #expect(
            solo.takeReads() == [
                LogRead(
                    group: .first, to: .tickets([ticket]), content: .executed(from: Slot(2), through: Slot(3))
                )
            ])
        #expect(solo.responses[ticket] == nil)
    }

    @Test func aQuestionWaitsForItsSlot() {
        let solo = follower()
        let ticket = solo.ask(tail(4))
        solo.tick(4)
        #expect(solo.takeReads().isEmpty && solo.responses[ticket] == nil)
        solo.decide([AcceptedProposal(4, ballot, .sessions(1))], chosenThrough: 4, from: 2)
        solo.endTurn()
        #expect(solo.takeReads().map(\.content) == [.executed(from: Slot(4), through: Slot(4))])
        solo.tick(20)
        #expect(solo.responses[ticket] == nil && solo.takeReads().isEmpty, "it was answered once")
    }

    @Test(arguments: [(asked: 3, granted: 10, waits: 3), (asked: 400, granted: 10, waits: 10)])
    func aQuestionWaitsNoLongerThanItMay(asked: UInt32, granted: Int, waits: Int) {
        var limits = TestCluster.shortTimes
        limits.tailTicks = granted
        let solo = follower(limits: limits)
        let ticket = solo.ask(tail(4, ticks: asked))
        solo.tick(waits - 1)
        #expect(solo.responses[ticket] == nil)
        solo.tick()
        #expect(solo.responses[ticket] == nothing(through: 3))
    }

    @Test func whoDoesNotWantToWaitIsToldAtOnce() {
        #expect(follower().answer(to: tail(9, ticks: 0)) == nothing(through: 3))
    }

    @Test func oneTooManyWhoWaitIsToAskAgain() {
        var limits = TestCluster.shortTimes
        limits.waitingTails = 3
        let solo = follower(limits: limits)
        for _ in 0..<3 { #expect(solo.answer(to: tail(4)) == nil) }
        #expect(solo.answer(to: tail(4)) == .busy)
        solo.tick(5)
        #expect(solo.answer(to: tail(4)) == nil, "there is room again")
    }

    /// What is read is held in memory: a step reads for a few, and the others keep waiting.
    @Test func aStepReadsForAFew() {
        var group = follower(10).group
        var step = Step()
        for number: UInt64 in 1...10 {
            group.handle(.request(Ticket(rawValue: number), tail(number)), into: &step)
        }
        var served: [Int] = []
        for _ in 0..<4 {
            group.handle(.turnEnded(isDiskIdle: true), into: &step)
            group.handle(.turnEnded(isDiskIdle: true), into: &step)
            served.append(step.takeReads().count)
        }
        #expect(served == [4, 4, 2, 0])
        #expect(step.takeResponses().isEmpty)
    }

    /// Readers at the same place are served with one read, so many of them as there are copies to be made.
    @Test func thoseAtTheSamePlaceAreReadForOnce() {
        var group = follower().group
        var step = Step()
        let tickets = (1...UInt64(Step.maximumSharers) + 2).map { Ticket(rawValue: $0) }
        for ticket in tickets { group.handle(.request(ticket, tail(2)), into: &step) }
        group.handle(.turnEnded(isDiskIdle: true), into: &step)
        #expect(
            step.takeReads().map(\.to) == [
                .tickets(Array(tickets.prefix(Step.maximumSharers))),
                .tickets(Array(tickets.suffix(2))),
            ])
    }

    @Test func whoAsksForWhatIsDeletedIsToldWhereTheLogBegins() {
        let solo = SoloGroup(
            votes: RecoveredVotes(promised: ballot, accepted: [], floor: Slot(2)),
            chosen: (1...3).map { AcceptedProposal($0, ballot, .sessions(1)) })
        #expect(solo.answer(to: tail(2)) == .admin(.logBegins(at: Slot(3))))
        #expect(solo.answer(to: tail(3)) == nil && solo.takeReads().count == 1)
        // Deleted, or found to be of an older format, while it was read.
        let below = LogRead.Content.executed(from: Slot(2), through: Slot(3))
        let above = LogRead.Content.executed(from: Slot(3), through: Slot(3))
        let gone = LogReadResult.executed([], unexecuted: [])
        #expect(solo.group.response(gone, for: below) == .admin(.logBegins(at: Slot(3))))
        #expect(solo.group.response(gone, for: above) == .refused(.gone))
        #expect(
            solo.group.response(.unknown(before: Slot(9)), for: above) == .admin(.logBegins(at: Slot(9))))
    }

    // MARK: What was executed

    /// Both entries are proposed before either is executed: one effect, and every node keeps which it was.
    @Test func aRepetitionInTheLogIsKeptAsUnexecuted() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        cluster.hold(from: 2, to: 1)
        cluster.hold(from: 3, to: 1)
        for _ in 0..<3 {
            cluster.submit(session.command("x", sequence: 1), to: 1)
            cluster.settle()
        }
        cluster.network.heal()
        cluster.converge()
        for node: UInt16 in 1...3 {
            let ticket = cluster.submit(tail(1), to: node)
            cluster.settle()
            #expect((2...4).map { cluster[node].rows.unexecuted[Slot($0)] } == [[], [0], [0]])
            guard case .admin(.executed(let slots))? = cluster.responses[ticket] else {
                Issue.record("answered \(String(describing: cluster.responses[ticket]))")
                return
            }
            #expect(slots.unexecuted == [3, 4].map { LogPosition(slot: Slot($0), index: 0) })
            var entries = LogEntries(slots, of: LogID(rawValue: 7), from: .first(of: Slot(1)))
            #expect(entries.next()?.position == .first(of: Slot(2)))
            #expect(entries.next() == nil && entries.position.slot == slots.decided.last?.slot.next)
        }
    }

    /// What its session does not admit any more has no effect, whoever chose it.
    @Test func aCommandOfAnEvictedSessionIsKeptAsUnexecuted() {
        let configuration = Configuration(voters: [NodeID(1)], sessionLimit: 1)
        var replica = Replica(machine: ListMachine(), genesis: configuration)
        var step = Step()
        replica.execute(.sessions(2), in: Slot(1), tickets: [], into: &step)
        var builder = ProposalBuilder()
        for (session, sequence): (UInt32, UInt64) in [(0, 1), (1, 1), (1, 1), (1, 2)] {
            builder.append(
                .command(
                    session: SessionID(openedAt: LogPosition(slot: Slot(1), index: session)),
                    sequence: sequence, firstUnacknowledged: 1, payload: [1]))
        }
        #expect(replica.execute(builder.build(), in: Slot(2), tickets: [], into: &step) == [0, 2])
    }
}

/// The commands of slots, one by one.
@Suite struct LogEntriesTests {
    private let session = SessionID(rawValue: 1 << 20)

    private func batch(_ texts: String...) -> Proposal {
        var builder = ProposalBuilder()
        for (index, text) in texts.enumerated() {
            builder.append(
                text.isEmpty
                    ? .openSession
                    : .command(
                        session: session, sequence: UInt64(index + 1), firstUnacknowledged: 1,
                        payload: Array(text.utf8)[...]))
        }
        return builder.build()
    }

    /// Many commands as one have one position, and are one entry.
    @Test func aBatchIsOneEntry() {
        var builder = ProposalBuilder()
        builder.append(
            .batch(
                session: session, sequence: 1, firstUnacknowledged: 1,
                payload: CommandBatch([[1], [2, 3]]).bytes[...]))
        builder.append(.command(session: session, sequence: 2, firstUnacknowledged: 1, payload: [4]))
        let slots = ExecutedSlots(
            decided: [AcceptedProposal(5, Ballot(1, 1), builder.build())], unexecuted: [],
            chosenThrough: Slot(5))
        var entries = LogEntries(slots, of: LogID(rawValue: 7), from: .first(of: Slot(5)))
        let batch = entries.next()
        #expect(batch?.isBatch == true && batch?.commands == [[1], [2, 3]])
        #expect(batch?.position == .first(of: Slot(5)))
        let command = entries.next()
        #expect(command?.isBatch == false && command?.commands == [[4]])
        #expect(command?.position.index == 1)
        #expect(entries.next() == nil)
    }

    private var slots: ExecutedSlots {
        let ballot = Ballot(1, 1)
        return ExecutedSlots(
            decided: [
                AcceptedProposal(5, ballot, batch("a", "", "b")), AcceptedProposal(6, ballot, .noOp),
                AcceptedProposal(7, ballot, batch("c", "d", "e")), AcceptedProposal(8, ballot, .noOp),
            ], unexecuted: [LogPosition(slot: Slot(7), index: 1)], chosenThrough: Slot(8))
    }

    private func read(from index: UInt32) -> [String] {
        var entries = LogEntries(
            slots, of: LogID(rawValue: 7), from: LogPosition(slot: Slot(5), index: index))
        var found: [String] = []
        while let entry = entries.next() {
            #expect(entry.position.next == entries.position)
            found.append("\(entry.position) \(String(decoding: entry.payload, as: UTF8.self))")
        }
        #expect(entries.position == .first(of: Slot(9)))
        return found
    }

    @Test func whatIsNoCommandOrWasNotExecutedIsPassedOver() {
        #expect(read(from: 0) == ["5.0 a", "5.2 b", "7.0 c", "7.2 e"])
    }

    /// From every position it goes on with what stands there or after it, and an index that the slot does not have is
    /// behind it.
    @Test func itIsResumedAnywhere() {
        let all = read(from: 0)
        #expect(read(from: 1) == Array(all.dropFirst()) && read(from: 2) == read(from: 1))
        #expect(read(from: 3) == Array(all.dropFirst(2)) && read(from: .max) == read(from: 3))
    }
}
