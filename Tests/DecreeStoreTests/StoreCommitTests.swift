import Testing

@testable import DecreeStore
@testable import Paxos

/// The door between a vote and the network, and what is found behind it after a restart.
@Suite struct StoreCommitTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private let envelope = Envelope(
        group: group, to: NodeID(2),
        message: .accepted(Accepted(ballot: ballot, from: Slot(1), through: Slot(1))))

    @Test func aStepIsOneTransactionAndOneFsyncWhateverItHolds() throws {
        let store = try openStore(directory)
        try store.expectCommit(step(.promise(group, ballot)))
        let before = store.counters
        let rows = (1...100).map { Write.accepted(group, vote($0, "value \($0)")) }
        let committed = try store.expectCommit(step(rows, withheld: [envelope]))
        #expect(committed.messages == [envelope])
        #expect(committed.persistSequence == 2)
        #expect(store.counters.commits == before.commits + 1)
        #expect(store.counters.fsyncs == before.fsyncs + 1)
        #expect(store.counters.rows == before.rows + 100)
        #expect(WALScan.scan(try directory.bytes(of: directory.log)).transactions == 2)
    }

    @Test func aStepWithoutRowsCostsNoTransaction() throws {
        let store = try openStore(directory)
        let before = store.counters
        let committed = try store.expectCommit(step([], withheld: [envelope]))
        #expect(committed.messages == [envelope])
        #expect(committed.persistSequence == 0)
        #expect(store.counters == before)
    }

    @Test func recoveryReturnsExactlyWhatWasCommitted() throws {
        var store = try openStore(directory)
        let empty = try store.recoverAll()
        #expect(empty.chosen.isEmpty && empty.votes == RecoveredVotes(promised: .zero, accepted: []))
        let texts = (1...50).map { "value \($0)" }
        try store.fill(texts)
        try store.close()

        store = try openStore(directory)
        let found = try store.recoverAll()
        let written = texts.enumerated().map { vote(UInt64($0 + 1), $1) }
        #expect(found.chosen == Array(written.dropLast()))
        #expect(found.votes == RecoveredVotes(promised: ballot, accepted: written.suffix(1)))
        #expect(
            found.chain
                == written.dropLast().reduce(Digest.zero) { $0.chained($1.slot, $1.proposal.digest) })
        #expect(store.persistSequence == 51)
    }

    @Test func aStoreThatIsDroppedLosesNothingThatWasCommitted() throws {
        try openStore(directory).fill(["a", "b", "c"])
        let found = try openStore(directory).recoverAll()
        #expect(found.chosen == [vote(1, "a"), vote(2, "b")])
        #expect(found.votes.accepted == [vote(3, "c")])
    }

    @Test func aHigherBallotReplacesAVote() throws {
        let higher = Ballot(round: 7, node: NodeID(3))
        let store = try openStore(directory)
        try store.expectCommit(step(.promise(group, ballot), .accepted(group, vote(1, "a"))))
        try store.expectCommit(step(.promise(group, higher), .accepted(group, vote(1, "b", in: higher))))
        try store.close()
        #expect(
            try openStore(directory).recoverAll().votes
                == RecoveredVotes(promised: higher, accepted: [vote(1, "b", in: higher)]))
    }

    @Test func groupsOfOneStoreShareTransactionsAndNothingElse() throws {
        let second = GroupID(2)
        var store = try openStore(directory, groups: [group, second])
        try store.fill(["a", "b"])
        try store.fill(["x", "y", "z"], group: second)
        try store.expectCommit(
            step(.accepted(group, vote(3, "c")), .accepted(second, vote(4, "w"))))
        try store.close()
        store = try openStore(directory, groups: [group, second])
        #expect(try store.recoverAll(group).chosen == [vote(1, "a")])
        #expect(try store.recoverAll(group).votes.accepted == [vote(2, "b"), vote(3, "c")])
        #expect(try store.recoverAll(second).chosen == [vote(1, "x"), vote(2, "y")])
        #expect(try store.recoverAll(second).votes.accepted == [vote(3, "z"), vote(4, "w")])
    }

    @Test func anErrorOfTheReplayEndsRecoveryAndLeavesTheStoreGood() throws {
        struct Enough: Error {}
        let store = try openStore(directory)
        try store.fill(["a", "b", "c"])
        #expect(throws: Enough.self) {
            try store.recover(group, restore: { _ in }, replay: { _, _ in throw Enough() })
        }
        try store.checkpointIfIdle()
        #expect(try store.recoverAll().chosen.count == 2)
    }

    @Test func readsGiveChosenSlotsFromTheFirstOnWithoutAGap() throws {
        let store = try openStore(directory)
        try store.fill(["a", "b", "c", "d"])
        #expect(try store.serve(read(1, through: 2)).result.slots == [vote(1, "a"), vote(2, "b")])
        #expect(try store.serve(read(2, through: 99)).result.slots == [vote(2, "b"), vote(3, "c")])
        #expect(try store.serve(read(4, through: 9)).result.slots.isEmpty)
        #expect(try store.serve(read(3, through: 2)).result.slots.isEmpty)
    }

    @Test func aReadEndsBeforeAGap() throws {
        let store = try openStore(directory)
        try store.fill(["a", "b", "c", "d"])
        try store.connection.execute("DELETE FROM chosen WHERE slot = 2")
        #expect(try store.serve(read(1, through: 4)).result.slots == [vote(1, "a")])
        #expect(try store.serve(read(2, through: 4)).result.slots.isEmpty)
    }

    @Test func aReadSeesTheRowsOfTheStepBeforeIt() throws {
        let store = try openStore(directory)
        try store.fill(["a"])
        let chain = Digest.zero.chained(Slot(1), proposal("a").digest)
        try store.expectCommit(step(.chosen(group, Slot(1), ballot, chain: chain)))
        #expect(try store.serve(read(1, through: 1)).result.slots == [vote(1, "a")])
    }

    @Test func aReadGivesAMegabyteAtMostButAtLeastOneSlot() throws {
        let store = try openStore(directory)
        // A kind's byte, and what surrounds it in a frame.
        let overhead = AcceptedProposal.overheadBytes + 1
        let half = String(repeating: "x", count: Store.readBytes / 2 - overhead)
        let whole = String(repeating: "y", count: Store.readBytes + 1)
        try store.fill([half, half, half, whole, "end"])
        func slots(_ from: UInt64) throws -> [UInt64] {
            try store.serve(read(from, through: 9)).result.slots.map(\.slot.rawValue)
        }
        #expect(try slots(1) == [1, 2])
        #expect(try slots(3) == [3])
        #expect(try slots(4) == [4])
    }

    @Test func aCheckpointLeavesALogThatStartsAnewWithAnotherSalt() throws {
        let store = try openStore(directory)
        try store.fill(["a", "b"])
        let before = try directory.bytes(of: directory.log)
        let checkpoints = store.counters.checkpoints
        try store.checkpointIfIdle()
        try store.checkpointIfIdle()
        #expect(store.counters.checkpoints == checkpoints + 1, "the second had nothing to copy")
        let fsyncs = store.counters.fsyncs
        try store.expectCommit(step(.accepted(group, vote(3, "c"))))
        #expect(store.counters.fsyncs == fsyncs + 2, "the log's new header costs one more")
        let after = try directory.bytes(of: directory.log)
        #expect(after[16..<24] != before[16..<24])
        #expect(WALScan.scan(after).transactions == 1)
    }

    @Test func aLongLogIsCheckpointedOnItsOwn() throws {
        let store = try openStore(directory, options: StoreOptions(checkpointPages: 20))
        try store.fill((1...100).map { "value \($0)" })
        #expect(store.counters.checkpoints > 5)
        #expect(try directory.bytes(of: directory.log).count < 40 * 4_120)
        try store.close()
        #expect(try openStore(directory).recoverAll().chosen.count == 99)
    }

    @Test func aFullDiskReleasesNothingAndTheSameRowsAreTriedAgain() throws {
        let store = try openStore(directory)
        try store.fill(["a"])
        let pages = try #require(try store.connection.integer("PRAGMA page_count"))
        try store.connection.execute("PRAGMA max_page_count = \(pages)")
        let large = String(repeating: "x", count: 100_000)
        let rows: [Write] = [.accepted(group, vote(2, "b")), .accepted(group, vote(3, large))]
        for attempt in 1...3 {
            let outcome =
                attempt == 1 ? try store.commit(step(rows, withheld: [envelope])) : try store.retry()
            guard case .diskFull = outcome else {
                Issue.record("committed to a full disk")
                return
            }
            #expect(store.isDiskFull)
            #expect(store.persistSequence == 2)
            #expect(!store.connection.isInTransaction)
            #expect(try store.recoverAll().votes.accepted == [vote(1, "a")])
        }
        try store.connection.execute("PRAGMA max_page_count = \(pages + 100)")
        guard case .committed(let committed) = try store.retry() else {
            Issue.record("the disk is still full")
            return
        }
        #expect(committed.messages == [envelope])
        #expect(committed.persistSequence == 3)
        #expect(!store.isDiskFull)
        #expect(try store.recoverAll().votes.accepted == [vote(1, "a"), vote(2, "b"), vote(3, large)])
    }

    @Test func aStoreThatFailedIsGivenUp() throws {
        let store = try openStore(directory)
        try store.fill(["a"])
        let failure = store.giveUp(SQLiteError(code: 1_034, operation: "COMMIT"))
        #expect(
            failure
                == .ioError(
                    file: directory.database, operation: "COMMIT",
                    detail: "SQLITE_IOERR_FSYNC, code 1034: disk I/O error"))
        #expect(throws: failure) { try store.expectCommit(step(.promise(group, ballot))) }
        #expect(throws: failure) { try store.expectCommit(step([])) }
        #expect(throws: failure) { try store.recoverAll() }
        #expect(throws: failure) { try store.checkpointIfDue() }
        #expect(throws: failure) { try store.close() }
    }

    @Test func aClosedStoreThrows() throws {
        let store = try openStore(directory)
        try store.close()
        #expect(throws: StoreError.closed) { try store.expectCommit(step(.promise(group, ballot))) }
        #expect(throws: StoreError.closed) { try store.recoverAll() }
        #expect(throws: StoreError.closed) { try store.checkpointIfIdle() }
    }
}
