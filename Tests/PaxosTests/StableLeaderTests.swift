import Testing

@testable import Paxos

/// A leader at work, how it comes to be, and how it goes.
@Suite struct StableLeaderTests {
    private func count(_ packets: [Packet], _ matches: (Message) -> Bool) -> Int {
        packets.count { matches($0.message) }
    }

    /// Phase 1 once, then phase 2 alone.
    @Test func aThousandCommandsNeedNoSecondPhaseOne() {
        let cluster = TestCluster()
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.keepsTrace = true
        for number in 1...1_000 {
            cluster.submit(session.command("\(number)"), to: 1)
            cluster.settle()
            if number % 50 == 0 { cluster.tick() }
        }
        #expect(count(cluster.trace) { if case .prepare = $0 { true } else { false } } == 0)
        #expect(count(cluster.trace) { if case .preVote = $0 { true } else { false } } == 0)
        #expect(count(cluster.trace) { if case .accept = $0 { true } else { false } } == 2_000)
        cluster.converge()
        #expect(cluster.items(on: 3) == (1...1_000).map(String.init))
    }

    /// While the disk is busy commands gather; what came meanwhile shares the next transaction and a slot.
    @Test func commandsThatComeWhileTheDiskIsBusyShareASlot() {
        let cluster = TestCluster()
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        let before = cluster[1].group?.chosenThrough ?? .zero
        cluster[1].isDiskStuck = true
        for number in 1...100 {
            cluster.submit(session.command("\(number)"), to: 1)
            cluster.endTurn(at: cluster[1])
        }
        cluster[1].isDiskStuck = false
        cluster.settle()
        cluster.converge()
        #expect(cluster.items(on: 2).count == 100)
        #expect(before.distance(to: cluster[1].group?.chosenThrough ?? .zero) == 2)
    }

