import Testing

@testable import DecreeNode
@testable import DecreeWire
@testable import Paxos

/// What a node knows of others' stores (invariant NoRegression).
@Suite struct WitnessTests {
    /// A member's store that this node has not met, and the leader has, is known from then on: another store under
    /// that id is refused, and so is this one with less than it had.
    @Test func theStoreOfAMemberIsKnownFromTheLeader() throws {
        let node = try NodeFixture()
        func heartbeat(_ witnesses: [NodeWitness]) -> Message {
            .heartbeat(
                Heartbeat(
                    ballot: Ballot(round: 1, node: NodeID(2)), round: 1, chosenThrough: .zero,
                    witnesses: witnesses))
        }
        func witness(_ number: UInt16, store: UInt64, _ sequence: PersistSequence) -> NodeWitness {
            NodeWitness(node: NodeID(number), store: StoreID(rawValue: store), persistSequence: sequence)
        }
        node.receive(heartbeat([witness(3, store: 7, 40), witness(9, store: 8, 1)]))
        #expect(node.core.witnesses[NodeID(3)]?.store == StoreID(rawValue: 7))
        #expect(node.core.witnesses[NodeID(3)]?.persistSequence == 40)
        #expect(node.core.witnesses[NodeID(9)] == nil, "it is no member")
        // The first store stays a node's store, and its count rises alone.
        node.receive(heartbeat([witness(3, store: 6, 50)]))
        node.receive(heartbeat([witness(3, store: 7, 30)]))
        #expect(node.core.witnesses[NodeID(3)]?.store == StoreID(rawValue: 7))
        #expect(node.core.witnesses[NodeID(3)]?.persistSequence == 40)
        node.receive(heartbeat([witness(3, store: 7, 60)]))
        #expect(node.core.witnesses[NodeID(3)]?.persistSequence == 60)
    }
}
