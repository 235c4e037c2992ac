import DecreeStore
import Paxos

/// What is done about snapshots beside the commits: this node's own is encoded elsewhere, written a chunk at a time, and
/// read back before it counts; a peer's is read back, decoded elsewhere, and installed; what they stand for is deleted
/// a few rows at a time.
///
/// None of it may hold up a vote: a node that nobody asks anything goes on with it at once, and one that votes takes a
/// bite in a tick. (Where every gap between two votes was filled, the votes that came meanwhile waited: the
/// slowest hundredth of the commands took three times as long.)
struct Upkeep {
    /// This node's own snapshot, on its way.
    enum Taking {
        case encoding(GroupID)
        /// The next chunk to be written.
        case writing(GroupID, Snapshot, chunk: Int)
        case verifying(GroupID, SnapshotHeader, SnapshotVerification)
    }

    /// A peer's snapshot, on its way in.
    enum Installing {
        case loading(GroupID, SnapshotHeader)
        case decoding(GroupID, SnapshotHeader)
        /// Decoded; it counts when the row that says so is durable.
        case completing(GroupID, SnapshotHeader, Capture, isHanded: Bool)
    }

    /// Whether the disk reads a peer's snapshot.
    var isLoading: Bool { if case .loading = installing { true } else { false } }

    var taking: Taking?
    var installing: Installing?
    /// Whether there may be something to delete.
    var mayTrim = true
    /// When a bite was last taken of all this.
    var lastTick: UInt64 = 0
    /// When somebody last waited for the disk.
    var lastUrgentTick: UInt64 = 0
    /// Snapshots that peers are reading, and when they last did: they stay, though a later one is there.
    var read: [(header: SnapshotHeader, tick: UInt64)] = []
    /// Where the search for rot goes on: the group's place, and the slot.
    var scrub = (group: 0, from: Slot.zero.next)
    /// When it may.
    var scrubTick: UInt64 = Upkeep.ticksBetweenScrubs
    /// Rot that was found above the latest snapshot: when there is a later one, it is deleted.
    var rotten: [GroupID: Slot] = [:]

    /// Whether somebody waits for the disk, or did in the tick before.
    func isUnderLoad(atTick tick: UInt64) -> Bool { tick - lastUrgentTick <= Self.ticksUnderLoad }

    /// Ticks between two bites while somebody waits for the disk, or did in the tick before.
    static let ticksUnderLoad: UInt64 = 1
    /// Chunks read back in one bite: 256 KiB.
    static let chunksVerified = 4
    /// Rows deleted in one bite.
    static let rowsTrimmed = 256
    /// Rows searched for rot in one bite, and ticks between two of them.
    static let rowsScrubbed = 64
    static let ticksBetweenScrubs: UInt64 = 20
    /// Ticks between the end of one search through all logs and the next: three seconds. A short log is not read five
    /// times a second for ever.
    static let ticksBetweenPasses: UInt64 = 300
    /// Ticks for which a snapshot that a peer was reading stays.
    static let ticksRead: UInt64 = 6_000
}
