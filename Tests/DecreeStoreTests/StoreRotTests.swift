import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// What is written is read back as it was, or not at all (invariants ChainMatch, CorruptIsNotAbsent).
@Suite struct StoreRotTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private let texts = (1...40).map { "value number \($0) " + String(repeating: "x", count: 200) }

    /// A store at rest: everything is in the database, nothing in a log.
    private func makeStoreAtRest() throws {
        let store = try openStore(directory)
        try store.fill(texts)
        try store.checkpointIfIdle()
        try store.close()
        try FileManager.default.removeItem(atPath: directory.log)
    }

    @Test func aFlippedByteOfAValueIsFoundThoughSQLiteSaysAllIsWell() throws {
        try makeStoreAtRest()
        for (slot, text) in [(7, texts[6]), (40, texts[39])] as [(UInt64, String)] {
            let sound = try directory.bytes(of: directory.database)
            var rotten = sound
            // Every copy: a page that was split keeps old ones in its free space.
            let copies = sound.ranges(of: Array(text.utf8))
            try #require(!copies.isEmpty)
            for copy in copies { rotten[copy.lowerBound + 20] ^= 4 }
            try directory.write(rotten, to: directory.database)
            #expect(try directory.sql("PRAGMA integrity_check") == ["ok"])
            let store = try openStore(directory)
            let found = try store.recoverAll()
            #expect(found.chosen.count == Int(slot) - 1)
            #expect(found.votes.damagedThrough == Slot(slot))
            #expect(
                store.damage == [
                    Damage(
                        group: group, slot: Slot(slot), place: "accepted",
                        detail: "the row differs from its checksum")
                ])
            try store.close()
            try directory.write(sound, to: directory.database)
        }
    }

    @Test func aRottenRowIsNeverServed() throws {
        try makeStoreAtRest()
        try directory.sql("UPDATE accepted SET value = x'0102' WHERE slot = 9")
        let store = try openStore(directory)
        #expect(try store.serve(read(1, through: 8)).result.slots.count == 8)
        #expect(store.damage == [])
        // What comes before it is; the store lives on.
        #expect(try store.serve(read(5, through: 20)).result.slots.map(\.slot.rawValue) == [5, 6, 7, 8])
        #expect(try store.serve(read(9, through: 20)).result.slots == [])
        #expect(
            store.damage.map(\.description) == ["accepted group 1 slot 9: the row differs from its checksum"])
        try store.expectCommit(step(.promise(group, ballot)))
    }

    @Test(
        arguments: [
            ("UPDATE promise SET ballot = ballot + 65536", "promise", nil),
            ("UPDATE promise SET ballot = 0", "promise", nil),
            ("DELETE FROM promise", "promise", nil),
            ("UPDATE accepted SET key = key + 1 WHERE slot = 40", "accepted", 41),
            ("DELETE FROM accepted WHERE slot = 5", "accepted", 5),
            ("UPDATE chosen SET key = key + 1 WHERE slot = 39", "chosen", 40),
            ("UPDATE accepted SET key = key - (1 << 44) WHERE slot = 40", "accepted", 40),
            ("UPDATE accepted SET key = key + (1 << 45) WHERE slot = 40", "accepted", 40),
            ("DELETE FROM chosen WHERE slot = 5", "chosen", 6),
            ("DELETE FROM chosen WHERE slot = 1", "chosen", 2),
        ] as [(String, String, UInt64?)])
    func aRowChangedByHandStopsRecoveryThere(sql: String, place: String, slot: UInt64?) throws {
        try makeStoreAtRest()
        try directory.sql(sql)
        let found = corruption { try openStore(directory).recoverAll() }
        #expect(found?.place == place)
        #expect(found?.group == group)
        #expect(found?.slot == slot.map { Slot($0) })
    }

    /// A decision names a ballot, and others act on it.
    @Test func theBallotOfAFactIsVouchedForToo() throws {
        let higher = Ballot(round: 9, node: NodeID(2))
        let store = try openStore(directory)
        let learned = vote(1, "a", in: higher)
        let chain = Digest.zero.chained(Slot(1), learned.proposal.digest)
        try store.expectCommit(
            step(
                .promise(group, higher), .accepted(group, learned),
                .chosen(group, Slot(1), higher, chain: chain)))
        try store.close()
        try directory.sql("UPDATE chosen SET ballot = \(ballot.rawValue)")
        let found = try openStore(directory).recoverAll()
        #expect(found.chosen == [])
        #expect(found.votes.accepted == [learned])
        #expect(found.votes.damagedThrough == Slot(1))
    }

    /// Two rows exchanged, checksums and all: each is sound alone, the chain is not.
    @Test func aValueOfAnotherHistoryBreaksTheChain() throws {
        try makeStoreAtRest()
        let other = vote(5, "another history")
        let checksum = RowChecksum.accepted(group, other.slot, ballot, other.proposal.digest)
        let hex = other.proposal.bytes.map { String(Int($0) + 256, radix: 16).dropFirst() }.joined()
        try directory.sql("UPDATE accepted SET checksum = \(checksum), value = x'\(hex)' WHERE slot = 5")
        #expect(
            corruption { try openStore(directory).recoverAll() }
                == Corruption(
                    place: "chosen", group: group, slot: Slot(5),
                    detail: "the chain of chosen slots breaks here"))
    }

    /// A vote above the promise is one whose promise was lost.
    @Test func aPromiseOfAnOlderDiskIsFoundByTheVotesAboveIt() throws {
        let store = try openStore(directory)
        let higher = Ballot(round: 9, node: NodeID(2))
        try store.expectCommit(step(.promise(group, higher), .accepted(group, vote(1, "a", in: higher))))
        try store.close()
        try directory.sql(
            "UPDATE promise SET ballot = \(ballot.rawValue), checksum = \(RowChecksum.promise(group, ballot))"
        )
        let found = corruption { try openStore(directory).recoverAll() }
        #expect(found?.place == "accepted")
        #expect(found?.slot == Slot(1))
    }

    @Test func aLogThatRotsInTheMiddleIsRefusedAndLeftAsItWas() throws {
        let store = try openStore(directory)
        try store.fill(texts)
        try store.close()
        var rotten = try directory.bytes(of: directory.log)
        rotten[32 + 20 * 4_120 + 100] ^= 1
        try directory.write(rotten, to: directory.log)
        let database = try directory.bytes(of: directory.database)
        let found = corruption { try openStore(directory) }
        #expect(found?.place == directory.log)
        #expect(found?.detail.hasPrefix("frame 21:") == true)
        #expect(try directory.bytes(of: directory.log) == rotten)
        #expect(try directory.bytes(of: directory.database) == database)
    }

    @Test func aLogWhoseHeaderRotsIsRefused() throws {
        let store = try openStore(directory)
        try store.fill(texts)
        try store.close()
        var rotten = try directory.bytes(of: directory.log)
        rotten[18] ^= 32
        try directory.write(rotten, to: directory.log)
        #expect(corruption { try openStore(directory) }?.place == directory.log)
    }

    @Test func aTornTailLosesTheLastTransactionAlone() throws {
        let store = try openStore(directory)
        try store.fill(["a", "b", "c"])
        try store.close()
        let log = try directory.bytes(of: directory.log)
        try directory.write(Array(log.prefix(WALScan.scan(log).liveBytes - 100)), to: directory.log)
        let found = try openStore(directory).recoverAll()
        #expect(found.chosen == [vote(1, "a")])
        #expect(found.votes.accepted == [vote(2, "b")])
    }

    /// After a torn tail the log goes on elsewhere: its frames must never pass for later ones.
    @Test func whatWasTornOffIsUnderAnotherSaltAfterTheNextCommit() throws {
        for keepsATransaction in [true, false] {
            let directory = try TemporaryDirectory()
            var store = try openStore(directory)
            try store.checkpointIfIdle()
            if keepsATransaction { try store.expectCommit(step(.promise(group, ballot))) }
            try store.expectCommit(step((1...20).map { .accepted(group, vote($0, texts[0])) }))
            try store.close()
            var log = try directory.bytes(of: directory.log)
            let salts = log[16..<24]
            let firstTorn = keepsATransaction ? WALScanEnds.first(in: log) : 0
            log[32 + firstTorn * 4_120 + 50] ^= 1
            try directory.write(log, to: directory.log)

            store = try openStore(directory)
            #expect(store.persistSequence == (keepsATransaction ? 1 : 0))
            try store.expectCommit(step(.promise(group, ballot)))
            #expect(try directory.bytes(of: directory.log)[16..<24] != salts)
        }
    }

    private enum WALScanEnds {
        /// The last frame of the first transaction.
        static func first(in log: [UInt8]) -> Int {
            (1...20).first { log[32 + ($0 - 1) * 4_120 + 7] != 0 } ?? 0
        }
    }
}
