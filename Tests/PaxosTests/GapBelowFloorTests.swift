import Testing

@testable import Paxos

/// Scenario 6, GapBelowFloor: who lacks slots that are deleted gets a snapshot, and fills nothing with no-ops.
@Suite struct GapBelowFloorTests {
    /// Nodes 2 and 3 have everything through slot 101, and have deleted it; node 1 knows but a few.
    private func cluster() -> TestCluster {
        let cluster = TestCluster()
        cluster.elect(2)
        var session = cluster.openSession(at: 2)
        for number in 1...3 { cluster.write("\(number)", in: &session, at: 2) }
        cluster.run(ticks: 2)
        cluster.isolate(1)
        for number in 4...100 { cluster.write("\(number)", in: &session, at: 2) }
        cluster.run(ticks: 4)
        cluster.truncate([2, 3])
        #expect(cluster[3].rows.floor == Slot(101))
        return cluster
    }

    @Test func aFollowerInstallsASnapshot() {
        let cluster = cluster()
        cluster.keepsTrace = true
        cluster.converge()
        #expect(cluster.items(on: 1) == (1...100).map(String.init))
        #expect(cluster[1].rows.snapshot == cluster[2].rows.snapshot)
        #expect(cluster[1].group?.floor == Slot(101))
        #expect(cluster.trace.contains { if case .snapshotOffer = $0.message { true } else { false } })
    }

    /// The other two would not wait for it: it is not elected before it has the snapshot.
    @Test func aCandidateBelowTheFloorIsNotElected() {
        let cluster = cluster()
        cluster.crash(2)
        cluster.network.heal()
        cluster.keepsTrace = true
        cluster.elect(1, unless: { $0[3].group?.isLeading == true })
        let accepts = cluster.trace.map(\.message).accepts
        #expect(accepts.allSatisfy { $0.slot > Slot(101) })
        cluster.converge()
        #expect(cluster.items(on: 1) == (1...100).map(String.init))
    }

    /// It leads all the same, for it won phase 1 before it knew: it installs before it proposes.
    @Test func aLeaderBelowTheFloorInstallsBeforeItProposes() {
        let cluster = cluster()
        let solo = SoloGroup()
        let own = solo.campaign()
        solo.receive(
            .promise(
                Promise(
                    ballot: own, part: 0, parts: 1, chosenThrough: Slot(101), floor: Slot(101), accepted: [])),
            from: 3)
        #expect(!solo.group.isLeading)
        #expect(solo.takeSent().accepts.isEmpty)
        guard let header = cluster[3].rows.snapshot, let snapshot = cluster[3].rows.read(header) else {
            Issue.record("node 3 has no snapshot")
            return
        }
        solo.install(snapshot)
        #expect(solo.group.isLeading)
        _ = solo.ask(.openSession)
        #expect(Set(solo.takeSent().accepts.map(\.slot)) == [Slot(102)])
    }

    /// Scenario 7, MidInstallKill, the core's part: a retry after the install gets the reply that was kept.
    @Test func aRetryAfterAnInstallGetsTheKeptReply() {
        let cluster = TestCluster()
        cluster.elect(2)
        let session = cluster.openSession(at: 2)
        cluster.run(ticks: 2)
        cluster.isolate(1)
        let command = session.command("x", sequence: 1)
        guard case .executed(let reply, let position)? = cluster.ask(command, of: 2) else {
            Issue.record("x is not executed")
            return
        }
        cluster.run(ticks: 4)
        cluster.truncate([2, 3])
        cluster.network.heal()
        cluster.run(within: 50, "node 1 has it") { $0.items(on: 1) == ["x"] }
        #expect(cluster[1].rows.snapshot != nil, "by a snapshot")
        cluster.submit(.admin(.transferLead(to: NodeID(1))), to: 2)
        cluster.run(within: 50, "node 1 leads") { $0.leader == 1 }
        #expect(cluster.ask(command, of: 1) == .executed(reply, position))
        // And after a restart from it.
        cluster.restart(1)
        cluster.elect(1)
        #expect(cluster.ask(command, of: 1) == .executed(reply, position))
        #expect(cluster.items(on: 1) == ["x"])
    }
}
