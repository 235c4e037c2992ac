import Paxos

/// A file's two contents: what a process reads (the page cache), and what the medium would give back after
/// a power cut, with the changes that stand between them.
struct SimulatedFile: Sendable {
    /// What a process reads.
    private(set) var cached = FileContent()
    /// What is on the medium for certain.
    private(set) var durable = FileContent()
    /// What was done since, in order.
    private(set) var unsynced: [FileChange] = []

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard !bytes.isEmpty else { return }
        cached.write(bytes, at: offset)
        unsynced.append(.write(at: offset, [UInt8](copying: bytes)))
    }

    mutating func resize(to size: Int) {
        guard size != cached.count else { return }
        cached.resize(to: size)
        unsynced.append(.resize(to: size))
    }

    mutating func sync() {
        for change in unsynced { durable.apply(change) }
        unsynced.removeAll()
    }

    /// A sync that failed: what survives of the changes would still be written, the rest is taken for
    /// written and never is.
    mutating func failSync(keeping survival: Survival, _ generator: inout SeededGenerator) {
        let pieces = survival.pieces(of: unsynced)
        let survivors = survival.drawSurvivors(of: pieces.count, &generator)
        unsynced = zip(pieces, survivors).map { $1 ? $0 : $0.forgotten }
    }

    /// What the machine finds when it comes back.
    mutating func powerCut(keeping survival: Survival, _ generator: inout SeededGenerator) {
        let pieces = survival.pieces(of: unsynced)
        let survivors = survival.drawSurvivors(of: pieces.count, &generator)
        for (piece, survives) in zip(pieces, survivors) where survives { durable.apply(piece) }
        cached = durable
        unsynced.removeAll()
    }

    /// Rot: the bit changes in memory and on the medium, and nobody is told.
    mutating func flipBit(_ bit: Int, ofByteAt offset: Int) {
        let mask: UInt8 = 1 << UInt8(bit)
        cached.flipBit(bit, ofByteAt: offset)
        if offset < durable.count { durable.flipBit(bit, ofByteAt: offset) }
        unsynced = unsynced.map { change in
            guard case .write(let start, var bytes) = change,
                (start..<start + bytes.count).contains(offset)
            else { return change }
            bytes[offset - start] ^= mask
            return .write(at: start, bytes)
        }
    }
}
