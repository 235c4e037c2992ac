import Testing

@testable import Paxos

/// A candidate whose disk comes to hang (invariants PersistBeforeSend and BallotFresh).
@Suite struct StuckCandidateTests {
    /// It asked for pre-votes, its disk hangs, and then they are granted: it promises nothing to itself, so no prepare of
    /// its ballot may leave. After a restart it would use the ballot again.
    @Test func grantsThatComeWhileTheDiskHangsPrepareNothing() throws {
        let solo = SoloGroup()
        for _ in 0..<1_000 where solo.group.candidacy == nil { solo.tick() }
        let ballot = try #require(solo.group.candidacy?.ballot)
        _ = solo.takeSent()
        solo.handle(.disk(DiskHealth(pendingMicroseconds: 5_000_000)))
        let grant = Message.preVoteReply(
            PreVoteReply(ballot: ballot, isGranted: true, promised: .zero))
        solo.receive(grant, from: 2)
        #expect(!solo.takeSent().contains { if case .prepare = $0 { true } else { false } })
        #expect(solo.rows.isEmpty)
        // It goes on when the disk does.
        solo.handle(.disk(DiskHealth()))
        solo.receive(grant, from: 3)
        #expect(solo.takeSent().contains { if case .prepare = $0 { true } else { false } })
        #expect(solo.rows == [.promise(.first, ballot)])
    }
}
