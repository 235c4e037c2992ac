import Testing

@testable import DecreeStore
@testable import Paxos

/// A snapshot of so many bytes, through a slot, told apart by its seed.
func snapshot(through slot: UInt64, bytes count: Int, seed: UInt64 = 1, chain: Digest = .zero) -> Snapshot {
    var random = SplitMix(state: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { bytes.appendInteger(random.next()) }
    return Snapshot(slot: Slot(slot), chain: chain, bytes: Array(bytes.prefix(count)))
}

extension Snapshot {
    /// The row of a chunk.
    func row(_ index: Int, of group: GroupID = group) -> Write {
        .snapshotChunk(group, header, index: UInt32(index), chunk(index))
    }
}

extension Store {
    /// Writes chunks of a snapshot, each in a step of its own.
    func write(_ snapshot: Snapshot, chunks: Range<Int>? = nil, group: GroupID = group) throws {
        for index in chunks ?? 0..<snapshot.header.chunkCount {
            try expectCommit(step(snapshot.row(index, of: group)))
        }
    }

    /// What reading a snapshot back comes to, in bites of `chunks` chunks.
    func verdict(on header: SnapshotHeader, chunks: Int = 2, group: GroupID = group) throws -> SnapshotVerdict
    {
        var verification = SnapshotVerification(group: group, header: header)
        while case .more(let next) = try verify(verification, chunks: chunks) { verification = next }
        return try verify(verification, chunks: chunks)
    }

    /// Writes all of a snapshot, reads it back, and completes it.
    func complete(_ snapshot: Snapshot, isInstalled: Bool = false, group: GroupID = group) throws {
        try write(snapshot, group: group)
        #expect(try verdict(on: snapshot.header, group: group) == .good)
        try expectCommit(step(.snapshotComplete(group, snapshot.header, isInstalled: isInstalled)))
    }

    /// How many rows a table has.
    func count(_ table: String) throws -> Int {
        Int(try connection.integer("SELECT count(*) FROM \(table)") ?? 0)
    }

    /// Trims until nothing is left to be deleted. Returns how many bites it took.
    func trimAll(keeping: [SnapshotHeader] = [], rows: Int = 512) throws -> Int {
        var bites = 1
        while try trim(keeping: keeping, rows: rows) { bites += 1 }
        return bites
    }
}
