import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import DecreeWire
@testable import Paxos

/// What a node waits for before it votes, and where its links lead.
extension OneProcessTests {
    private var prepare: Message {
        .prepare(Prepare(ballot: Ballot(round: 1, node: NodeID(2)), firstOpen: Slot(1)))
    }

    private func promises(_ node: NodeFixture) -> Int {
        node.sent.count { if case .promise = $0 { true } else { false } }
    }

    @Test func aNodeVotesWhenAQuorumHasItsStartAndWaitsForTheOthersAWhile() throws {
        let node = try NodeFixture(isWitnessed: false)
        let own = try #require(node.core.identity.starts.last)
        node.receive(prepare)
        node.tick()
        #expect(promises(node) == 0 && !node.core.isVoting)
        node.core.take(.witnessed(start(1, 5), after: 0), from: NodeID(2))
        #expect(node.core.standing.witnesses == [], "that is another start")
        node.core.take(.witnessed(own, after: 0), from: NodeID(2))
        #expect(!node.core.isVoting, "node 3 may be reached")
        node.tick(98)
        #expect(!node.core.isVoting)
        node.tick()
        #expect(node.core.isVoting)
        #expect(
            node.told.count { told in
                guard case .seen(let seen) = told.frame else { return false }
                return seen.contains { $0.node == NodeID(1) && $0.seen == SeenStart(own, isVoting: true) }
            } == 2)
        node.receive(prepare)
        node.tick()
        #expect(promises(node) == 1)
    }

    @Test func whoCannotBeReachedIsNotWaitedFor() throws {
        let node = try NodeFixture(isWitnessed: false)
        let own = try #require(node.core.identity.starts.last)
        node.core.cannotReach(three)
        #expect(!node.core.isVoting)
        node.core.take(.witnessed(own, after: 0), from: NodeID(2))
        #expect(node.core.isVoting)
    }

    /// A peer that asks whether it lives may let another in: that peer's word is void until it gives it again.
    @Test func theWordOfWhoAsksIsVoid() throws {
        let node = try NodeFixture(isWitnessed: false)
        let own = try #require(node.core.identity.starts.last)
        node.core.take(.witnessed(own, after: 0), from: NodeID(2))
        node.core.take(.probe(nonce: 4, rival: SeenStart(start(1, 5), isVoting: false)), from: NodeID(2))
        #expect(node.told.contains(.init(frame: .alive(nonce: 4, isVoting: false), peer: NodeID(2))))
        node.core.take(.witnessed(own, after: 3), from: NodeID(2))
        #expect(node.core.standing.witnesses == [], "it was said before it asked")
        node.core.take(.witnessed(own, after: 4), from: NodeID(2))
        node.core.cannotReach(three)
        #expect(node.core.isVoting)
        node.core.take(.probe(nonce: 5, rival: SeenStart(start(1, 5), isVoting: false)), from: NodeID(2))
        #expect(node.told.contains(.init(frame: .alive(nonce: 5, isVoting: true), peer: NodeID(2))))
        #expect(node.core.isVoting)
    }

    @Test func aPeerThatKnowsNoStartsIsTakenAtItsWord() throws {
        let old = Configuration(voters: [NodeID(1), NodeID(2), three], version: .first)
        let node = try NodeFixture(genesis: old, isWitnessed: false)
        var identity = node.core.identity
        identity.node = three
        identity.store = StoreID(rawValue: 300)
        let hello = node.core.hello(to: three)
        _ = node.core.judge(.admitted(Admission(version: 3, identity: identity, witnessed: nil)), to: hello)
        #expect(node.core.standing.witnesses == [three])
    }

    @Test func aNodeAloneNeedsNobody() throws {
        let node = try NodeFixture(genesis: Configuration(voters: [NodeID(1)]), isWitnessed: false)
        #expect(node.core.isVoting)
    }

    /// It was judged as one that does not vote, and has come to vote meanwhile.
    @Test func aRefusalThatCameTooLateIsNotObeyed() throws {
        let node = try NodeFixture(isWitnessed: false)
        node.mayFail = true
        let hello = node.core.hello(to: NodeID(2))
        let refused = HelloReply.refused(.anotherProcess, reason: "another process runs")
        let own = try #require(node.core.identity.starts.last)
        node.core.cannotReach(three)
        node.core.take(.witnessed(own, after: 0), from: NodeID(2))
        _ = node.core.judge(refused, to: hello)
        #expect(node.core.failure == nil)
        _ = node.core.judge(refused, to: node.core.hello(to: NodeID(2)))
        #expect(node.core.failure == .fenced("another process runs"))
    }

    /// Which process is the peer's is settled when it comes: no link leads to another.
    @Test func noLinkLeadsToAProcessThatWasNotSeen() throws {
        let node = try NodeFixture()
        var other = hello(node, [start(1, 10)])
        node.core.answer(other, on: connection(1))
        func reached(_ start: NodeStart) -> Handshake.Verdict {
            var identity = node.core.identity
            identity.node = three
            identity.store = StoreID(rawValue: 300)
            identity.starts = [start]
            let hello = node.core.hello(to: three)
            return node.core.judge(
                .admitted(Admission(version: 4, identity: identity, witnessed: nil)), to: hello)
        }
        #expect(reached(start(1, 10)) == .admitted(version: 4))
        guard case .refused(.unavailable, _) = reached(start(1, 11)) else {
            Issue.record("it is linked to another process")
            return
        }
        // The peer was started again: the link of before leads nowhere.
        node.core.closed(connection(1))
        other = hello(node, [start(1, 10), start(2, 20)])
        node.core.answer(other, on: connection(2))
        #expect(node.greetedAgain == [three])
    }
}
