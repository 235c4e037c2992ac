package import Paxos

/// What a durable step leaves to be done.
package struct Committed: Sendable {
    /// The step's withheld messages: they may go.
    package let messages: [Envelope]
    /// The store's count of durable transactions.
    package let persistSequence: PersistSequence
    /// What the step asked to read: chosen slots from the first wanted on, without a gap, as many as fit.
    package let reads: [(LogRead, [AcceptedProposal])]
}

/// How a commit ended, if the store is still good.
package enum CommitOutcome: Sendable {
    /// Everything is durable.
    case committed(Committed)
    /// The disk is full and nothing of the step was written. The store keeps the step: free some space
    /// and `retry()`. Until then nothing may leave that waits for it.
    case diskFull
}

extension Store {
    /// Values given for one read: enough to keep a node that catches up busy, few enough for one frame.
    package static let readBytes = 1 << 20

    /// Whether a step waits for space on the disk.
    package var isDiskFull: Bool { pending != nil }

    /// The door between a vote and the network: writes a step's rows in one transaction, makes them
    /// durable with one fsync, serves its reads and gives its withheld messages. A step without rows
    /// costs no transaction and no fsync.
    ///
    /// - Precondition: no step waits for space (`retry()` is what that one needs).
    /// - Throws: when the store is given up. Nothing of the step may be sent then.
    package func commit(_ step: consuming Step) throws(StoreError) -> CommitOutcome {
        try checkUsable()
        precondition(pending == nil, "a step waits for space on the disk: retry it first")
        if connection.walPages >= checkpointPages { _ = try checkpoint() }
        return try attempt(step)
    }

    /// Tries the step that met a full disk again: the same rows.
    package func retry() throws(StoreError) -> CommitOutcome {
        try checkUsable()
        guard let step = pending.take() else {
            preconditionFailure("no step waits for space on the disk")
        }
        return try attempt(step)
    }

    private func attempt(_ step: consuming Step) throws(StoreError) -> CommitOutcome {
        if !step.writes.isEmpty {
            guard try transact(step) else {
                pending = .some(consume step)
                return .diskFull
            }
        }
        var reads: [(LogRead, [AcceptedProposal])] = []
        for read in step.reads { reads.append((read, try serve(read))) }
        return .committed(
            Committed(messages: step.release(), persistSequence: persistSequence, reads: reads))
    }

    /// Writes a step's rows durably, or leaves the store as it was and returns false if the disk is full.
    private func transact(_ step: borrowing Step) throws(StoreError) -> Bool {
        if needsNewLog {
            guard try checkpoint() else { return false }
            needsNewLog = false
        }
        let pagesBefore = connection.walPages
        do {
            try write(step.writes)
        } catch {
            guard error.isDiskFull else { throw giveUp(error) }
            try rollBack()
            return false
        }
        persistSequence += 1
        counters.commits += 1
        counters.fsyncs += startsNewLog ? 2 : 1
        counters.rows += UInt64(step.writes.count)
        counters.valueBytes += UInt64(step.writeBytes)
        counters.pagesLogged += UInt64(max(0, connection.walPages - pagesBefore))
        startsNewLog = false
        return true
    }

    private func write(_ rows: [Write]) throws(SQLiteError) {
        try statements.begin.run()
        for row in rows {
            switch row {
            case .promise(let group, let ballot): try write(group, promise: ballot)
            case .accepted(let group, let vote): try write(group, accepted: vote)
            case .chosen(let group, let slot, let ballot, let chain):
                try write(group, chosen: slot, ballot, chain)
            }
        }
        let next = persistSequence + 1
        try statements.putSequence.bind(1, Int64(next))
        try statements.putSequence.bind(2, RowChecksum.node(nodeIdentity, storeID, next))
        try statements.putSequence.run()
        try statements.commit.run()
    }

    private func write(_ group: GroupID, promise ballot: Ballot) throws(SQLiteError) {
        let row = statements.putPromise
        try row.bind(1, Int64(group.rawValue))
        try row.bind(2, Int64(ballot.rawValue))
        try row.bind(3, RowChecksum.promise(group, ballot))
        try row.run()
    }

    private func write(_ group: GroupID, accepted vote: AcceptedProposal) throws(SQLiteError) {
        let row = statements.putAccepted
        try row.bind(1, RowKey(group, vote.slot).stored)
        try row.bind(2, Int64(vote.ballot.rawValue))
        try row.bind(3, RowChecksum.accepted(group, vote.slot, vote.ballot, vote.proposal.digest))
        try row.run(lending: vote.proposal.bytes, at: 4)
    }

    private func write(
        _ group: GroupID, chosen slot: Slot, _ ballot: Ballot, _ chain: Digest
    ) throws(SQLiteError) {
        let row = statements.putChosen
        try row.bind(1, RowKey(group, slot).stored)
        try row.bind(2, Int64(ballot.rawValue))
        try row.bind(3, Int64(bitPattern: chain.rawValue))
        try row.bind(4, RowChecksum.chosen(group, slot, ballot, chain: chain))
        try row.run()
    }

    /// After a full disk: nothing of the transaction is left but frames in the log that say nothing.
    private func rollBack() throws(StoreError) {
        do { try connection.rollBack() } catch { throw giveUp(error) }
        needsNewLog = true
        if try checkpoint() { needsNewLog = false }
    }

    private func serve(_ read: LogRead) throws(StoreError) -> [AcceptedProposal] {
        guard read.from <= read.through else { return [] }
        var slots: [AcceptedProposal] = []
        var bytes = 0
        do {
            var expected = read.from
            try rows.eachChosen(of: read.group, from: read.from, through: read.through) { slot, row in
                guard slot == expected else { return false }
                let decision = try row.get().decision
                bytes += decision.proposal.bytes.count
                guard slots.isEmpty || bytes <= Self.readBytes else { return false }
                slots.append(decision)
                expected = expected.next
                return true
            }
        } catch let error as SQLiteError {
            throw giveUp(error)
        } catch let error as StoreError {
            throw giveUp(error)
        } catch {
            preconditionFailure("reading rows throws nothing else: \(error)")
        }
        return slots
    }
}
