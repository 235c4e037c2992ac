import Testing

@testable import DecreeSimulator
@testable import Paxos

/// How far the simulated operator may go.
@Suite struct OperatorTests {
    private let rule = ReckonedMembers(
        genesis: Configuration(voters: (1...5).map { NodeID($0) }, alpha: 4)
    ).latest

    @Test func whoeverLeavesLeavesMoreThanHalfWhoLast() {
        #expect(rule.canSpare(5, leaving: [], lasting: [1, 2, 3]))
        #expect(rule.canSpare(3, leaving: [], lasting: [1, 2, 3, 4]))
        #expect(!rule.canSpare(3, leaving: [], lasting: [1, 2, 3]), "two of four last")
    }

    /// Nodes 4 and 5 may lose their disks, and 4 is to be replaced. As long as that is pending, node 4 votes: without node
    /// 3, two of four would last.
    @Test func whatIsPendingIsNotDone() {
        #expect(!rule.canSpare(3, leaving: [4], lasting: [1, 2, 3]))
        #expect(!rule.canSpare(2, leaving: [3], lasting: [1, 2, 3]), "and a pending removal may be done")
        #expect(rule.canSpare(4, leaving: [5], lasting: [1, 2, 3]))
    }

    @Test func twoAreLeft() {
        let three = ReckonedMembers(genesis: Configuration(voters: (1...3).map { NodeID($0) }, alpha: 4))
            .latest
        #expect(three.canSpare(3, leaving: [], lasting: [1, 2, 3]))
        #expect(!three.canSpare(3, leaving: [2], lasting: [1, 2, 3]))
    }
}
