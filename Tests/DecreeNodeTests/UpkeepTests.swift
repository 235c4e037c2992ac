import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import DecreeWire
@testable import Paxos

/// What a node does beside its commits.
@Suite struct UpkeepTests {
    private let ballot = Ballot(round: 1, node: NodeID(2))

    private func accept(_ slot: UInt64) -> Message {
        var builder = ProposalBuilder()
        builder.append(.openSession)
        return .accept(
            Accept(ballot: ballot, slot: Slot(slot), proposal: builder.build(), chosenThrough: .zero))
    }

    // MARK: Rot

    /// All logs are searched, a bite now and then, and then there is a pause.
    @Test func theSearchForRotRestsWhenItHasSeenAllLogs() throws {
        let node = try NodeFixture(groups: [NodeFixture.first, NodeFixture.second])
        node.tick(100)
        func scrubs() -> [NodeFixture.Job] {
            node.jobs.filter { if case .scrub = $0 { true } else { false } }
        }
        let pass = [NodeFixture.Job.scrub(NodeFixture.first), .scrub(NodeFixture.second)]
        #expect(scrubs() == pass)
        node.core.ticks += Upkeep.ticksBetweenPasses - 100
        #expect(scrubs() == pass)
        node.tick(100)
        #expect(scrubs() == pass + pass)
    }

    @Test func damageThatWasNotServedIsTold() throws {
        let node = try NodeFixture()
        let damage = Damage(group: NodeFixture.first, slot: Slot(3), place: "accepted", detail: "it rotted")
        node.receive(accept(1))
        let read = LogRead(
            group: NodeFixture.first, to: .tickets([.nobody]),
            content: .slots(from: Slot(3), through: Slot(3)))
        node.core.take(.read(Served(read: read, result: .slots([]), damage: [damage]), nanoseconds: 0))
        #expect(node.notes.filter { $0 != .leader(NodeFixture.first, NodeID(2)) } == [.notServed(damage)])
    }

    // MARK: A peer's snapshot

    /// Rows of another group wait at all times: what has come of this one's snapshot is written, and that is enough.
    @Test func aSnapshotIsReadBackUnderAnotherGroupsLoad() throws {
        let node = try NodeFixture(groups: [NodeFixture.first, NodeFixture.second])
        node.tick(100)
        node.send(snapshot(through: 9, bytes: 100), chunks: 1, in: NodeFixture.second)
        for slot in 1...40 where !node.jobs.contains(.load(NodeFixture.second)) {
            node.receive(accept(UInt64(slot)))
            node.tickAlone()
            // One more has come when the disk is done.
            node.core.receive(
                PeerFrame(group: NodeFixture.first, persistSequence: 1, message: accept(UInt64(slot + 1))),
                from: NodeID(2))
            node.doJob()
        }
        #expect(node.jobs.contains(.load(NodeFixture.second)))
    }

    /// However long the reading takes: it is one job, and no commit that hangs.
    @Test func theReadingOfASnapshotSaysNothingOfTheDisk() throws {
        let node = try NodeFixture(groups: [NodeFixture.first, NodeFixture.second])
        node.tick(100)
        node.send(snapshot(through: 9, bytes: 100), chunks: 1, in: NodeFixture.second)
        for _ in 0..<100 where node.jobs.last != .load(NodeFixture.second) {
            node.doJob()
            node.tickAlone()
        }
        #expect(node.jobs.last == .load(NodeFixture.second))
        for _ in 0..<200 { node.tickAlone() }
        #expect(node.core.groups.allSatisfy { $0.disk.pendingMicroseconds == 0 })
        node.doJob()
        // A commit is another matter.
        node.forgetJobs()
        for slot in 1...5 where node.jobs.last != .commit {
            node.receive(accept(UInt64(slot)))
            if node.jobs.last != .commit { node.doJob() }
        }
        for _ in 0..<200 { node.tickAlone() }
        #expect(node.core.groups[0].disk.pendingMicroseconds >= 1_000_000)
    }

    // MARK: Deleting

    /// One that was being sent is given up for another: what there is of it is deleted.
    @Test func theBeginningOfASnapshotThatWasGivenUpIsDeleted() throws {
        var limits = Limits()
        limits.partialTicks = 50
        let node = try NodeFixture(limits: limits)
        node.tick(100)
        let (one, other) = (snapshot(through: 9, bytes: 200_000), snapshot(through: 12, bytes: 200_000))
        node.send(one, chunks: 2)
        node.tick(60)
        #expect(node.store.lifecycle.snapshots.map(\.header) == [one.header])
        node.send(other, chunks: 1)
        node.tick(30)
        #expect(node.store.lifecycle.snapshots.map(\.header) == [other.header])
        #expect(try node.store.connection.integer("SELECT count(*) FROM snapshot_chunk") == 1)
    }

    /// One that is none is forgotten, and what there is of it is deleted too.
    @Test func aSnapshotThatTurnedOutToBeNoneIsDeleted() throws {
        let node = try NodeFixture()
        node.tick(100)
        let good = snapshot(through: 9, bytes: 100)
        node.send(good, chunks: 0)
        let bytes = [UInt8](repeating: 0, count: 100)
        node.receive(.snapshotChunk(SnapshotChunk(header: good.header, index: 0, bytes: bytes)))
        node.tick(40)
        #expect(node.notes.count == 1)
        #expect(node.store.lifecycle.snapshots.isEmpty)
        #expect(try node.store.connection.integer("SELECT count(*) FROM snapshot_chunk") == 0)
    }

