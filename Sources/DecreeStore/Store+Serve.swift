package import Paxos

/// What was read for others.
package struct Served: Sendable {
    /// What was asked for.
    package let read: LogRead
    /// What was found.
    package let result: LogReadResult
    /// What is not what was written, and was not known before.
    package let damage: [Damage]

    package init(read: LogRead, result: LogReadResult, damage: [Damage]) {
        self.read = read
        self.result = result
        self.damage = damage
    }
}

/// Reading for others. What is not there, or not what was written, is not served, and stops nobody: the asker goes to
/// another node, and the damage is remembered.
extension Store {
    /// Values given for one read: enough to keep a node that catches up busy, few enough for one frame.
    package static let readBytes = 1 << 20
    /// Chunks given for one read.
    package static let readChunks = 4

    /// Reads something. It must rest on rows that are durable: the step that asked for it has been committed.
    package func serve(_ read: LogRead) throws(StoreError) -> Served {
        try checkUsable()
        let known = damage.count
        let result: LogReadResult =
            switch read.content {
            case .slots(let from, let through): .slots(try serve(read.group, from, through) { _ in true })
            case .executed(let from, let through): try serveExecuted(read.group, from, through)
            case .chunks(let header, let from): .chunks(try serve(read.group, header, from: from))
            }
        return Served(read: read, result: result, damage: Array(damage[known...]))
    }

    private func serveExecuted(
        _ group: GroupID, _ from: Slot, _ through: Slot
    ) throws(StoreError) -> LogReadResult {
        var unexecuted: [LogPosition] = []
        var isUnknown = false
        let decided = try serve(group, from, through) { row in
            guard let indexes = row.unexecuted else {
                isUnknown = true
                return false
            }
            unexecuted += indexes.map { LogPosition(slot: row.decision.slot, index: $0) }
            return true
        }
        guard decided.isEmpty, isUnknown else { return .executed(decided, unexecuted: unexecuted) }
        do throws(SQLiteError) {
            let first = try rows.firstLookedAt(of: group, from: from, through: through)
            return .unknown(before: first ?? through.next)
        } catch {
            throw giveUp(error)
        }
    }

    /// Chosen slots as long as they are `wanted`, each of which is asked once it is known to fit.
    private func serve(
        _ group: GroupID, _ from: Slot, _ through: Slot, wanted: (ChosenRow) -> Bool
    ) throws(StoreError) -> [AcceptedProposal] {
        // Of rows at or below the floor some may be deleted.
        guard from <= through, from > lifecycle.floor(group) else { return [] }
        var slots: [AcceptedProposal] = []
        var bytes = 0
        try reading {
            var expected = from
            try rows.eachChosen(of: group, from: from, through: through) { slot, row in
                guard slot == expected else { return false }
                let found: ChosenRow
                switch row {
                case .success(let row): found = row
                case .failure(let flaw):
                    note(flaw)
                    return false
                }
                // As it is sent: of no-ops alone, most is what surrounds them.
                bytes += found.decision.encodedBytes
                guard slots.isEmpty || bytes <= Self.readBytes, wanted(found) else { return false }
                slots.append(found.decision)
                expected = expected.next
                return true
            }
        }
        return slots
    }

    private func serve(
        _ group: GroupID, _ header: SnapshotHeader, from: UInt32
    ) throws(StoreError) -> [[UInt8]] {
        guard let snapshot = lifecycle.snapshot(group, header), snapshot.isComplete else { return [] }
        var chunks: [[UInt8]] = []
        try reading {
            let first = min(Int(from), header.chunkCount)
            for index in first..<min(first + Self.readChunks, header.chunkCount) {
                let read = try snapshotRows.chunk(index, of: snapshot)
                guard case .intact(let bytes) = read else {
                    note(
                        Damage(
                            group: group, slot: header.slot, place: Damage.snapshotPlace,
                            detail: read.flaw(index) ?? ""))
                    return
                }
                chunks.append(bytes)
            }
        }
        return chunks
    }

    /// Reads rows, and gives the store up if SQLite cannot.
    func reading(_ body: () throws -> Void) throws(StoreError) {
        do {
            try body()
        } catch let error as SQLiteError {
            throw giveUp(error)
        } catch let error as StoreError {
            throw giveUp(error)
        } catch {
            preconditionFailure("reading rows throws nothing else: \(error)")
        }
    }
}
