import DecreeStore
import Paxos

/// What lies on the disks.
extension World {
    /// Whether every row of a node's store, and SQLite's own pages, are what they should be: read in full, on a copy, as
    /// `decree log verify` does.
    func isWhole(_ node: SimulatedNode) -> Bool {
        let copy = SimulatedDisk(image: node.disk.image, seed: 1)
        copy.kill()
        let options = StoreOptions(vfs: copy.vfsName, files: SimulatedFiles(copy))
        do throws(StoreError) {
            return try StoreInspector(directory: SimulatedNode.directory, options: options).verify().isHealthy
        } catch {
            return false
        }
    }

    /// Looks at the rows themselves: all slots above the floor are there, and of what is not needed not much.
    func inspectDisk(of node: SimulatedNode) {
        guard judge.void[node.index] == nil, !judge.rotten.contains(node.index) else { return }
        let file = SimulatedNode.directory + "/" + Fault.RottenFile.database.rawValue
        judgingAll { judge, group in
            guard let rows = DiskRows(node.disk.image, file: file, group: group) else {
                violate(.store, "the database of \(judge.name(node.index)) cannot be read")
                return
            }
            inspect(rows, of: node, judge)
        }
    }

    private func inspect(_ rows: DiskRows, of node: SimulatedNode, _ judge: Judge) {
        let durable = judge.nodes[node.index]
        let (floor, through) = (durable.floor.rawValue, durable.chosenThrough.rawValue)
        let needed = floor < through ? Array(floor + 1...through) : []
        let name = judge.name(node.index)
        if rows.chosen.filter({ $0 > floor }) != needed {
            violate(
                .invariant, "FloorSafe: \(name) lacks facts between its floor \(floor) and slot \(through)")
        }
        let values = Set(rows.accepted)
        if let missing = needed.first(where: { !values.contains($0) }) {
            violate(
                .invariant, "FloorSafe: \(name) lacks the value of slot \(missing), above its floor \(floor)")
        }
        if floor > rows.complete.last ?? 0 {
            violate(
                .invariant, "FloorSafe: \(name) has floor \(floor), and no complete snapshot stands for it")
        }
        // The latest, two that peers read, one on its way, and one that is being deleted.
        if rows.snapshots > 5 { violate(.store, "\(name) keeps \(rows.snapshots) snapshots") }
    }
}
