import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import Paxos

/// What is read for others, beside the commits.
@Suite struct ReadingTests {
    /// Node 1, which has learnt ten slots from node 2.
    private func follower() throws -> NodeFixture {
        let node = try NodeFixture()
        let ballot = Ballot(round: 3, node: NodeID(2))
        let decided = (1...10).map { AcceptedProposal(slot: Slot($0), ballot: ballot, proposal: .noOp) }
        node.receive(.decisions(Decisions(decided: decided, chosenThrough: Slot(10))))
        node.tick(30)
        #expect(node.core.groups[0].chosenThrough == Slot(10))
        node.forgetJobs()
        return node
    }

    private func fetch(_ node: NodeFixture, from peer: UInt16 = 3) {
        node.receive(.fetch(Fetch(from: Slot(1), through: Slot(10))), from: peer)
    }

    private func tail(_ node: NodeFixture, from slot: UInt64, ticket: UInt64) {
        node.core.take(
            .admin(.tail(from: Slot(slot), waitingTicks: 100)), group: NodeFixture.first,
            ticket: Ticket(rawValue: ticket))
        node.core.endTurn()
    }

    /// Somebody waits for the disk: a prepare of ever higher ballots is answered behind a promise.
    private func askForAPromise(_ node: NodeFixture, round: UInt64) {
        node.receive(
            .prepare(Prepare(ballot: Ballot(round: round, node: NodeID(2)), firstOpen: Slot(11))))
    }

    @Test func aReadIsNoPartOfACommit() throws {
        let node = try follower()
        fetch(node)
        #expect(node.jobs == [.commit], "the rows that it rests on are written first")
        node.doJob()
        #expect(node.jobs == [.commit, .read])
        let sent = node.sent.count
        node.doJob()
        guard case .decisions(let decisions) = node.sent.dropFirst(sent).first else {
            Issue.record("nothing was served")
            return
        }
        #expect(decisions.decided.map(\.slot.rawValue) == Array(1...10))
    }

    /// Readers from far behind do not take the disk away from those whose votes wait for it.
    @Test func readersGetAShareWhileSomebodyWaits() throws {
        let node = try follower()
        node.readNanoseconds = 20_000_000
        for number: UInt64 in 1...200 {
            askForAPromise(node, round: 10 + number)
            tail(node, from: 1 + number % 10, ticket: number)
            node.tickAlone()
            while node.isDiskBusy, node.jobs.last != .read { node.doJob() }
            if node.isDiskBusy { node.doJob() }
        }
        let (reads, commits) = (node.jobs.count { $0 == .read }, node.jobs.count { $0 == .commit })
        #expect((10...20).contains(reads), "each counts 40 ms of the 500 ms that two seconds give")
        #expect(commits >= 200)
    }

    @Test func readersGetAllOfAnIdleDisk() throws {
        let node = try follower()
        node.readNanoseconds = 20_000_000
        for number: UInt64 in 1...200 {
            tail(node, from: 1 + number % 10, ticket: number)
            node.tick()
        }
        #expect(node.jobs.count { $0 == .read } == 200)
    }

    @Test func peersComeBeforeClients() {
        func read(_ recipient: LogRead.Recipient) -> LogRead {
            LogRead(group: .first, to: recipient, content: .slots(from: Slot(1), through: Slot(1)))
        }
        var queue = ReadQueue()
        queue.add([read(.tickets([.nobody])), read(.node(NodeID(2)))])
        #expect(queue.takeNext(isUnderLoad: false) == nil, "the step is not durable yet")
        queue.committed()
        #expect(queue.takeNext(isUnderLoad: false)?.to == .node(NodeID(2)))
        #expect(queue.takeNext(isUnderLoad: true) == nil, "nothing may be spent yet")
        queue.tick()
        #expect(queue.takeNext(isUnderLoad: true)?.to == .tickets([.nobody]))
        #expect(queue.isEmpty)
        // However long one took, there is an end to what is owed.
        queue.took(.max, for: .tickets([]))
        queue.add([read(.node(NodeID(3)))])
        queue.committed()
        for _ in 0..<101 { queue.tick() }
        #expect(queue.takeNext(isUnderLoad: true)?.to == .node(NodeID(3)))
    }
}
