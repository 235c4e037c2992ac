import Testing

@testable import Paxos

/// Scenario 16, SlowDisk: the lead moves off a slow disk; a slow follower slows nobody; a spike is no reason.
@Suite struct SlowDiskTests {
    private func cluster() -> (TestCluster, TestSession) {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        for node in cluster.nodes { tell(node, on: cluster, median: 2_000) }
        cluster.run(ticks: 4)
        return (cluster, session)
    }

    private func tell(_ node: TestNode, on cluster: TestCluster, median: UInt32, pending: UInt32 = 0) {
        cluster.handle(
            .disk(DiskHealth(medianMicroseconds: median, pendingMicroseconds: pending)), at: node)
    }

    @Test func aCommitOfOverASecondMovesTheLead() {
        let (cluster, _) = cluster()
        tell(cluster[1], on: cluster, median: 2_000, pending: 999_999)
        cluster.tick()
        #expect(cluster.leader == 1)
        tell(cluster[1], on: cluster, median: 2_000, pending: 1_000_000)
        cluster.tick()
        #expect(cluster.leader != nil && cluster.leader != 1)
        // While it hangs it does not ask for the lead either, and helps no other to it.
        cluster.crash(cluster.leader ?? 2)
        cluster.run(ticks: 100)
        #expect(cluster.leader == nil)
        #expect(cluster[1].group?.candidacy == nil && cluster[1].group?.scout == nil)
        tell(cluster[1], on: cluster, median: 2_000)
        cluster.run(within: 100, "another leads") { $0.leader != nil }
    }

    /// A commit that hangs, and a disk without room.
    @Test(arguments: [1_000_000, .max] as [UInt32])
    func aNodeWhoseDiskIsStuckGrantsAndPromisesNothing(_ pending: UInt32) {
        let solo = SoloGroup()
        solo.tick(100)
        _ = solo.takeSent()
        let ballot = Ballot(5, 2)
        func ask() -> [Message] {
            solo.receive(.preVote(PreVote(ballot: ballot)), from: 2)
            solo.receive(.prepare(Prepare(ballot: ballot, firstOpen: Slot(1))), from: 2)
            return solo.takeSent()
        }
        solo.handle(.disk(DiskHealth(pendingMicroseconds: pending)))
        let denied = ask()
        guard case .preVoteReply(let reply)? = denied.first, denied.count == 1 else {
            Issue.record("\(denied)")
            return
        }
        #expect(!reply.isGranted)
        #expect(solo.rows.isEmpty)
        solo.handle(.disk(DiskHealth(pendingMicroseconds: 999_999)))
        let granted = ask()
        #expect(granted.contains { if case .preVoteReply(let reply) = $0 { reply.isGranted } else { false } })
        #expect(granted.contains { if case .promise = $0 { true } else { false } })
    }

    /// The grants come when its disk hangs already: without a promise of its own it asks for none.
    @Test func aCandidateWhoseDiskIsStuckPreparesNothing() {
        let solo = SoloGroup()
        for _ in 0..<1_000 where solo.group.candidacy == nil { solo.tick() }
        let ballot = solo.group.candidacy?.ballot ?? .zero
        _ = solo.takeSent()
        func grant() {
            solo.receive(
                .preVoteReply(PreVoteReply(ballot: ballot, isGranted: true, promised: .zero)), from: 2)
        }
        solo.handle(.disk(DiskHealth(pendingMicroseconds: .max)))
        grant()
        #expect(solo.takeSent().isEmpty && solo.rows.isEmpty && solo.group.scout == nil)
        solo.handle(.disk(DiskHealth()))
        grant()
        #expect(solo.rows == [.promise(.first, solo.group.scout?.ballot ?? .zero)])
        #expect(solo.takeSent().count == 2)
    }

    /// Chosen to come after the leader, it does not prepare a ballot that it could not write down.
    @Test func aNodeWhoseDiskIsStuckDoesNotTakeTheLead() {
        let solo = SoloGroup()
        let ballot = Ballot(5, 2)
        solo.receive(.heartbeat(Heartbeat(ballot: ballot, round: 1, chosenThrough: .zero)), from: 2)
        solo.handle(.disk(DiskHealth(pendingMicroseconds: .max)))
        solo.receive(.handover(Handover(ballot: ballot)), from: 2)
        #expect(solo.group.scout == nil)
    }

    /// The step of a node whose disk takes long: peers ask again and again, with more and more votes to be told.
    @Test func whatWaitsForTheDiskIsBounded() {
        var limits = TestCluster.shortTimes
        limits.promiseBytes = 1
        var group = Group(
            id: .first, node: NodeID(1), genesis: Configuration(voters: (1...3).map { NodeID($0) }),
            machine: ListMachine(), limits: limits, seed: 1)
        group.restore(
            RecoveredVotes(
                promised: Ballot(1, 2),
                accepted: (1...20).map { AcceptedProposal($0, Ballot(1, 2), .sessions(1)) }))
        var step = Step()
        for round: UInt64 in 2...100 {
            for peer: UInt16 in 2...3 {
                let prepare = Prepare(ballot: Ballot(round, peer), firstOpen: Slot(1))
                group.handle(.message(.prepare(prepare), from: NodeID(peer)), into: &step)
            }
        }
        let waiting = step.release()
        #expect(waiting.count == 40, "twenty parts for each of two peers")
        for peer: UInt16 in 2...3 {
            let parts = waiting.compactMap {
                if $0.to == NodeID(peer), case .promise(let part) = $0.message { part } else { nil }
            }
            #expect(parts.allSatisfy { $0.ballot == Ballot(100, peer) })
            #expect(parts.map(\.part) == Array(0..<20))
        }
    }

    @Test func aMedianOfAQuarterOfASecondMovesTheLeadIfOthersAreFaster() {
        let (cluster, _) = cluster()
        tell(cluster[1], on: cluster, median: 249_999)
        cluster.run(ticks: 4)
        #expect(cluster.leader == 1)
        tell(cluster[1], on: cluster, median: 250_000)
        cluster.tick()
        #expect(cluster.leader != nil && cluster.leader != 1)
    }

    @Test func whereAllAreSlowTheLeadStays() {
        let (cluster, _) = cluster()
        tell(cluster[2], on: cluster, median: 150_000)
        cluster.run(ticks: 4)
        tell(cluster[1], on: cluster, median: 300_000)
        cluster.run(ticks: 20)
        #expect(cluster.leader == 1, "one of two others is no quorum")
    }

    @Test func aSpikeIsNoReason() {
        let (cluster, _) = cluster()
        tell(cluster[1], on: cluster, median: 3_000, pending: 800_000)
        cluster.run(ticks: 10)
        tell(cluster[1], on: cluster, median: 3_000)
        cluster.run(ticks: 50)
        #expect(cluster.leader == 1)
        #expect(cluster[1].group?.status.promised == Ballot(1, 1), "no election")
    }

    @Test func aSlowFollowerSlowsNobodyAndIsNoSuccessor() {
        var (cluster, session) = cluster()
        cluster[2].isDiskStuck = true
        tell(cluster[2], on: cluster, median: 500_000, pending: 900_000)
        cluster.run(ticks: 4)
        let ticket = cluster.submit(session.command("x"), to: 1)
        cluster.settle()
        #expect(cluster.responses[ticket]?.position != nil, "without a tick")
        #expect(cluster.leader == 1)
        cluster.handle(.handOver, at: cluster[1])
        cluster.settle()
        #expect(cluster.leader == 3)
    }
}
