import Testing

@testable import DecreeNode
@testable import Paxos

/// When a node's loop may wait for a commit, and hear nothing meanwhile.
@Suite struct BriefCommitTests {
    /// Votes in one slot after another, each durable after so long.
    private func vote(_ slots: ClosedRange<UInt64>, on node: NodeFixture, microseconds: UInt64) {
        for slot in slots {
            var builder = ProposalBuilder()
            builder.append(.openSession)
            node.receive(
                .accept(
                    Accept(
                        ballot: Ballot(round: 1, node: NodeID(2)), slot: Slot(slot),
                        proposal: builder.build(),
                        chosenThrough: .zero)))
            node.doJob(microseconds: microseconds)
        }
    }

    @Test func notBeforeTheDiskIsKnownToBeQuick() throws {
        let node = try NodeFixture()
        vote(1...7, on: node, microseconds: 100)
        #expect(!node.core.mayWait(forCommitOf: 100))
        vote(8...8, on: node, microseconds: 100)
        #expect(node.core.mayWait(forCommitOf: 100))
    }

    @Test func notForALongOne() throws {
        let node = try NodeFixture()
        vote(1...8, on: node, microseconds: 100)
        #expect(node.core.mayWait(forCommitOf: 16 << 10))
        #expect(!node.core.mayWait(forCommitOf: 16 << 10 + 1))
    }

    @Test func notForAWhileAfterASlowOne() throws {
        let node = try NodeFixture()
        vote(1...8, on: node, microseconds: 100)
        vote(9...9, on: node, microseconds: 2_000)
        #expect(!node.core.mayWait(forCommitOf: 100))
        vote(10...16, on: node, microseconds: 100)
        #expect(!node.core.mayWait(forCommitOf: 100))
        vote(17...17, on: node, microseconds: 100)
        #expect(node.core.mayWait(forCommitOf: 100))
    }

    /// Heartbeats never wait for the disk, unless there is nobody to hear them.
    @Test(arguments: [[1], [1, 2]] as [[UInt16]]) func notWhileOthersWaitForHeartbeats(voters: [UInt16])
        throws
    {
        let node = try NodeFixture(genesis: Configuration(voters: voters.map { NodeID($0) }))
        for _ in 0..<400 where !node.core.groups[0].isLeading {
            node.tick()
            guard voters.count > 1 else { continue }
            if let ballot = node.core.groups[0].candidacy?.ballot {
                node.receive(
                    .preVoteReply(PreVoteReply(ballot: ballot, isGranted: true, promised: .zero)), from: 2)
            }
            if let ballot = node.core.groups[0].scout?.ballot {
                node.receive(
                    .promise(
                        Promise(
                            ballot: ballot, part: 0, parts: 1, chosenThrough: .zero, floor: .zero,
                            accepted: [])),
                    from: 2)
            }
        }
        #expect(node.core.groups[0].isLeading)
        node.core.commitMicroseconds = Array(repeating: 100, count: 8)
        #expect(node.core.mayWait(forCommitOf: 100) == (voters.count == 1))
    }
}