    @Test func theWindowBoundsWhatIsInFlight() {
        var limits = TestCluster.shortTimes
        limits.slotsInFlight = 3
        limits.batchCommands = 1
        limits.pendingCommands = 4
        let cluster = TestCluster(limits: limits)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.hold(from: 2, to: 1)
        cluster.hold(from: 3, to: 1)
        let tickets = (1...10).map { number in
            defer { cluster.settle() }
            return cluster.submit(session.command("\(number)"), to: 1)
        }
        #expect(cluster[1].group?.status.slotsInFlight == 3)
        #expect(cluster[1].group?.status.pendingCommands == 4)
        #expect(
            tickets.map { cluster.responses[$0] } == Array(repeating: nil, count: 7) + [.busy, .busy, .busy])
        cluster.converge()
        #expect(cluster.items(on: 3) == (1...7).map(String.init))
    }

    // MARK: A new leader

    /// Slots 2 and 4 reached node 2; slot 3 reached nobody that votes in phase 1.
    @Test func gapsAreFilledWithNoOps() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        cluster.isolate(3)
        cluster.hold(from: 2, to: 1)
        for sequence: UInt64 in 1...3 {
            if sequence == 2 { cluster.cut(from: 1, to: 2) }
            cluster.submit(session.command("\(sequence)", sequence: sequence), to: 1)
            cluster.settle()
            cluster.mend(from: 1, to: 2)
        }
        cluster.crash(1)
        cluster.network.heal()
        _ = cluster.intercept()
        cluster.elect(2)
        cluster.tick()
        #expect(cluster[2].group?.chosenThrough == Slot(4))
        #expect(cluster[2].rows.accepted[Slot(3)]?.proposal.isNoOp == true)
        cluster.converge()
        #expect(cluster.items(on: 1) == ["1", "3"])
    }

    /// It lacks chosen slots that its quorum has: it learns them first, and answers nothing meanwhile.
    @Test func aCandidateThatLacksChosenSlotsFetchesThemBeforeItProposes() {
        let cluster = TestCluster()
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.run(ticks: 2)
        cluster.isolate(3)
        for number in 1...30 { cluster.write("\(number)", in: &session, at: 1) }
        cluster.run(ticks: 10)
        cluster.crash(1)
        cluster.network.heal()
        cluster.keepsTrace = true
        cluster.elect(3)
        let messages = cluster.trace.filter { $0.from == NodeID(3) }.map(\.message)
        #expect(messages.fetches.first?.from == Slot(2))
        #expect(messages.fetches.count >= 30 / TestNode.decisionsAtOnce)
        #expect(messages.accepts.allSatisfy { $0.slot > Slot(31) }, "nothing is proposed anew")
        let response = cluster.write("31", in: &session, at: 3)
        #expect(response?.position?.slot == Slot(32))
        cluster.converge()
        #expect(cluster.items(on: 3) == (1...31).map(String.init))
    }

    /// The peer that promised to know more is gone before it tells: another is found that does.
    @Test func aLeaderThatIsNotToldWhatItLacksGivesWay() {
        let cluster = TestCluster(nodes: 5)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.isolate(3)
        for number in 1...5 { cluster.write("\(number)", in: &session, at: 1) }
        cluster.run(ticks: 10)
        cluster.network.heal()
        cluster.crash(1)
        // Whoever leads asks in vain for a while.
        cluster.elect(3, unless: { $0[3].group?.leader != nil || $0[3].group?.scout != nil })
        _ = cluster.intercept(to: 3)
        cluster.isolate(3)
        cluster.run(within: 80) { $0.leader != nil && $0.leader != 3 }
        cluster.converge()
        #expect(cluster.items(on: 3).count == 5)
    }

    // MARK: Catching up

    @Test func aFollowerCatchesUpFromAPeerWhenTheLeaderDoesNotAnswer() {
        let cluster = TestCluster()
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.isolate(3)
        for number in 1...50 { cluster.write("\(number)", in: &session, at: 1) }
        cluster.run(ticks: 10)
        cluster.network.heal()
        // The leader hears node 3 no more, but node 3 hears the leader.
        cluster.cut(from: 3, to: 1)
        cluster.run(within: 30) { $0.items(on: 3).count == 50 }
        #expect(cluster.leader == 1)
    }

    /// Accepts stream in far beyond what it may vote for, and it still gets there.
    @Test func aFollowerFarBehindCatchesUpWhileTheLeaderGoesOn() {
        var limits = TestCluster.shortTimes
        limits.voteSlots = 8
        let cluster = TestCluster(limits: limits)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.isolate(3)
        for number in 1...100 { cluster.write("\(number)", in: &session, at: 1) }
        cluster.network.heal()
        for number in 101...200 {
            cluster.write("\(number)", in: &session, at: 1)
            cluster.tick()
        }
        cluster.run(within: 20) { $0.items(on: 3).count == 200 }
    }

    // MARK: Handing over

    @Test func handingOverMovesTheLeadAtOnce() {
        let cluster = TestCluster(nodes: 5)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.isolate(2)
        cluster.write("a", in: &session, at: 1)
        cluster.network.heal()
        cluster.tick(only: [1])
        cluster.tick(only: [1])
        cluster.hold(from: 1, to: 2)
        let last = cluster.submit(session.command("b"), to: 1)
        cluster.handle(.handOver, at: cluster[1])
        cluster.settle()
        #expect(cluster.responses[last] == .notLeader(leader: cluster.leader.map { NodeID($0) }))
        let successor = cluster.leader
        #expect(successor != nil && successor != 1, "without a tick")
        #expect(cluster[1].group?.leaderHint == successor.map { NodeID($0) })
        cluster.write("c", in: &session, at: successor ?? 2)
        cluster.converge()
        #expect(cluster.items(on: 5) == ["a", "c"])
    }

    @Test func slotsInFlightStayWithTheLogWhenTheLeadMoves() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        cluster.hold(from: 2, to: 1)
        cluster.hold(from: 3, to: 1)
        let ticket = cluster.submit(session.command("x", sequence: 1), to: 1)
        cluster.settle()
        cluster.handle(.handOver, at: cluster[1])
        if case .leadershipLost? = cluster.responses[ticket] {} else { Issue.record("it was proposed") }
        cluster.converge()
        #expect(cluster.items(on: 2) == ["x"])
    }
}
