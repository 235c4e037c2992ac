import Testing

@testable import DecreeStore
@testable import Paxos

/// Rows that are not what was written, and whose slots are known: other nodes have the values (invariant
/// CorruptIsNotAbsent).
@Suite struct StoreDamageTests {
    let directory: TemporaryDirectory
    /// Twenty values: nineteen chosen, the last one a vote.
    private let texts = (1...20).map { "value \($0)" }

    init() throws {
        directory = try TemporaryDirectory()
        let store = try openStore(directory)
        try store.fill(texts)
        try store.expectCommit(step(.accepted(group, vote(22, "open"))))
        try store.close()
    }

    private func slots(_ votes: [AcceptedProposal]) -> [UInt64] { votes.map(\.slot.rawValue) }

    @Test(
        arguments: [
            ("UPDATE accepted SET value = x'0105' WHERE slot = 7", "accepted", 7, Array(8...20) + [22]),
            (
                "UPDATE accepted SET ballot = ballot + 65536 WHERE slot = 7", "accepted", 7,
                Array(8...20) + [22]
            ),
            ("UPDATE accepted SET checksum = 7 WHERE slot = 7", "accepted", 7, Array(8...20) + [22]),
            // The value is there; that it is chosen, and in which ballot, is not known.
            ("UPDATE chosen SET ballot = ballot + 1 WHERE slot = 7", "chosen", 7, Array(7...20) + [22]),
            ("UPDATE chosen SET chain = chain - 1 WHERE slot = 7", "chosen", 7, Array(7...20) + [22]),
            ("UPDATE chosen SET checksum = 7 WHERE slot = 1", "chosen", 1, Array(1...20) + [22]),
            ("UPDATE chosen SET checksum = 7 WHERE slot = 19", "chosen", 19, Array(19...20) + [22]),
        ] as [(String, String, UInt64, [UInt64])])
    func replayingEndsBeforeADamagedFact(
        sql: String, place: String, slot: UInt64, votes: [UInt64]
    ) throws {
        try directory.sql(sql)
        let store = try openStore(directory)
        let found = try store.recoverAll()
        #expect(slots(found.chosen) == Array(1..<slot))
        #expect(slots(found.votes.accepted) == votes)
        #expect(found.votes.damagedThrough == Slot(slot))
        #expect(
            found.votes.damage
                == "\(place) slot \(slot): the row differs from its checksum; to be learnt from others "
                + "through slot \(slot)")
        #expect(store.damage.map(\.place) == [place])
    }

    @Test(arguments: [20, 22] as [UInt64]) func aDamagedVoteIsNotKnownAndNotAbsent(slot: UInt64) throws {
        try directory.sql("UPDATE accepted SET value = x'0105' WHERE slot = \(slot)")
        let found = try openStore(directory).recoverAll()
        #expect(found.chosen.count == 19)
        #expect(slots(found.votes.accepted) == [20, 22].filter { $0 != slot })
        #expect(found.votes.damagedThrough == Slot(slot))
    }

    @Test func theHighestDamagedSlotIsTold() throws {
        try directory.sql("UPDATE accepted SET value = x'0105' WHERE slot IN (3, 9, 20)")
        let store = try openStore(directory)
        let found = try store.recoverAll()
        #expect(slots(found.chosen) == [1, 2])
        #expect(slots(found.votes.accepted) == Array(4...8) + Array(10...19) + [22])
        #expect(found.votes.damagedThrough == Slot(20))
        #expect(found.votes.damage?.contains(", and 2 more;") == true)
        #expect(store.damage.map(\.slot.rawValue) == [3, 9, 20])
    }

    @Test func whatIsLearntFromOthersMendsTheRow() throws {
        try directory.sql("UPDATE accepted SET value = x'0105' WHERE slot = 7")
        var store = try openStore(directory)
        let chain = try store.recoverAll().chain.chained(Slot(7), proposal("value 7").digest)
        try store.expectCommit(
            step(.accepted(group, vote(7, "value 7")), .chosen(group, Slot(7), ballot, chain: chain)))
        #expect(store.damage == [])
        try store.close()
        store = try openStore(directory)
        let found = try store.recoverAll()
        #expect(found.chosen.count == 19 && found.votes.damagedThrough == nil && found.votes.damage == nil)
    }

    /// A learnt value may stand in a ballot that was never promised: it is a fact, and no vote of this node's.
    @Test func aLearntValueAboveDamageIsNoVote() throws {
        let higher = Ballot(round: 8, node: NodeID(3))
        let store = try openStore(directory)
        let chain = try store.recoverAll().chain.chained(Slot(20), proposal("learnt").digest)
        try store.expectCommit(
            step(
                .accepted(group, vote(20, "learnt", in: higher)),
                .chosen(group, Slot(20), higher, chain: chain)))
        try store.close()
        try directory.sql("UPDATE accepted SET value = x'0105' WHERE slot = 18")
        let found = try openStore(directory).recoverAll().votes
        #expect(slots(found.accepted) == [19, 22])
        #expect(found.damagedThrough == Slot(20))
    }

    /// No node keeps votes for more slots than that: the chosen ones are learnt anew.
    @Test func damageFarBelowTheEndOfTheLogCostsNoMemory() throws {
        let directory = try TemporaryDirectory()
        let store = try openStore(directory)
        let count = UInt64(Recovery.voteSlots) + 50
        var chain = Digest.zero
        var rows: [Write] = [.promise(group, ballot)]
        for slot in 1...count {
            chain = chain.chained(Slot(slot), proposal("\(slot)").digest)
            rows += [
                .accepted(group, vote(slot, "\(slot)")), .chosen(group, Slot(slot), ballot, chain: chain),
            ]
        }
        try store.expectCommit(step(rows + [.accepted(group, vote(count + 1, "open"))]))
        try store.close()
        try directory.sql("UPDATE accepted SET value = x'0105' WHERE slot = 5")
        let found = try openStore(directory).recoverAll()
        #expect(found.chosen.count == 4)
        #expect(slots(found.votes.accepted) == [count + 1])
        #expect(found.votes.damagedThrough == Slot(count))
    }

    @Test func aSnapshotAboveItMakesDamageNoMatter() throws {
        var store = try openStore(directory)
        let chain = texts.prefix(10).enumerated().reduce(Digest.zero) {
            $0.chained(Slot(UInt64($1.offset + 1)), proposal($1.element).digest)
        }
        try store.complete(snapshot(through: 10, bytes: 100, chain: chain))
        try store.close()
        try directory.sql("UPDATE accepted SET value = x'0105' WHERE slot IN (1, 7, 10)")
        store = try openStore(directory)
        let found = try store.recoverAll()
        #expect(slots(found.chosen) == Array(11...19) && found.votes.damagedThrough == nil)
    }

    /// Whoever asks is served what is sound; the damage is told once, however often it is met.
    @Test func damageThatAReadMeetsIsToldOnce() throws {
        var store = try openStore(directory)
        let kept = snapshot(through: 10, bytes: 3 * SnapshotHeader.chunkBytes)
        try store.complete(kept)
        try store.close()
        try directory.sql(
            """
            UPDATE accepted SET value = x'0105' WHERE slot = 12;
            UPDATE snapshot_chunk SET checksum = 7 WHERE (key & 255) = 1
            """)
        store = try openStore(directory)
        func read(_ content: LogRead.Content) throws -> Served {
            try store.serve(LogRead(group: group, to: .node(NodeID(2)), content: content))
        }
        let slots = LogRead.Content.slots(from: Slot(11), through: Slot(19))
        let chunks = LogRead.Content.chunks(kept.header, from: 0)
        #expect(try read(slots).damage.map(\.slot) == [Slot(12)])
        let served = try read(chunks)
        #expect(served.damage.map(\.place) == [Damage.snapshotPlace])
        guard case .chunks(let sound) = served.result else {
            Issue.record("no chunks")
            return
        }
        #expect(sound == [Array(kept.chunk(0))])
        #expect(try read(slots).damage.isEmpty && read(chunks).damage.isEmpty)
    }

    @Test func aScrubFindsWhatRotsInBites() throws {
        try directory.sql(
            """
            UPDATE accepted SET value = x'0105' WHERE slot IN (7, 22); UPDATE chosen SET chain = 1 WHERE slot = 8
            """)
        let store = try openStore(directory)
        var from: Slot? = .zero
        var damaged: [UInt64] = []
        var bites = 0
        while let next = from {
            let result = try store.scrub(group, from: next, rows: 4)
            if let slot = result.damaged { damaged.append(slot.rawValue) }
            from = result.next
            bites += 1
        }
        #expect(damaged == [7, 22] && bites == 6)
        #expect(store.damage.map(\.slot.rawValue) == [7, 8, 22])
        try store.expectCommit(step(.promise(group, ballot)))
    }

    /// Rows of a few bytes and rows of a mebibyte hold a vote up for about as long.
    @Test func aScrubStopsWhenItHasReadEnough() throws {
        let directory = try TemporaryDirectory()
        let store = try openStore(directory)
        let large = String(repeating: "x", count: Store.scrubBytes * 5 / 8)
        try store.fill(["a", large, large, "b", large + large, "c"])
        try store.expectCommit(step((7...9).map { .accepted(group, vote($0, large)) }))
        var ends: [UInt64?] = []
        var from: Slot? = Slot(1)
        while let next = from {
            from = try store.scrub(group, from: next, rows: 64).next
            ends.append(from?.rawValue)
        }
        #expect(ends == [4, 6, 9, nil])
        #expect(store.damage.isEmpty)
    }

    @Test func aScrubOfSoundRowsFindsNothing() throws {
        let store = try openStore(directory)
        #expect(try store.scrub(group, from: Slot(1), rows: 100) == ScrubResult(next: nil, damaged: nil))
        #expect(try store.scrub(group, from: Slot(1), rows: 5) == ScrubResult(next: Slot(6), damaged: nil))
        #expect(try store.scrub(group, from: Slot(99), rows: 5) == ScrubResult(next: nil, damaged: nil))
    }

    /// A bit in a row's key: which row it was is not known, and so which slot is lost.
    @Test func aRowUnderAnotherKeyIsNotDamageButRot() throws {
        try directory.sql("UPDATE accepted SET key = key - 1 WHERE slot = 22")
        #expect(corruption { try openStore(directory).recoverAll() }?.slot == Slot(21))
    }

    /// Of a vote that lies alone above the snapshot a bit of the key may make one that lies below it.
    @Test func aVoteWhoseKeyFellBelowTheSnapshotIsMissed() throws {
        let store = try openStore(directory)
        try store.complete(snapshot(through: 64, bytes: 9), isInstalled: true)
        _ = try store.trimAll()
        try store.expectCommit(step(.accepted(group, vote(65, "alone"))))
        try store.close()
        try directory.sql("UPDATE accepted SET key = key - 64 WHERE slot = 65")
        #expect(corruption { try openStore(directory).recoverAll() }?.slot == Slot(1))
    }
}
