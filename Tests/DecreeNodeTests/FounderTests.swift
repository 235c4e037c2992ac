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

    private func hello(to receiver: UInt16, from node: UInt16 = 2, of cluster: String = "bank") -> Hello {
        let identity = NodeIdentity(
            cluster: cluster, genesis: Digest(rawValue: 1), node: NodeID(node), store: StoreID(rawValue: 2),
            persistSequence: 9)
        return Hello(from: identity, to: NodeID(receiver), witnessed: nil, address: "new:\(node)")
    }

    /// Its own file names addresses where no node listens any more; those who run know where they are. Whether its own
    /// node is a member is for the answer to say: a file that was edited on one node greets nodes that no log knows.
    @Test func aMemberThatGreetsItIsAskedWhereItIs() {
        var founder = Founder(plan, token: 7)
        #expect(founder.start() == nil)
        founder.greeted(by: hello(to: 1))
        founder.greeted(by: hello(to: 1, from: 5))
        #expect(founder.asks == [2, 3, 5].map { NodeID($0) })
        #expect((0...1).map { founder.address(of: NodeID(2), attempt: $0) } == ["new:2", "old:2"])
        #expect((0...1).map { founder.address(of: NodeID(5), attempt: $0) } == ["new:5", "new:5"])
        for standing in [FoundingClaim.Standing.unknown, .member] {
            var asked = founder
            let claim = FoundingClaim(
                cluster: "bank", node: NodeID(5), list: plan.list, nodes: [], token: 0,
                stage: .complete(nil), standing: standing)
            guard case .refuse(let refusal) = asked.hear(claim) else {
                Issue.record("it goes on waiting for nodes that have moved")
                return
            }
            #expect(refusal.standing == standing && refusal.member == NodeID(5) && refusal.address == "new:5")
        }
    }

    /// A node that moved before the cluster was founded edits its own file alone: its claims come in, and without asking it
    /// no node would know whether it has completed the founding.
    @Test func aFounderThatMovedIsAskedWhereItIs() {
        var founder = Founder(plan, token: 7)
        let own = [nodes[0], FoundingClaim.Listed(node: NodeID(2), address: "new:2"), nodes[2]]
        let claim = FoundingClaim(
            cluster: "bank", node: NodeID(2), list: plan.list, nodes: own, token: 8,
            stage: .gathering(candidate: nil))
        #expect(founder.hear(claim) == nil)
        #expect((0...1).map { founder.address(of: NodeID(2), attempt: $0) } == ["new:2", "old:2"])
        #expect(founder.address(of: NodeID(3), attempt: 0) == "old:3")
    }

    @Test func whatIsNotMeantForItSaysNothing() {
        var founder = Founder(plan, token: 7)
        founder.greeted(by: hello(to: 3))
        founder.greeted(by: hello(to: 1, of: "other"))
        founder.greeted(by: Hello(clientOf: "bank"))
        #expect(founder.address(of: NodeID(2), attempt: 0) == "old:2")
        #expect(founder.asks == [2, 3].map { NodeID($0) })
    }

    /// Others that have completed its founding greet it before it knows that it is complete.
    @Test func whoHasMadeItsStoreAsksAsWell() {
        var founder = Founder(plan, resuming: FoundingRecord(tokens: [7, 8, 9], isComplete: false))
        founder.greeted(by: hello(to: 1))
        #expect((0...1).map { founder.address(of: NodeID(2), attempt: $0) } == ["new:2", "old:2"])
    }

    /// Node 3 was prepared, voted, and lost its disk; node 2 has completed the founding with it, and cannot be reached.
    @Test func aStoreIsDeletedOnlyWhenAllHaveAnswered() {
        let record = FoundingRecord(tokens: [7, 8, 9], isComplete: false)
        var founder = Founder(plan, resuming: record)
        let sent = founder.claim
        func claim(of node: UInt16, _ token: UInt64, _ stage: FoundingClaim.Stage) -> FoundingClaim {
            FoundingClaim(
                cluster: "bank", node: NodeID(node), list: plan.list, nodes: plan.nodes, token: token,
                stage: stage)
        }
        #expect(founder.hear(claim(of: 2, 8, .prepared(record.id)), answering: sent) == nil)
        #expect(founder.hear(claim(of: 3, 10, .gathering(candidate: nil)), answering: sent) == nil)
        var other = founder
        #expect(
            other.hear(claim(of: 2, 8, .complete(record.id)), answering: sent) == .complete(record))
        // It spoke first: that may have been long ago.
        #expect(founder.hear(claim(of: 2, 8, .prepared(record.id))) == nil)
        #expect(founder.hear(claim(of: 2, 8, .prepared(record.id)), answering: sent) == .delete(record))
    }
}
