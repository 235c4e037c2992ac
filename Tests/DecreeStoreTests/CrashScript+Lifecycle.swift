import Paxos

extension CrashScript {
    /// A script of snapshots: begun, completed, installed and begun anew while votes go on, floors raised, members and
    /// witnesses noted.
    static func lifecycle(seed: UInt64 = 1) -> CrashScript {
        var author = CrashScriptAuthor(valueBytes: 6_000, longValueEvery: 8, seed: seed)
        author.write(12)
        let (first, second) = (groups[0], groups[1])
        author.snapshot(first, ahead: 0, isInstalled: false, chunks: 2)
        author.append([.floor(first, Slot(author.contents[first].snapshot!.slot.rawValue - 1))])
        author.append([
            .witness(NodeWitness(node: NodeID(2), store: StoreID(rawValue: 9), persistSequence: 17)),
            .place(NodePlace(node: NodeID(2), address: "b:1")),
            .configuration(second, from: Slot(300), Configuration(voters: [NodeID(1), NodeID(2)])),
        ])
        // A beginning that comes to nothing, for there is a later one.
        author.beginSnapshot(second, ahead: 5)
        author.snapshot(second, ahead: 40, isInstalled: true, chunks: 2)
        author.act(until: author.steps.count + 5)
        author.snapshot(first, ahead: 0, isInstalled: false, chunks: 1)
        author.append([.floor(first, author.contents[first].snapshot!.slot)])
        // Beside something else: alone, what was seen of others does not count as a transaction.
        author.append([
            author.promise(in: first),
            .witness(NodeWitness(node: NodeID(2), store: StoreID(rawValue: 9), persistSequence: 21)),
            .place(NodePlace(node: NodeID(2), address: "b:2", configured: "b:1")),
        ])
        author.act(until: author.steps.count + 30)
        return CrashScript(author.steps)
    }
}

extension CrashScriptAuthor {
    /// A snapshot through the last chosen slot, or one so far ahead of it, chunk by chunk while votes go on.
    mutating func snapshot(_ group: GroupID, ahead: Int, isInstalled: Bool, chunks: Int) {
        let snapshot = make(group, ahead: ahead, bytes: (chunks - 1) * SnapshotHeader.chunkBytes + 700)
        for index in 0..<chunks {
            append([chunk(index, of: snapshot, group)])
            act(until: steps.count + 1)
        }
        append([.snapshotComplete(group, snapshot.header, isInstalled: isInstalled)])
    }

    /// The first chunk of two.
    mutating func beginSnapshot(_ group: GroupID, ahead: Int) {
        append([chunk(0, of: make(group, ahead: ahead, bytes: SnapshotHeader.chunkBytes + 1), group)])
    }

    private mutating func make(_ group: GroupID, ahead: Int, bytes count: Int) -> Snapshot {
        let now = contents[group]
        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let chain = ahead == 0 ? now.chain : Digest(rawValue: generator.next())
        return Snapshot(slot: now.chosenThrough.advanced(by: ahead), chain: chain, bytes: bytes)
    }

    private func chunk(_ index: Int, of snapshot: Snapshot, _ group: GroupID) -> Write {
        .snapshotChunk(group, snapshot.header, index: UInt32(index), snapshot.chunk(index))
    }
}
