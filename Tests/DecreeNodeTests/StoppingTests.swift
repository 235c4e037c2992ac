import Testing

@testable import DecreeNode
@testable import Paxos

/// What a node that was told to stop says to the others.
@Suite struct StoppingTests {
    /// Whoever comes to lead by a promise of one that is about to go would ask it for what it said that it knew.
    @Test(arguments: [false, true]) func itPromisesNothingMore(isStopping: Bool) throws {
        let node = try NodeFixture()
        node.tick()
        // A disk that is busy: the node cannot go before it reports.
        node.receive(.prepare(Prepare(ballot: Ballot(round: 1, node: NodeID(2)), firstOpen: Slot(1))))
        if isStopping { node.core.shutDown() }
        node.receive(
            .prepare(Prepare(ballot: Ballot(round: 2, node: NodeID(3)), firstOpen: Slot(1))), from: 3)
        while node.isDiskBusy { node.doJob() }
        let promised = node.sent.compactMap { message -> Ballot? in
            if case .promise(let promise) = message { promise.ballot } else { nil }
        }
        #expect(promised.map(\.round) == (isStopping ? [1] : [1, 2]))
    }
}
