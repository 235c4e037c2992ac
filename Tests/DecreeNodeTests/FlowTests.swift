import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import DecreeWire
@testable import Paxos

/// A node says what of a peer's bulky messages has come, and holds back what the link to a peer does not take.
@Suite struct FlowTests {
    private let three = NodeID(3)
    private let connection = ConnectionID(rawValue: 1)
    private let leading = Ballot(round: 1, node: NodeID(3))

    private func identity(_ node: NodeFixture) -> NodeIdentity {
        var identity = node.core.identity
        identity.node = three
        identity.store = StoreID(rawValue: 300)
        identity.persistSequence = 0
        identity.starts = [NodeStart(incarnation: 1, process: 10, beganAt: 0)]
        identity.isVoting = false
        return identity
    }

    private func accept(_ slot: UInt64, sent: UInt64) -> PeerFrame {
        PeerFrame(
            group: .first, persistSequence: 1,
            message: .accept(
                Accept(ballot: leading, slot: Slot(slot), proposal: .noOp, chosenThrough: .zero)), sent: sent)
    }

    private func receipts(_ node: NodeFixture) -> [UInt64] {
        node.told.compactMap { told in
            if case .received(let bytes) = told.frame, told.connection == connection { bytes } else { nil }
        }
    }

    @Test func whatHasComeIsTold() throws {
        let node = try NodeFixture()
        node.core.answer(
            Hello(from: identity(node), to: NodeID(1), witnessed: nil, address: "three:1"), on: connection)
        node.tick()
        #expect(receipts(node).isEmpty)
        node.core.receive(accept(1, sent: 5_000), from: three, on: connection)
        #expect(receipts(node).isEmpty, "a little waits for the tick")
        node.tick()
        #expect(receipts(node) == [5_000])
        node.tick()
        #expect(receipts(node) == [5_000], "once")
        node.core.receive(accept(2, sent: 300_000), from: three, on: connection)
        #expect(receipts(node) == [5_000, 300_000], "much is told at once")
        // Some of a long message: the peer is to know that somebody is there.
        node.core.arriving(from: three, on: connection)
        node.tick()
        #expect(receipts(node) == [5_000, 300_000, 300_000])
        // What comes on a connection that counts no more is not counted.
        node.core.receive(accept(3, sent: 900_000), from: three, on: ConnectionID(rawValue: 9))
        node.tick()
        #expect(receipts(node).last == 300_000)
    }

    /// A follower that gets part of a long message of its leader does not take it for dead.
    @Test func aLeaderWhoseBytesComeIsThere() throws {
        let node = try NodeFixture()
        node.core.answer(
            Hello(from: identity(node), to: NodeID(1), witnessed: nil, address: "three:1"), on: connection)
        node.core.receive(accept(1, sent: 5_000), from: three, on: connection)
        func hasCampaigned() -> Bool {
            node.sent.contains { if case .preVote = $0 { true } else { false } }
        }
        for _ in 0..<25 {
            node.tick(10)
            node.core.arriving(from: three, on: connection)
        }
        #expect(node.core.groups[0].leaderHint == three)
        #expect(!hasCampaigned())
        // A leader that never completes a message is given up.
        for _ in 0..<25 {
            node.tick(10)
            node.core.arriving(from: three, on: connection)
        }
        #expect(hasCampaigned())
    }
}
