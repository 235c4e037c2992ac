package import Paxos

/// What a durable step leaves to be done.
package struct Committed: Sendable {
    /// The step's withheld messages: they may go.
    package let messages: [Envelope]
    /// The store's count of durable transactions.
    package let persistSequence: PersistSequence
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
    /// Whether a step waits for space on the disk.
    package var isDiskFull: Bool { pending != nil }

    /// The door between a vote and the network: writes a step's rows in one transaction, makes them
    /// durable with one fsync, and gives its withheld messages. A step without rows costs no transaction and no fsync.
    /// What it asks to read is the host's to ask for behind it.
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
        try verifyLogBehind()
        return .committed(Committed(messages: step.release(), persistSequence: persistSequence))
    }

    /// Writes a step's rows durably, or leaves the store as it was and returns false if the disk is full.
    private func transact(_ step: borrowing Step) throws(StoreError) -> Bool {
        var next = lifecycle
        var planned: [Lifecycle.Row] = []
        for row in step.writes {
            do { planned += try next.plan(row) } catch {
                throw giveUp(.unexpected(file: file, operation: "a commit", detail: error.detail))
            }
        }
        let pagesBefore = connection.walPages
        // What was seen of others says nothing of this store. If it counted, two idle nodes would go on for ever seeing
        // that the other has written down what it saw.
        let counts = !step.writes.allSatisfy(\.isOfOthers)
        let isDurable = try transact { () throws(SQLiteError) in
            for row in step.writes { try write(row) }
            for row in planned { try write(row) }
            guard counts else { return }
            let sequence = persistSequence + 1
            try statements.putSequence.bind(1, Int64(sequence))
            try statements.putSequence.bind(2, RowChecksum.node(nodeIdentity, storeID, sequence))
            try statements.putSequence.run()
        }
        guard isDurable else { return false }
        if counts { persistSequence += 1 }
        lifecycle = next
        noteMended(by: step.writes)
        counters.commits += 1
        counters.rows += UInt64(step.writes.count)
        counters.valueBytes += UInt64(step.writeBytes)
        counters.pagesLogged += UInt64(max(0, connection.walPages - pagesBefore))
        return true
    }

    /// Does what `body` does in one durable transaction, or leaves the store as it was and returns false if the disk
    /// is full.
    func transact(_ body: () throws(SQLiteError) -> Void) throws(StoreError) -> Bool {
        try verifyLogBefore()
        if needsNewLog {
            guard try checkpoint() else { return false }
            needsNewLog = false
        }
        do {
            try statements.begin.run()
            try body()
            try statements.commit.run()
        } catch {
            guard error.isDiskFull else { throw giveUp(error) }
            try rollBack()
            return false
        }
        counters.fsyncs += startsNewLog ? 2 : 1
        startsNewLog = false
        return true
    }

    /// After a full disk: nothing of the transaction is left but frames in the log that say nothing.
    private func rollBack() throws(StoreError) {
        do { try connection.rollBack() } catch { throw giveUp(error) }
        needsNewLog = true
        if try checkpoint() { needsNewLog = false }
    }
}
