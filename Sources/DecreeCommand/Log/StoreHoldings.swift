import DecreeStore
import Paxos

/// What of a group's log a store holds.
struct StoreHoldings {
    let group: GroupID
    /// The latest complete snapshot.
    let snapshot: SnapshotHeader?
    /// Chosen slots that are kept, if any are.
    let slots: ClosedRange<Slot>?
    /// Whether a promise or a vote is there.
    let hasVoted: Bool

    init(_ group: GroupID, in inspector: StoreInspector) throws(StoreError) {
        self.group = group
        snapshot = try inspector.latestSnapshot(of: group)
        slots = try inspector.keptSlots(of: group)
        hasVoted = try inspector.promise(of: group) > .zero
    }

    /// Whether nothing was ever written of the group.
    var isEmpty: Bool { snapshot == nil && slots == nil && !hasVoted }

    /// In words.
    var text: String {
        let parts =
            (snapshot.map { ["a snapshot at slot \($0.slot) of \(Format.bytes(Double($0.byteCount)))"] } ?? [])
            + (slots.map { ["slots \($0.lowerBound) to \($0.upperBound)"] } ?? [])
        return "group \(group): "
            + (parts.isEmpty ? "no snapshot and no chosen slot" : parts.joined(separator: " and "))
    }

    func write(to line: inout JSONWriter) {
        line.add("group", group.rawValue)
        if let snapshot {
            line.add("snapshotSlot", snapshot.slot.rawValue)
            line.add("snapshotBytes", snapshot.byteCount)
        }
        if let slots {
            line.add("from", slots.lowerBound.rawValue)
            line.add("through", slots.upperBound.rawValue)
        }
    }
}
