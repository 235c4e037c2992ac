@testable import Paxos

/// What a host does about snapshots beside the commits: its own is written a chunk a transaction; a peer's that is
/// all there is read back, and counts when the row that says so is durable.
struct TestUpkeep {
    /// This node's own, and the chunk that is written next.
    fileprivate var taking: (snapshot: Snapshot, chunk: Int)?
    /// A peer's that was read back: it is installed when the row that says so is durable.
    fileprivate var completing: (header: SnapshotHeader, capture: Capture, isHanded: Bool)?

    mutating func noteHanded() { completing?.isHanded = true }
}

extension TestNode {
    /// Does the next bit, if there is something to be done. Returns whether the disk has something to write now.
    func doUpkeep() -> Bool {
        guard isUp, isDiskIdle else { return false }
        if upkeep.taking == nil, let capture = group?.takeCapture() { upkeep.taking = (capture.encode(), 0) }
        return beginInstalling() || addChunk()
    }

    /// One chunk of this node's own snapshot a transaction; one of a peer's that is coming in goes first.
    private func addChunk() -> Bool {
        guard let (snapshot, chunk) = upkeep.taking, chunk < snapshot.header.chunkCount else { return false }
        filling.write(.snapshotChunk(.first, snapshot.header, index: UInt32(chunk), snapshot.chunk(chunk)))
        upkeep.taking?.chunk += 1
        return true
    }

    private func beginInstalling() -> Bool {
        // What is to be read back must have been written.
        guard upkeep.completing == nil, filling.writes.isEmpty, let header = group?.installing,
            let machine = group?.machine
        else { return false }
        guard group?.isWorthInstalling(header) == true, let snapshot = rows.read(header),
            let capture = try? Capture(decoding: snapshot, machine: machine)
        else {
            group?.discardSnapshot(header)
            rows.drop(header)
            return false
        }
        upkeep.completing = (header, capture, false)
        filling.write(.snapshotComplete(.first, header, isInstalled: true))
        return true
    }

    /// A step is durable.
    func upkeepCommitted() {
        if let (snapshot, chunk) = upkeep.taking, chunk == snapshot.header.chunkCount {
            upkeep.taking = nil
            if rows.read(snapshot.header) != nil {
                group?.tookSnapshot(snapshot.header, into: &filling)
            } else {
                group?.gaveUpSnapshot()
            }
        }
        if let (header, capture, isHanded) = upkeep.completing, isHanded {
            upkeep.completing = nil
            group?.install(capture, header, into: &filling)
        }
    }
}
