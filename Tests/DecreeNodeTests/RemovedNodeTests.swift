import DecreeWire
import Testing

@testable import DecreeNode
@testable import Paxos

/// When a node that was removed ends by itself.
@Suite struct RemovedNodeTests {
    /// It was the only voter, node 2 is in its place, and its log ends with what it was the last to vote for.
    @Test func itGreetsItsPeersAgainUntilOthersHaveWhatItHas() throws {
        let node = try node()
        let core = node.core
        node.tick(3 * Int(NodeCore.ticksGone) + 5)
        #expect(core.isGone(NodeID(1)))
        #expect(core.failure == nil, "what it acknowledged may be on its disk alone")
        #expect(node.greetings == 3)
        // Whoever has it all knows that this node is gone.
        let hello = core.hello(to: NodeID(2))
        _ = core.judge(.refused(.removed, reason: "removed"), to: hello)
        #expect(core.failure == .removed("removed"))
    }

    /// It lacked the last of those slots, and is told by node 2, which goes on without it.
    @Test func itEndsBeforeLongWhenAnotherHasToldIt() throws {
        let node = try node(lacking: 1)
        let core = node.core
        node.tick(Int(NodeCore.ticksGone))
        #expect(!core.isGone(NodeID(1)))
        core.groups[0].handle(
            .message(
                .decisions(Decisions(decided: [Self.decided[7]], chosenThrough: Slot(8))), from: NodeID(2)),
            into: &core.step)
        node.tick(Int(NodeCore.ticksGone))
        #expect(core.failure == nil, "others may have to learn from it")
        node.tick(5)
        guard case .removed? = core.failure else {
            Issue.record("it runs on: \(String(describing: core.failure))")
            return
        }
        #expect(node.greetings == 0)
    }

    /// Eight slots, at the end of which node 2 is in the place of node 1.
    private static let decided = (1...8).map { slot in
        var builder = ProposalBuilder()
        switch slot {
        case 1:
            builder.append(
                .change(
                    .add(
                        node: NodeID(2), role: .joining(replacing: NodeID(1)), store: nil, address: "b:2")))
        case 5: builder.append(.change(.promote(NodeID(2))))
        default: break
        }
        return AcceptedProposal(
            slot: Slot(UInt64(slot)), ballot: Ballot(round: 1, node: NodeID(1)),
            proposal: builder.count > 0 ? builder.build() : .noOp)
    }

    /// Node 1, its log but for the last slots.
    private func node(lacking missing: Int = 0) throws -> NodeFixture {
        let fixture = try NodeFixture(
            genesis: Configuration(voters: [NodeID(1)], alpha: 4), decided: Self.decided.dropLast(missing))
        fixture.mayFail = true
        return fixture
    }
}
