import Paxos

/// The number of a snapshot's row: each that is begun gets the next one.
struct SnapshotID: Hashable, Comparable {
    let rawValue: UInt32

    /// Fails for a number no row was given.
    init?(stored: Int64) {
        guard (1...Int64(Int32.max)).contains(stored) else { return nil }
        rawValue = UInt32(stored)
    }

    private init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// The first; one is begun a few times an hour, so two thousand million last.
    static func after(_ last: SnapshotID?) -> SnapshotID { SnapshotID((last?.rawValue ?? 0) + 1) }

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The key of a chunk's row: snapshot_id << 32 | chunk, always positive.
struct ChunkKey: Equatable {
    let stored: Int64

    init(_ id: SnapshotID, _ index: Int) { stored = Int64(id.rawValue) << 32 | Int64(index) }

    init(stored: Int64) { self.stored = stored }

    var snapshot: SnapshotID? { SnapshotID(stored: stored >> 32) }

    var index: Int { Int(stored & Int64(UInt32.max)) }
}

/// A snapshot as the tables have it.
struct KeptSnapshot: Equatable {
    let id: SnapshotID
    let group: GroupID
    let header: SnapshotHeader
    var isComplete: Bool
    /// Chunks that are there, from the first on without a gap.
    var chunks = 0
    /// Chunks behind a gap.
    var beyond: Set<Int> = []
    /// Whether all chunks were read back and found right, since the store was opened.
    var isVerified = false

    /// Whether every chunk is there.
    var hasAllChunks: Bool { chunks == header.chunkCount }

    /// Whether it stands for more of the log than `other`; of two for the same slots the one begun later.
    func isLater(than other: KeptSnapshot) -> Bool {
        (header.slot, id.rawValue) > (other.header.slot, other.id.rawValue)
    }

    /// Notes that a chunk is there.
    mutating func note(chunk: Int) {
        guard chunk == chunks else {
            if chunk > chunks { beyond.insert(chunk) }
            return
        }
        chunks += 1
        while beyond.remove(chunks) != nil { chunks += 1 }
    }
}

extension SnapshotHeader {
    /// The most bytes a snapshot's chunks can be numbered for.
    private static let maximumBytes = UInt64(UInt32.max) * UInt64(chunkBytes)

    /// Whether it can be that of a snapshot: a header may come from outside.
    var isPlausible: Bool { slot > .zero && (1...Self.maximumBytes).contains(byteCount) }
}

/// Reads snapshots back.
struct SnapshotRows {
    private let connection: Connection
    private let chunk: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        chunk = try connection.prepare("SELECT checksum, bytes FROM snapshot_chunk WHERE key = ?1")
    }

    /// The rows of `snapshot`, ascending, each as if it had no chunks, or what is wrong with it.
    func snapshots() throws(SQLiteError) -> [Result<KeptSnapshot, StoreError>] {
        var found: [Result<KeptSnapshot, StoreError>] = []
        try connection.query(
            """
            SELECT snapshot_id, group_id, slot, chain, byte_count, digest, is_complete, checksum FROM snapshot \
            ORDER BY snapshot_id
            """
        ) { row in
            let group = GroupID(stored: row.integer(1))
            let slot = Slot(rawValue: row.word(2))
            if let id = SnapshotID(stored: row.integer(0)), let group, let slot {
                let header = SnapshotHeader(
                    slot: slot, chain: Digest(rawValue: row.word(3)), byteCount: row.word(4),
                    digest: Digest(rawValue: row.word(5)))
                let isComplete = row.integer(6) != 0
                if header.isPlausible,
                    RowChecksum.snapshot(id, group, header, isComplete: isComplete) == row.integer(7)
                {
                    found.append(
                        .success(KeptSnapshot(id: id, group: group, header: header, isComplete: isComplete)))
                    return
                }
            }
            found.append(
                .failure(
                    .corrupt(
                        place: "snapshot", group: group, slot: slot,
                        detail: "the row differs from its checksum")))
        }
        return found
    }

    /// The keys of all chunks, ascending.
    func eachChunkKey(_ body: (ChunkKey) -> Void) throws(SQLiteError) {
        try connection.query("SELECT key FROM snapshot_chunk ORDER BY key") { row in
            body(ChunkKey(stored: row.integer(0)))
        }
    }

    /// A chunk's bytes, or in words what is wrong with them.
    func chunk(_ index: Int, of snapshot: KeptSnapshot) throws(SQLiteError) -> ChunkRead {
        let key = ChunkKey(snapshot.id, index)
        try chunk.bind(1, key.stored)
        guard try chunk.next() else {
            try chunk.reset()
            return .missing
        }
        let checksum = chunk.integer(0)
        let bytes = try chunk.blob(1)
        try chunk.reset()
        guard bytes.count == snapshot.header.range(ofChunk: index).count,
            RowChecksum.chunk(key, Digest(of: bytes)) == checksum
        else { return .differs }
        return .intact(bytes)
    }
}

/// What became of a chunk.
enum ChunkRead {
    case intact([UInt8])
    case missing
    case differs

    /// What is wrong; nil if nothing is.
    func flaw(_ index: Int) -> String? {
        switch self {
        case .intact: nil
        case .missing: "chunk \(index) is missing"
        case .differs: "chunk \(index) differs from its checksum"
        }
    }
}
