import Bank
import DecreeStore
import DecreeWire
import Foundation
import Testing

@testable import DecreeNode
@testable import Paxos

/// When a node that was removed ends by itself.
@Suite struct RemovedNodeTests {
    /// It was the only voter, node 2 is in its place, and its log ends with what it was the last to vote for.
    @Test func itGreetsItsPeersAgainUntilOthersHaveWhatItHas() throws {
        let (core, shell) = try node()
        core.run(ticks: 3 * Int(NodeCore.ticksGone) + 5)
        #expect(core.isGone(NodeID(1)))
        #expect(core.failure == nil, "what it acknowledged may be on its disk alone")
        #expect(shell.greetings == 3)
        // Whoever has it all knows that this node is gone.
        let hello = core.hello(to: NodeID(2))
        _ = core.judge(.refused(.removed, reason: "removed"), to: hello)
        #expect(core.failure == .removed("removed"))
    }

    /// It lacked the last of those slots, and is told by node 2, which goes on without it.
    @Test func itEndsBeforeLongWhenAnotherHasToldIt() throws {
        let (core, shell) = try node(lacking: 1)
        core.run(ticks: Int(NodeCore.ticksGone))
        #expect(!core.isGone(NodeID(1)))
        core.groups[0].handle(
            .message(
                .decisions(Decisions(decided: [Self.decided[7]], chosenThrough: Slot(8))), from: NodeID(2)),
            into: &core.step)
        core.run(ticks: Int(NodeCore.ticksGone))
        #expect(core.failure == nil, "others may have to learn from it")
        core.run(ticks: 5)
        guard case .removed? = core.failure else {
            Issue.record("it runs on: \(String(describing: core.failure))")
            return
        }
        #expect(shell.greetings == 0)
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

    /// Node 1, its log but for the last slots, and what surrounds it.
    private func node(lacking missing: Int = 0) throws -> (NodeCore, QuietShell) {
        let directory = NSTemporaryDirectory() + "decree-removed-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let genesis = Configuration(voters: [NodeID(1)], alpha: 4)
        let owner = StoreIdentity(cluster: "test", node: NodeID(1))
        let hosted = HostedGroup(
            stored: StoreGroup(id: .first, kind: "bank", configuration: genesis), machine: Bank(), seed: 1)
        let store = try Store.open(directory: directory, identity: owner, groups: [hosted.stored])
        let core = NodeCore(
            try RecoveredNode(store, owner: owner, hosting: [hosted], limits: Limits()))
        try store.close()
        for decided in Self.decided.dropLast(missing) { core.groups[0].replay(decided, chain: nil) }
        core.groups[0].restore(RecoveredVotes(promised: .zero, accepted: []))
        let shell = QuietShell()
        core.shell = shell
        return (core, shell)
    }
}

extension NodeCore {
    fileprivate func run(ticks count: Int) { for _ in 0..<count where tick() { endTick() } }
}

/// Surroundings in which nothing happens.
private final class QuietShell: NodeShell {
    private(set) var greetings = 0

    func greetPeersAgain() { greetings += 1 }
    func send(_: Message, in _: GroupID, to _: NodeID, persistSequence _: PersistSequence) {}
    func flushPeers() {}
    func respond(_: [(Ticket, ClientResponse)]) {}
    func perform(_: consuming DiskJob) {}
    func scheduleTurnEnd() {}
    func peerIsUp(_: NodeID, address _: String) {}
    func committed(nanoseconds _: UInt64, counters _: StoreCounters) {}
    func becameReadOnly(_: Bool) {}
    func encode(_: Capture, for _: GroupID) {}
    func decode(_: Snapshot, machine _: any StateMachine, for _: GroupID) {}
    func peersChanged() {}
    func note(_: NodeNote) {}
    func failed(_: NodeFailure) {}
    func finished() {}
}
