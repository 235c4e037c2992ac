import DecreeStore
import Paxos

/// Snapshots, floors and members, as they become durable.
extension Judge {
    /// A node writes who governs from a slot on: what the log makes of it.
    func judge(_ configuration: Configuration, from slot: Slot, of node: Int) {
        guard let rule = members.rules.last(where: { $0.from == slot.rawValue }) else {
            hold(
                false, "ConfigAtSlot", "\(name(node)) has members change at slot \(slot), and the log has not"
            )
            return
        }
        hold(
            Set(configuration.voters.map(\.rawValue)) == rule.voters, "ConfigAtSlot",
            "\(name(node)) has \(configuration.voters) vote from slot \(slot) on, the log has \(rule.voters.sorted())"
        )
        hold(
            Set(configuration.members.map(\.node.rawValue)) == Set(rule.members.keys)
                && Set(configuration.retired.map(\.rawValue)) == rule.gone, "IdentityFresh",
            "\(name(node)) has other members from slot \(slot) on than the log has")
    }

    /// A snapshot of a slot is the same wherever it was taken, and stands for the log that was chosen.
    mutating func judge(_ header: SnapshotHeader, chunk: UInt32, of node: Int) {
        let slot = header.slot.rawValue
        hold(
            slot <= chosenThrough && chains[Int(min(slot, chosenThrough))] == header.chain, "FloorSafe",
            "\(name(node)) keeps a snapshot of slot \(slot) whose log nobody has chosen")
        hold(
            snapshots[slot].map { $0 == header } ?? true, "ApplyAtomic",
            "\(name(node)) keeps another snapshot of slot \(slot) than others do")
        snapshots[slot] = snapshots[slot] ?? header
        nodes[node].chunks[header, default: []].insert(chunk)
    }

    mutating func complete(_ header: SnapshotHeader, isInstalled: Bool, of node: Int) {
        let isHeld = nodes[node].snapshots.contains(header)
        // One that became complete in the same transaction may stand for more: this one is of no use any more.
        let isPast = nodes[node].snapshots.last.map { $0.slot > header.slot } ?? false
        hold(
            isHeld || isPast || nodes[node].chunks[header]?.count == header.chunkCount, "FloorSafe",
            "\(name(node)) calls the snapshot of slot \(header.slot) complete, which lacks chunks")
        if !isHeld {
            nodes[node].snapshots.append(header)
            nodes[node].snapshots.sort { $0.slot < $1.slot }
        }
        nodes[node].chunks = nodes[node].chunks.filter { $0.key.slot > header.slot }
        guard isInstalled else { return }
        raise(floor: header.slot, of: node)
        nodes[node].chosenThrough = max(nodes[node].chosenThrough, header.slot)
    }

    mutating func raise(floor: Slot, of node: Int) {
        hold(
            floor <= nodes[node].snapshots.last?.slot ?? .zero, "FloorSafe",
            "\(name(node)) may delete slots through \(floor), for which no complete snapshot stands")
        nodes[node].floor = max(nodes[node].floor, floor)
    }
}
