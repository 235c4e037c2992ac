import DecreeSimulator
import Testing

@testable import DecreeStore
@testable import Paxos

/// What a store asks of its disk for a commit, and what becomes of it when the one write that is left fails.
@Suite("Store: gathered writes")
struct StoreGatheringTests {
    private let rig = CrashRig(CrashScript(count: 6))

    /// A store with one transaction in a log that another follows; the trace begins.
    private func makeStore() throws -> Store {
        rig.reset(seed: 1)
        let store = try rig.open()
        try store.expectCommit(step(.promise(group, ballot), .accepted(group, vote(1, "a"))))
        try store.expectCommit(step(.accepted(group, vote(2, "b"))))
        rig.disk.startTrace()
        return store
    }

    private func log(_ kind: DiskOperationKind) -> [DiskOperation] {
        rig.disk.takeTrace().filter { $0.path == CrashRig.log && $0.kind == kind }
    }

    @Test("a commit of three pages is one write and one sync")
    func oneWrite() throws {
        let store = try makeStore()
        let chain = Digest.zero.chained(Slot(1), proposal("a").digest)
        let pages = store.counters.pagesLogged
        try store.expectCommit(
            step(.accepted(group, vote(3, "c")), .chosen(group, Slot(1), ballot, chain: chain)))
        #expect(store.counters.pagesLogged == pages + 3)
        let trace = rig.disk.takeTrace()
        #expect(trace.map(\.kind) == [.write, .sync])
        #expect(trace.allSatisfy { $0.path == CrashRig.log })
        #expect(trace.first?.length == 3 * (24 + 4_096))
    }

    @Test("a long commit goes out in pieces, and SQLite finds every frame of it")
    func longCommit() throws {
        var store = try makeStore()
        let long = String(repeating: "x", count: 300_000)
        try store.expectCommit(step(.accepted(group, vote(3, long))))
        let writes = log(.write)
        #expect(writes.count == 6 && writes.allSatisfy { $0.length <= 65_536 })
        #expect(zip(writes, writes.dropFirst()).allSatisfy { $0.offset + $0.length == $1.offset })
        rig.disk.powerCut(keeping: .nothing)
        store = try rig.open()
        #expect(try store.recoverAll().votes.accepted.last == vote(3, long))
    }

    @Test("the database's own writes are not held back: a checkpoint writes page by page")
    func database() throws {
        let store = try makeStore()
        try store.checkpointIfIdle()
        let trace = rig.disk.takeTrace().filter { $0.path == CrashRig.database }
        let writes = trace.filter { $0.kind == .write }
        #expect(writes.count > 2 && writes.allSatisfy { $0.length == 4_096 })
        #expect(trace.last?.kind == .sync)
    }

    @Test(
        "a disk that is full at the sync: read-only, and the frames that failed are never written behind it")
    func diskFull() throws {
        let store = try makeStore()
        rig.disk.inject(DiskFault(.diskFull, at: 1, of: .write, pathSuffix: "-wal"))
        guard case .diskFull = try store.commit(step(.accepted(group, vote(3, "c")))) else {
            Issue.record("committed to a full disk")
            return
        }
        #expect(store.isDiskFull && rig.disk.struckOperation?.length == 2 * (24 + 4_096))
        #expect(log(.write).count == 1, "something went on writing")
        guard case .committed = try store.retry() else {
            Issue.record("the disk is still full")
            return
        }
        // The rows again, in a log that begins anew: its header, synced, then its frames.
        #expect(log(.write).map(\.offset) == [0, 32])
        #expect(try store.recoverAll().votes.accepted.last == vote(3, "c"))
    }

    @Test("an I/O error of the one write ends the store, and nothing is written after it")
    func inputOutputError() throws {
        do {
            let store = try makeStore()
            rig.disk.inject(DiskFault(.inputOutputError, at: 1, of: .write, pathSuffix: "-wal"))
            let error = try #require(
                #expect(throws: StoreError.self) {
                    try store.commit(step(.accepted(group, vote(3, "c"))))
                })
            #expect(error.isFatalToConnection)
            #expect(throws: error) { try store.checkpointIfIdle() }
            #expect(log(.write).count == 1)
            let counts = rig.disk.counts
            try store.connection.close()
            #expect(rig.disk.counts[.writesAndSyncs] == counts[.writesAndSyncs])
        }
        rig.disk.kill()
        let found = try rig.open().recoverAll().votes.accepted
        #expect(found.prefix(2) == [vote(1, "a"), vote(2, "b")])
    }
}
