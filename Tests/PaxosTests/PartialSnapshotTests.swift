import Testing

@testable import Paxos

/// A snapshot of several chunks comes in: from one peer and then another, in two lives, damaged, outdated.
@Suite struct PartialSnapshotTests {
    private static var limits: Limits {
        var limits = TestCluster.shortTimes
        limits.partialTicks = 30
        return limits
    }

    /// Node 3 lacks what nodes 1 and 2 have deleted: ten chunks, four of which come at once.
    private func cluster() -> (TestCluster, TestSession) {
        let cluster = TestCluster(limits: Self.limits)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.run(ticks: 2)
        cluster.isolate(3)
        for number in 1...10 { cluster.write(item(number), in: &session, at: 1) }
        cluster.run(ticks: 4)
        cluster.truncate([1, 2])
        cluster.keepsTrace = true
        return (cluster, session)
    }

    private func item(_ number: Int) -> String { "\(number) " + String(repeating: "x", count: 60_000) }

    /// What node 3 asked for: of whom, from which chunk.
    private func asked(on cluster: TestCluster) -> [(of: UInt16, from: UInt32)] {
        cluster.trace.compactMap { packet in
            guard case .fetchSnapshot(let fetch) = packet.message, packet.from == NodeID(3) else {
                return nil
            }
            return (packet.to.rawValue, fetch.from)
        }
    }

    private func chunks(on cluster: TestCluster) -> Int { cluster[3].group?.arriving?.partial.chunks ?? 0 }

    /// Lets messages pass one at a time until node 3 has some chunks on its disk.
    private func run(_ cluster: TestCluster, untilChunksAre count: Int) {
        for _ in 0..<2_000 where cluster[3].rows.votes.partial?.chunks ?? 0 < count {
            if let writer = cluster.nodes.first(where: { !$0.isDiskIdle }) {
                cluster.commit(writer)
                cluster.endTurn(at: writer)
            } else if let packet = cluster.network.takeOldest() {
                cluster.deliver(packet)
                cluster.endTurn(at: cluster.node(packet.to))
            } else {
                cluster.handle(.tick, at: cluster[1])
                cluster.endTurn(at: cluster[3], evenIdleRows: true)
            }
        }
        #expect(cluster[3].rows.votes.partial?.chunks ?? 0 >= count)
    }

    @Test func theRestIsHadFromAnotherPeer() {
        let (cluster, _) = cluster()
        cluster.network.heal()
        run(cluster, untilChunksAre: 4)
        cluster.crash(1)
        _ = cluster.intercept(from: 1, to: 3)
        cluster.run(within: 100, "node 3 has all") { $0.items(on: 3).count == 10 }
        let rest = asked(on: cluster).filter { $0.of == 2 }
        #expect(rest.first?.from == 4, "it goes on where it was")
        #expect(rest.allSatisfy { $0.from >= 4 })
        cluster.converge()
    }

    /// A chunk rotted on the peer that is asked first: it offers what it has once more, and is not asked for that chunk for
    /// ever. The other peer's copy is sound.
    @Test(arguments: [0, 2, 4, 9])
    func whatRottedOnOnePeerIsHadFromAnother(chunk: Int) {
        let (cluster, _) = cluster()
        cluster[1].rottenChunk = chunk
        cluster.network.heal()
        cluster.run(within: 100, "node 3 has all") { $0.items(on: 3).count == 10 }
        #expect(asked(on: cluster).contains { $0.of == 1 }, "the one with the rot was not asked")
        #expect(asked(on: cluster).count < 20)
        #expect(asked(on: cluster).contains { $0 == (2, UInt32(chunk)) })
        cluster.converge()
    }

    /// Where there is one peer alone to be asked, what was lost on its way is asked of it again, from the first chunk on.
    @Test(arguments: [0, 3])
    func oneRequestThatIsLostIsNotTheLast(chunks: Int) {
        let solo = SoloGroup(voters: 2)
        let header = SnapshotHeader(
            slot: Slot(9), chain: .zero, byteCount: 10 * UInt64(SnapshotHeader.chunkBytes), digest: .zero)
        let offer = Message.snapshotOffer(SnapshotOffer(header: header, chosenThrough: Slot(9)))
        solo.receive(.heartbeat(Heartbeat(ballot: Ballot(3, 2), round: 1, chosenThrough: Slot(9))), from: 2)
        solo.receive(offer, from: 2)
        for index in 0..<chunks {
            let bytes = [UInt8](repeating: 0, count: SnapshotHeader.chunkBytes)
            solo.receive(
                .snapshotChunk(SnapshotChunk(header: header, index: UInt32(index), bytes: bytes)), from: 2)
        }
        func asked() -> [FetchSnapshot] {
            solo.takeSent().compactMap { if case .fetchSnapshot(let fetch) = $0 { fetch } else { nil } }
        }
        #expect(asked() == [FetchSnapshot(header: header, from: 0)])
        for _ in 0..<3 * TestCluster.shortTimes.resendTicks {
            solo.handle(.tick)
            // Asked for slots, as it is before it has sent a chunk, it offers the snapshot.
            if solo.sent.contains(where: { if case .fetch = $0.message { true } else { false } }) {
                solo.receive(offer, from: 2)
            }
        }
        #expect(asked().contains(FetchSnapshot(header: header, from: UInt32(chunks))))
    }

