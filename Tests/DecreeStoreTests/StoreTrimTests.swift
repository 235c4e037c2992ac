import Testing

@testable import DecreeStore
@testable import Paxos

/// Floors, and the deleting of what a snapshot stands for.
@Suite struct StoreTrimTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A store with `count - 1` chosen slots, and a snapshot through all but the last two of them.
    private func filled(_ count: Int, bytes: Int = 100) throws -> (Store, Snapshot) {
        let store = try openStore(directory)
        try store.fill((1...count).map { "value \($0)" })
        return (store, try append(0, to: store, snapshotBytes: bytes))
    }

    /// Chooses `count` slots more, then takes a snapshot through all but the last two.
    private func append(_ count: Int, to store: Store, snapshotBytes: Int) throws -> Snapshot {
        var (through, chain): (UInt64, Digest) = (0, .zero)
        var chains: [Digest] = []
        func take(_ slot: Slot, _ next: Digest) {
            (through, chain) = (slot.rawValue, next)
            chains.append(next)
        }
        _ = try store.recover(
            group,
            restore: { snapshot in
                chains = []
                take(snapshot.header.slot, snapshot.header.chain)
            }, replay: { take($0.slot, $1) })
        for slot in through + 1..<through + 1 + UInt64(count) {
            let next = vote(slot, String(repeating: "v", count: 900))
            take(Slot(slot), chain.chained(Slot(slot), next.proposal.digest))
            try store.expectCommit(
                step(.accepted(group, next), .chosen(group, Slot(slot), ballot, chain: chain)))
        }
        let taken = snapshot(
            through: through - 2, bytes: snapshotBytes, seed: through, chain: chains[chains.count - 3])
        try store.complete(taken)
        return taken
    }

    @Test func aFloorIsKeptAndNeverGoesDown() throws {
        var (store, taken) = try filled(20)
        #expect(taken.header.slot == Slot(17))
        try store.expectCommit(step(.floor(group, Slot(9))))
        try store.expectCommit(step(.floor(group, Slot(4))))
        #expect(try store.recoverAll().votes.floor == Slot(9))
        try store.close()
        store = try openStore(directory)
        #expect(try store.recoverAll().votes.floor == Slot(9))
        #expect(try store.recoverAll().chosen.map(\.slot.rawValue) == [18, 19])
    }

    @Test func noFloorIsAboveTheLatestCompleteSnapshot() throws {
        let (store, _) = try filled(20)
        try store.write(snapshot(through: 18, bytes: 10))
        #expect(
            throws: StoreError.unexpected(
                file: directory.database, operation: "a commit",
                detail: "the floor is to be slot 18, for which no complete snapshot stands")
        ) { try store.expectCommit(step(.floor(group, Slot(18)))) }
        #expect(throws: StoreError.self) { try store.expectCommit(step(.promise(group, ballot))) }
    }

    @Test func aSnapshotAndTheFloorItAllowsMayBeInOneStep() throws {
        let (store, _) = try filled(20)
        let next = snapshot(through: 19, bytes: 10)
        try store.write(next)
        #expect(try store.verdict(on: next.header) == .good)
        try store.expectCommit(
            step(.snapshotComplete(group, next.header, isInstalled: false), .floor(group, Slot(18))))
        #expect(try store.recoverAll().votes.floor == Slot(18))
    }

    @Test func slotsAtOrBelowTheFloorAreDeletedInBitesAndServedNoMore() throws {
        var (store, _) = try filled(100)
        #expect(try !store.trim(keeping: [], rows: 7))
        try store.expectCommit(step(.floor(group, Slot(60))))
        let sequence = store.persistSequence
        func serve(_ from: UInt64) throws -> [UInt64] {
            try store.serve(read(from, through: 62)).result.slots.map(\.slot.rawValue)
        }
        var rows = try store.count("chosen") + store.count("accepted")
        var bites = 0
        var isMore = true
        while isMore {
            isMore = try store.trim(keeping: [], rows: 7)
            let left = try store.count("chosen") + store.count("accepted")
            #expect(rows - left <= 7 && (left < rows || !isMore))
            rows = left
            bites += 1
            #expect(try serve(30) == [] && serve(60) == [] && serve(61) == [61, 62])
            #expect(try directory.isSound(store))
            // Half deleted or not, it opens.
            guard bites % 4 == 0 else { continue }
            try store.close()
            store = try openStore(directory)
            #expect(try store.recoverAll().chosen.map(\.slot.rawValue) == [98, 99])
        }
        #expect(try store.count("chosen") == 39 && store.count("accepted") == 40)
        #expect(bites >= 120 / 7)
        #expect(store.persistSequence == sequence, "a trim is no step")
        let counters = store.counters
        #expect(try !store.trim(keeping: [], rows: 7))
        #expect(store.counters == counters, "nothing to do costs nothing")
    }

    @Test func whatALaterSnapshotStandsForIsDeletedUnlessItIsKept() throws {
        let (store, first) = try filled(20, bytes: 2 * SnapshotHeader.chunkBytes)
        let abandoned = snapshot(through: 30, bytes: 2 * SnapshotHeader.chunkBytes, seed: 5)
        try store.write(abandoned, chunks: 0..<1)
        let stale = snapshot(through: 19, bytes: 2 * SnapshotHeader.chunkBytes, seed: 6)
        try store.write(stale, chunks: 0..<1)
        let latest = try append(8, to: store, snapshotBytes: 3 * SnapshotHeader.chunkBytes)
        let partial = snapshot(through: 90, bytes: 2 * SnapshotHeader.chunkBytes, seed: 7)
        try store.write(partial, chunks: 0..<1)
        func kept() throws -> String? {
            try store.connection.text(
                "SELECT group_concat(slot) FROM (SELECT slot FROM snapshot ORDER BY slot)")
        }
        #expect(try kept() == "17,19,25,30,90")
        _ = try store.trimAll(keeping: [first.header, abandoned.header], rows: 2)
        #expect(try kept() == "17,25,30,90")
        _ = try store.trimAll(keeping: [abandoned.header], rows: 2)
        #expect(try kept() == "25,30,90")
        _ = try store.trimAll(rows: 2)
        #expect(try kept() == "25,90")
        #expect(try store.count("snapshot_chunk") == 4)
        #expect(try store.loadSnapshot(group, latest.header)?.bytes == latest.bytes)
        #expect(try store.recoverAll().votes.partial == PartialSnapshot(header: partial.header, chunks: 1))
    }

    /// The chunks of a snapshot that is forgotten are found when the store is opened.
    @Test func whatAnEarlierLifeBeganToDeleteIsDeletedByTheNext() throws {
        var (store, _) = try filled(20, bytes: 4 * SnapshotHeader.chunkBytes)
        _ = try append(8, to: store, snapshotBytes: 10)
        #expect(try store.trim(keeping: [], rows: 1))
        #expect(try store.count("snapshot") == 1 && store.count("snapshot_chunk") == 4)
        try store.close()
        store = try openStore(directory)
        #expect(try store.trimAll(rows: 1) == 3)
        #expect(try store.count("snapshot_chunk") == 1)
    }

    @Test func theFileStopsGrowing() throws {
        var (store, _) = try filled(20, bytes: 100_000)
        var sizes: [Int] = []
        for _ in 0..<12 {
            let taken = try append(150, to: store, snapshotBytes: 300_000)
            try store.expectCommit(step(.floor(group, taken.header.slot)))
            _ = try store.trimAll(rows: 64)
            try store.checkpointIfIdle()
            sizes.append(try directory.bytes(of: directory.database).count)
        }
        #expect(sizes[11] == sizes[3], "\(sizes)")
        try store.close()
        store = try openStore(directory)
        #expect(try store.recoverAll().chosen.count == 2)
    }

    @Test func aBiteIsBoundedInBytesToo() throws {
        let store = try openStore(directory)
        let chunks = Store.trimBytes / SnapshotHeader.chunkBytes
        try store.complete(snapshot(through: 5, bytes: 2 * Store.trimBytes), isInstalled: true)
        try store.complete(snapshot(through: 9, bytes: 10), isInstalled: true)
        #expect(try store.trim(keeping: [], rows: 10_000))
        #expect(try store.count("snapshot_chunk") == chunks + 1)
    }
}
