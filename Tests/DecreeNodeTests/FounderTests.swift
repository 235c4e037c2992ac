import DecreeStore
import DecreeWire
import Paxos
import Testing

@testable import DecreeNode

/// A founder that learns from others what its own list does not tell it.
@Suite struct FounderTests {
    private let nodes = [1, 2, 3].map { FoundingClaim.Listed(node: NodeID($0), address: "old:\($0)") }

    private var plan: FoundingPlan {
        let configuration = Configuration(voters: nodes.map(\.node))
        return FoundingPlan(
            cluster: "bank", node: NodeID(1), nodes: nodes,
            groups: [StoreGroup(id: .first, kind: "bank", configuration: configuration)])
    }

    private func hello(to receiver: UInt16, of cluster: String = "bank") -> Hello {
        let identity = NodeIdentity(
            cluster: cluster, genesis: Digest(rawValue: 1), node: NodeID(2), store: StoreID(rawValue: 2),
            persistSequence: 9)
        return Hello(from: identity, to: NodeID(receiver), witnessed: nil, address: "new:2")
    }

    /// Its own file names addresses where no node listens any more; those who run know where it is.
    @Test func aMemberThatGreetsItEndsTheWait() {
        var founder = Founder(plan, token: 7)
        #expect(founder.start() == nil)
        guard case .refuse(let refusal) = founder.greeted(by: hello(to: 1)) else {
            Issue.record("it goes on waiting for nodes that have moved")
            return
        }
        #expect(refusal.isMember && refusal.member == NodeID(2) && refusal.address == "new:2")
    }

    @Test func whatIsNotMeantForItSaysNothing() {
        var founder = Founder(plan, token: 7)
        #expect(founder.greeted(by: hello(to: 3)) == nil)
        #expect(founder.greeted(by: hello(to: 1, of: "other")) == nil)
        #expect(founder.greeted(by: Hello(clientOf: "bank")) == nil)
    }

    /// Others that have completed its founding greet it before it knows that it is complete.
    @Test func whoHasMadeItsStoreIsNotPutOff() {
        var founder = Founder(plan, resuming: FoundingRecord(tokens: [7, 8, 9], isComplete: false))
        #expect(founder.address(of: NodeID(2), attempt: 0) == "old:2")
        #expect(founder.greeted(by: hello(to: 1)) == nil)
        // It asks where the other is now, and goes on trying where it was.
        #expect((0...1).map { founder.address(of: NodeID(2), attempt: $0) } == ["new:2", "old:2"])
    }
}
