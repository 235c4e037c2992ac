import Testing

@testable import Paxos

/// Messages that come late, twice, or without the one before them.
@Suite struct StaleMessagesTests {
    /// Node 1 prepares a ballot and a value is chosen with it; it restarts, and its old promises come again:
    /// they must not give it the ballot back.
    @Test func ballotReuse() {
        let cluster = TestCluster()
        cluster.keepsTrace = true
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.write("x", in: &session, at: 1)
        let old = cluster[1].rows.promised
        let promises = cluster.trace.filter {
            if case .promise = $0.message { $0.to == NodeID(1) } else { false }
        }
        #expect(promises.count >= 2)

        cluster.restart(1)
        for promise in promises { cluster.deliver(promise) }
        cluster.settle()
        #expect(cluster[1].group?.leader == nil, "leadership is never recovered")

        // It campaigns, and they come once more, in the middle of phase 1.
        cluster.elect(1)
        for promise in promises { cluster.deliver(promise) }
        cluster.settle()
        #expect(cluster[1].rows.promised > old)
        cluster.write("y", in: &session, at: 1)
        cluster.converge()
        #expect(cluster.items(on: 2) == ["x", "y"])
    }

    /// A promise of an earlier ballot, delayed past the next prepare, must not complete its quorum.
    @Test func stalePromise() {
        let cluster = TestCluster()
        cluster.hold(from: 2, to: 1)
        cluster.hold(from: 3, to: 1)
        let first = campaign(1, of: cluster)
        cluster.settle()
        let promises = cluster.intercept(to: 1)
        #expect(promises.count == 2)
        let second = campaign(1, of: cluster)
        #expect(second > first)

        for promise in promises { cluster.deliver(promise) }
        #expect(cluster[1].group?.leader == nil)
        cluster.network.heal()
        cluster.settle()
        #expect(cluster[1].group?.leader?.ballot == second)
    }

    /// Node 1's own promise is durable, two others' are held back. Starts phase 1 without a pre-vote.
    private func campaign(_ number: UInt16, of cluster: TestCluster) -> Ballot {
        let node = cluster[number]
        for _ in 0..<100 where node.group?.candidacy == nil { cluster.handle(.tick, at: node) }
        _ = cluster.intercept()
        for peer in cluster.nodes where peer.id != node.id {
            let ballot = node.group?.candidacy?.ballot ?? .zero
            let reply = PreVoteReply(ballot: ballot, isGranted: true, promised: .zero)
            cluster.handle(.message(.preVoteReply(reply), from: peer.id), at: node)
            if node.group?.scout != nil { break }
        }
        cluster.settle()
        return node.group?.scout?.ballot ?? .zero
    }

    /// Node 3's accept reaches node 1, which never saw its prepare: node 1's promise rises with it, and node
    /// 2's accept is refused.
    @Test func acceptWithoutPrepare() {
        let cluster = TestCluster()
        let (lower, higher) = (Ballot(1, 2), Ballot(2, 3))
        func accept(_ ballot: Ballot, _ proposal: Proposal) -> Packet {
            Packet(
                number: 0, from: ballot.node!, to: NodeID(1),
                message: .accept(
                    Accept(ballot: ballot, slot: Slot(1), proposal: proposal, chosenThrough: .zero)))
        }
        cluster.deliver(accept(higher, .sessions(2)))
        cluster.endTurn(at: cluster[1])
        cluster.commit(cluster[1])
        #expect(cluster[1].rows.promised == higher)
        _ = cluster.intercept()

        cluster.deliver(accept(lower, .sessions(1)))
        cluster.endTurn(at: cluster[1])
        let answers = cluster.intercept(from: 1).map(\.message)
        #expect(answers == [.rejection(Rejection(ballot: lower, promised: higher))])
        #expect(cluster[1].rows.accepted[Slot(1)]?.ballot == higher)
        cluster.restart(1)
        #expect(cluster[1].group?.status.promised == higher)
    }

    /// The same prepare twice, while the promise is still being written: the second answer waits as well.
    @Test func aRepeatedPrepareWaitsForTheDiskToo() {
        let cluster = TestCluster()
        let prepare = Packet(
            number: 0, from: NodeID(2), to: NodeID(1),
            message: .prepare(Prepare(ballot: Ballot(1, 2), firstOpen: Slot(1))))
        cluster[1].isDiskStuck = true
        cluster.deliver(prepare)
        cluster.settle()
        cluster.deliver(prepare)
        cluster.settle()
        #expect(cluster.intercept(from: 1).isEmpty)
        // Both go once it is written; the judge looks at each.
        cluster[1].isDiskStuck = false
        cluster.hold(from: 1, to: 2)
        cluster.settle()
        #expect(cluster.intercept(from: 1).count == 2)
    }

    /// A vote is cast twice: an accept comes again while it is being written.
    @Test func aRepeatedAcceptWaitsForTheDiskToo() {
        let cluster = TestCluster()
        let accept = Packet(
            number: 0, from: NodeID(2), to: NodeID(1),
            message: .accept(
                Accept(ballot: Ballot(1, 2), slot: Slot(1), proposal: .sessions(1), chosenThrough: .zero)))
        cluster[1].isDiskStuck = true
        cluster.deliver(accept)
        cluster.settle()
        cluster.deliver(accept)
        cluster.settle()
        #expect(cluster.intercept(from: 1).isEmpty)
        cluster.crash(1)
        cluster.restart(1)
        #expect(cluster[1].group?.status.promised == .zero, "it never said so")
    }
}
