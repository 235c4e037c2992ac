extension Store {
    /// Whether the write-ahead log is long enough to be copied. `commit` does it first thing when nobody
    /// did it before; a host that calls `checkpointIfDue()` after it has sent a step's messages keeps the
    /// stall (5 us a page) off them.
    package var isCheckpointDue: Bool { connection.walPages >= checkpointPages }

    /// Checkpoints if enough pages have gathered.
    package func checkpointIfDue() throws(StoreError) {
        try checkUsable()
        if isCheckpointDue { _ = try checkpoint() }
    }

    /// Checkpoints whatever there is: for when nobody waits.
    package func checkpointIfIdle() throws(StoreError) {
        try checkUsable()
        if connection.walPages > 0 { _ = try checkpoint() }
    }

    /// Copies the whole log into the database. False if the disk is full: the log stays as it is, every
    /// row in it, and the next checkpoint copies it all.
    func checkpoint() throws(StoreError) -> Bool {
        // Where nothing was committed since the last one, there is nothing to copy and nothing to sync.
        let isEmpty = connection.walPages == 0
        if !isEmpty { try verifyFiles() }
        let pages: Int
        do {
            pages = try connection.checkpoint()
        } catch {
            guard error.isDiskFull else { throw giveUp(error) }
            return false
        }
        startsNewLog = true
        guard !isEmpty else { return true }
        try noteCopied()
        counters.checkpoints += 1
        counters.fsyncs += 2
        counters.pagesCheckpointed += UInt64(pages)
        return true
    }
}
