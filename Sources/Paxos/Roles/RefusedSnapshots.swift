/// Peers' snapshots that came in, and turned out to be of no use: they are not fetched again and again. Memory alone: after
/// a restart each is tried again.
struct RefusedSnapshots: Sendable {
    /// What was wrong with one.
    struct Refused: Sendable, Equatable {
        let header: SnapshotHeader
        var detail: String
        var failures: Int
    }

    /// How many are remembered, the latest last. Nodes take theirs at the same slots, so more than a few differ only where
    /// something is badly wrong.
    static let limit = 8
    /// Times one is fetched whose bytes are not those of its header. The peer that sent them may have a bad disk or bad
    /// memory, and another may send them right. What cannot be decoded is the same wherever it comes from.
    static let attempts = 3

    private(set) var all: [Refused] = []

    /// The last one that is not fetched any more.
    var latest: Refused? { all.last { $0.failures >= Self.attempts } }

    /// Whether it is worth fetching.
    func admits(_ header: SnapshotHeader) -> Bool {
        all.first { $0.header == header }.map { $0.failures < Self.attempts } ?? true
    }

    /// A snapshot was read back, and cannot be used.
    mutating func refuse(_ header: SnapshotHeader, _ detail: String, isFinal: Bool) {
        let before = all.first { $0.header == header }?.failures ?? 0
        all.removeAll { $0.header == header }
        all.append(
            Refused(header: header, detail: detail, failures: isFinal ? Self.attempts : before + 1))
        if all.count > Self.limit { all.removeFirst() }
    }

    /// What lies behind this node need not be remembered.
    mutating func forget(through slot: Slot) { all.removeAll { $0.header.slot <= slot } }
}