    /// Every peer offers it, and it is the same from each: it is fetched once, and the node's operator is told.
    @Test func aSnapshotThatCannotBeDecodedIsNotFetchedAgain() throws {
        let node = try NodeFixture()
        node.tick(100)
        let useless = snapshot(through: 9, bytes: 100)
        func fetched() -> Int {
            node.sent.count {
                if case .fetchSnapshot(let fetch) = $0 { fetch.header == useless.header } else { false }
            }
        }
        node.send(useless, chunks: 1)
        node.tick(40)
        node.core.decoded(.failure(MachineRestoreError("another version wrote it")))
        node.tick(40)
        let refused = NodeNote.snapshotRefused(
            NodeFixture.first, useless.header, "another version wrote it")
        #expect(node.notes == [refused])
        #expect(fetched() == 1)
        for _ in 0..<20 {
            node.send(useless, chunks: 1)
            node.tick(30)
        }
        #expect(fetched() == 1)
        #expect(node.notes == [refused], "told once")
        #expect(node.jobs.count { $0 == .load(NodeFixture.first) } == 1)
        #expect(node.store.lifecycle.snapshots.isEmpty)
        let status = node.core.groups[0].status.refusedSnapshot
        #expect(status?.header == useless.header && status?.detail == "another version wrote it")
        // Another is another matter.
        let other = snapshot(through: 12, bytes: 100)
        node.send(other, chunks: 1)
        node.tick(40)
        #expect(node.jobs.count { $0 == .load(NodeFixture.first) } == 2)
    }

    /// The peer that sent it may have a bad disk: another may send it right. Not for ever, though.
    @Test func aSnapshotWhoseChunksAreWrongIsFetchedAFewTimes() throws {
        let node = try NodeFixture()
        node.tick(100)
        let good = snapshot(through: 9, bytes: 100)
        let wrong = SnapshotChunk(
            header: good.header, index: 0, bytes: [UInt8](repeating: 0, count: 100))
        for _ in 0..<10 {
            node.send(good, chunks: 0)
            node.receive(.snapshotChunk(wrong))
            node.tick(40)
        }
        #expect(node.jobs.count { $0 == .load(NodeFixture.first) } == RefusedSnapshots.attempts)
        #expect(node.notes.count == RefusedSnapshots.attempts)
        guard case .snapshotRefused? = node.notes.last else {
            Issue.record("\(node.notes)")
            return
        }
    }

    /// It is to be forgotten, and is offered again before that is done: what comes in again is not forgotten with it.
    @Test func whatIsForgottenDoesNotTakeNewChunksWithIt() throws {
        let node = try NodeFixture()
        node.tick(100)
        let good = snapshot(through: 9, bytes: 100)
        node.send(good, chunks: 0)
        node.receive(
            .snapshotChunk(
                SnapshotChunk(header: good.header, index: 0, bytes: [UInt8](repeating: 0, count: 100))))
        for _ in 0..<100 where node.jobs.last != .load(NodeFixture.first) {
            node.doJob()
            node.tickAlone()
        }
        // Read back while it is offered again, beside a vote that is in a hurry.
        let offer = SnapshotOffer(header: good.header, chosenThrough: Slot(9))
        node.doJob()
        node.core.receive(
            PeerFrame(group: .first, persistSequence: 1, message: .snapshotOffer(offer)), from: NodeID(2))
        let chunk = SnapshotChunk(header: good.header, index: 0, bytes: Array(good.chunk(0)))
        node.core.receive(
            PeerFrame(group: .first, persistSequence: 1, message: .snapshotChunk(chunk)), from: NodeID(2))
        node.receive(accept(1))
        while node.isDiskBusy { node.doJob() }
        node.tick(40)
        #expect(node.store.lifecycle.snapshots.map(\.header) == [good.header])
        #expect(try node.store.connection.integer("SELECT count(*) FROM snapshot_chunk") == 1)
        #expect(node.jobs.count { $0 == .load(NodeFixture.first) } == 2)
        #expect(node.notes.count { if case .snapshotBad = $0 { true } else { false } } == 1)
    }

    /// A snapshot that a reader had use of is kept for it, and no longer.
    @Test func whatNobodyReadsAnyMoreMayBeDeleted() throws {
        let node = try NodeFixture()
        node.tick(100)
        let header = snapshot(through: 9, bytes: 100).header
        let read = LogRead(
            group: NodeFixture.first, to: .tickets([.nobody]), content: .chunks(header, from: 0))
        node.core.take(.read(Served(read: read, result: .chunks([]), damage: []), nanoseconds: 0))
        node.forgetJobs()
        node.tick(100)
        node.core.ticks += Upkeep.ticksRead - 100
        #expect(!node.jobs.contains(.trim(keeping: [])))
        node.tick(2)
        #expect(node.jobs.contains(.trim(keeping: [])))
    }

    /// Another begun after it does not make an old beginning of it.
    @Test func aSnapshotThatComesInIsNotDeleted() throws {
        let node = try NodeFixture()
        let coming = snapshot(through: 100, bytes: 300_000)
        node.send(coming, chunks: 2)
        node.tick(20)
        let kept = node.jobs.compactMap { job -> [SnapshotHeader]? in
            if case .trim(let keeping) = job { keeping } else { nil }
        }
        #expect(kept.last == [coming.header])
    }
}
