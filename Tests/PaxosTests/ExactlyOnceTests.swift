import Testing

@testable import Paxos

/// One command in the log twice, or where nobody expects it.
@Suite struct ExactlyOnceTests {
    /// A leader dies with an entry that only it stored; the client goes on through another. Later it comes
    /// back, and what it stored surfaces: nothing below `firstUnacknowledged` is executed.
    @Test func ghost() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        cluster.isolate(1)
        // Three slots that only node 1 stores.
        for sequence: UInt64 in 1...3 {
            cluster.submit(session.command("\(sequence)", sequence: sequence), to: 1)
            cluster.settle()
        }
        cluster.crash(1)
        #expect(cluster[1].rows.votes.accepted.map(\.slot) == [Slot(2), Slot(3), Slot(4)])

        // The client gives up on 2, and repeats 1 and 3 elsewhere; it has 1's reply when it sends 3.
        cluster.elect(2)
        for (sequence, first): (UInt64, UInt64) in [(1, 1), (3, 3)] {
            let response = cluster.ask(
                session.command("\(sequence)", sequence: sequence, firstUnacknowledged: first), of: 2)
            #expect(response?.position != nil)
        }
        // Two nodes know slots 2 and 3 to be chosen; slot 4 is open. Node 1 returns, and is heard in phase 1.
        cluster.network.heal()
        cluster.crash(2)
        cluster.restart(1)
        cluster.elect(3)
        cluster.converge()
        #expect(cluster.items(on: 1) == ["1", "3"])
        #expect(cluster.items(on: 3) == ["1", "3"])
    }

    /// The ghost alone: its slot was never filled otherwise, and it comes back above the client's later work.
    @Test func aGhostThatIsChosenAfterAllIsNotExecutedTwice() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        cluster.isolate(1)
        let ghost = cluster.submit(session.command("1", sequence: 1), to: 1)
        cluster.settle()
        cluster.network.heal()
        // The new leader finds it in node 1's promise and must propose it; the client retries meanwhile.
        cluster.isolate(2)
        cluster.run { $0.leader == 1 || $0.leader == 3 }
        let leader = cluster.leader ?? 1
        let response = cluster.ask(session.command("1", sequence: 1), of: leader)
        cluster.converge()
        #expect(cluster.items(on: 2) == ["1"])
        if case .executed(_, let position)? = cluster.responses[ghost] {
            #expect(response?.position == position)
        }
    }

    /// A retry through a new leader puts one command in two slots: one effect, and the same reply.
    @Test func twoSlots() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        // The accepts reach node 2, whose votes are never heard: the client is not answered.
        cluster.hold(from: 2, to: 1)
        cluster.hold(from: 3, to: 1)
        let first = cluster.submit(session.command("x", sequence: 1), to: 1)
        cluster.settle()
        _ = cluster.intercept()
        cluster.crash(1)
        cluster.network.heal()
        // The new leader is asked before phase 1 has told it of the first.
        for _ in 0..<100 where cluster[2].group?.scout == nil { cluster.tick(only: [2, 3]) }
        cluster.run { $0.leader != nil }
        let leader = cluster.leader ?? 2
        let second = cluster.ask(session.command("x", sequence: 1), of: leader)
        #expect(cluster.responses[first] == nil)
        cluster.converge()
        #expect(cluster.items(on: 1) == ["x"])
        let third = cluster.ask(session.command("x", sequence: 1), of: cluster.leader ?? 1)
        #expect(third == second)
    }

    /// The same, made certain: both entries are proposed before either is executed.
    @Test func oneCommandInTwoSlotsOfOneLeader() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        cluster.hold(from: 2, to: 1)
        cluster.hold(from: 3, to: 1)
        let tickets = (0..<3).map { _ in
            let ticket = cluster.submit(session.command("x", sequence: 1), to: 1)
            cluster.settle()
            return ticket
        }
        #expect(cluster[1].group?.status.slotsInFlight == 3)
        cluster.network.heal()
        cluster.converge()
        #expect(cluster.items(on: 2) == ["x"])
        let responses = tickets.compactMap { cluster.responses[$0] }
        #expect(responses.count == 3 && responses.allSatisfy { $0 == responses[0] })
        #expect(responses[0].position?.slot == Slot(2))
    }

    /// The leader dies after the slot was chosen and before its client heard of it.
    @Test func anAnswerThatWasLostIsGivenByTheNextLeader() {
        let cluster = TestCluster()
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.write("a", in: &session, at: 1)
        let acknowledged = cluster.ask(session.command("b", sequence: 2), of: 1)
        cluster.crash(1)
        cluster.elect(3)
        #expect(cluster.ask(session.command("b", sequence: 2), of: 3) == acknowledged)
        cluster.converge()
        #expect(cluster.items(on: 1) == ["a", "b"])
    }
}

extension ClientResponse {
    /// Where the command was executed.
    var position: LogPosition? {
        if case .executed(_, let position) = self { position } else { nil }
    }
}