    @Test func theRestIsHadAfterARestart() {
        let (cluster, _) = cluster()
        cluster.network.heal()
        run(cluster, untilChunksAre: 4)
        cluster.crash(3)
        let before = asked(on: cluster).count
        cluster.restart(3)
        #expect(chunks(on: cluster) >= 4)
        cluster.run(within: 100, "node 3 has all") { $0.items(on: 3).count == 10 }
        #expect(asked(on: cluster).dropFirst(before).allSatisfy { $0.from >= 4 })
        cluster.converge()
    }

    /// All was there when the node died: nothing is asked for once more.
    @Test func aSnapshotThatWasCompleteIsInstalledAfterARestart() {
        let (cluster, _) = cluster()
        cluster.network.heal()
        run(cluster, untilChunksAre: 10)
        cluster.crash(3)
        #expect(cluster[3].rows.snapshot == nil)
        cluster.isolate(3)
        cluster.restart(3)
        cluster.settle()
        #expect(cluster.items(on: 3).count == 10, "without a message")
        #expect(cluster[3].group?.installing == nil)
        cluster.converge()
    }

    /// A bit has flipped: what was read back is none, and is fetched anew.
    @Test func aBadSnapshotIsDiscardedAndFetchedAnew() {
        let (cluster, _) = cluster()
        cluster.network.heal()
        run(cluster, untilChunksAre: 4)
        cluster[3].rows.spoilPartial()
        cluster.run(within: 100, "node 3 has all") { $0.items(on: 3).count == 10 }
        #expect(asked(on: cluster).count { $0.from == 0 } >= 2)
        cluster.converge()
    }

    /// While it came in, everybody took a later one: the rest of it is not to be had any more.
    @Test func anotherSnapshotTakesThePlaceOfOneThatNobodyHas() {
        var (cluster, session) = cluster()
        cluster.network.heal()
        run(cluster, untilChunksAre: 4)
        let first = cluster[3].group?.arriving?.partial.header
        cluster.isolate(3)
        _ = cluster.intercept()
        cluster.write("later", in: &session, at: 1)
        cluster.run(ticks: 4)
        cluster.truncate([1, 2])
        #expect(cluster[1].rows.snapshot?.slot ?? .zero > first?.slot ?? .zero)
        cluster.network.heal()
        cluster.run(within: 200, "node 3 has all") { $0.items(on: 3).count == 11 }
        #expect(cluster[3].rows.snapshot == cluster[1].rows.snapshot)
        cluster.converge()
    }

    /// Whoever had the snapshot is gone, and the one that is left has none, but all slots.
    @Test func theSlotsAreHadWhereNobodyHasTheSnapshot() {
        let cluster = TestCluster(limits: Self.limits)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.run(ticks: 2)
        cluster.isolate(3)
        for number in 1...10 { cluster.write(item(number), in: &session, at: 1) }
        cluster.run(ticks: 4)
        cluster.truncate([1])
        cluster.mend(from: 3, to: 1)
        cluster.mend(from: 1, to: 3)
        run(cluster, untilChunksAre: 4)
        cluster.crash(1)
        cluster.network.heal()
        _ = cluster.intercept()
        cluster.run(within: 10 * Self.limits.partialTicks, "node 3 has all") {
            $0.items(on: 3).count == 10
        }
        #expect(cluster[3].rows.snapshot == nil)
        #expect(cluster[3].group?.status.arriving == nil)
        cluster.electAny()
    }

    /// What a snapshot would bring was learnt meanwhile: it is not waited for.
    @Test func aPartialSnapshotIsForgottenWhenItsSlotsAreLearnt() {
        let header = SnapshotHeader(slot: Slot(3), chain: .zero, byteCount: 200_000, digest: .zero)
        let solo = SoloGroup(
            votes: RecoveredVotes(
                promised: .zero, accepted: [], partial: PartialSnapshot(header: header, chunks: 2)))
        let ballot = Ballot(3, 2)
        // By reference: the node voted for them itself.
        for slot: UInt64 in 1...4 {
            let accept = Accept(
                ballot: ballot, slot: Slot(slot), proposal: .sessions(1), chosenThrough: Slot(slot - 1))
            solo.receive(.accept(accept), from: 2)
        }
        #expect(solo.group.chosenThrough == Slot(3))
        #expect(solo.group.status.arriving == nil)
        // A restart finds the rows, and they are of no use.
        let again = SoloGroup(
            votes: RecoveredVotes(
                promised: .zero, accepted: [], partial: PartialSnapshot(header: header, chunks: 4)),
            chosen: (1...3).map { AcceptedProposal($0, ballot, .sessions(1)) })
        #expect(again.group.installing == nil)
    }

    @Test func whatCannotBeASnapshotIsNotFetched() {
        for byteCount in [0, UInt64.max] {
            let solo = SoloGroup()
            let header = SnapshotHeader(slot: Slot(9), chain: .zero, byteCount: byteCount, digest: .zero)
            solo.receive(.snapshotOffer(SnapshotOffer(header: header, chosenThrough: Slot(9))), from: 2)
            #expect(solo.takeSent().isEmpty)
            #expect(solo.group.installing == nil)
        }
    }
}
