import DecreeSimulator
import Paxos
import Testing

@testable import DecreeStore

/// A store whose machine stops, at every write and every sync there is, and what it must not have lost
/// (A crash at every write and sync index until the run survives).
@Suite("Store: crashes")
struct StoreCrashTests {
    @Test("a power cut at every write and sync loses nothing that was reported, and tears nothing")
    func powerCutAtEveryIndex() {
        let rig = CrashRig(CrashScript(count: 64))
        var tally = CrashTally()
        rig.crashAtEveryIndex { index, life in
            tally.indices = index
            for survival in Survival.drawable + [.anything] {
                rig.cutPower(life.image, keeping: survival, seed: index)
                tally.add(rig.verdict(on: life), life, "\(survival) at \(index)")
            }
        }
        print("power cut: \(tally)")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        // Else the script is too short, or no transaction was ever caught in the middle.
        #expect(tally.indices > 300 && tally.completed > 50 && tally.undone > 50)
    }

    @Test("a commit that lacks any one sector is undone, and is not taken for rot")
    func oneSectorLost() {
        // Logs long enough, and started anew often enough, for a frame's header to lie across two sectors
        // where a frame of an older log ended its transaction.
        var rig = CrashRig(CrashScript(count: 60, valueBytes: 2_000))
        rig.checkpointPages = 60
        var tally = CrashTally()
        for index in 1... {
            rig.reset(seed: UInt64(index))
            rig.disk.inject(DiskFault(.crash, at: index, of: .syncs, pathSuffix: "-wal"))
            let life = rig.live()
            guard life.hasStruck else { break }
            tally.indices = index
            rig.disk.restore(life.image, seed: 0)
            for sector in 0..<rig.disk.unsyncedSectors(in: CrashRig.log) {
                rig.cutPower(life.image, keeping: .allButSector(sector), seed: index)
                tally.add(rig.verdict(on: life), life, "sector \(sector) at \(index)")
            }
        }
        print("one sector lost: \(tally)")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        #expect(tally.runs > 2_000)
    }

    @Test("KillThenPowerCut: what was read after kill -9 survives the power cut that follows")
    func killThenPowerCut() throws {
        let rig = CrashRig(CrashScript(count: 44))
        var tally = CrashTally()
        try rig.crashAtEveryIndex { index, life in
            tally.indices = index
            // kill -9: the page cache lives on. What the store now reads, it has answered for.
            rig.disk.restore(life.image, seed: UInt64(index))
            let store = try rig.open()
            tally.add(try rig.verdict(on: life, store), life, "kill at \(index)")
            var answered = CrashRig.Progress(
                reported: Int(store.persistSequence), storeID: store.storeID, image: rig.disk.image)
            for survival in [.nothing, .prefix, .tornSectors, .anything] as [Survival] {
                let fork = SimulatedDisk(image: answered.image, seed: 0)
                fork.powerCut(keeping: survival)
                tally.add(rig.on(fork).verdict(on: answered), answered, "opened, \(survival) at \(index)")
            }
            guard answered.reported < rig.script.steps.count else { return }
            _ = try store.commit(CrashRig.step(rig.script.steps[answered.reported]))
            answered.reported += 1
            answered.image = rig.disk.image
            rig.cutPower(answered.image, keeping: .nothing, seed: index)
            tally.add(rig.verdict(on: answered), answered, "first commit at \(index)")
        }
        print("kill, then power cut: \(tally)")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        #expect(tally.indices > 200)
    }

    @Test("a power cut at any moment of the opening after a kill")
    func powerCutWhileOpening() {
        let rig = CrashRig(CrashScript(count: 20))
        var tally = CrashTally()
        rig.crashAtEveryIndex { index, life in
            tally.indices = index
            // Every second moment, beginning at another one each time.
            for moment in stride(from: 1 + index % 2, through: .max, by: 2) {
                rig.disk.restore(life.image, seed: UInt64(index))
                rig.disk.inject(DiskFault(.crash, at: moment, of: .writesAndSyncs))
                let opening = rig.live(through: life.reported)
                guard opening.hasStruck else { break }
                rig.cutPower(opening.image, keeping: .anything, seed: moment)
                tally.add(rig.verdict(on: life), life, "killed at \(index), cut at \(moment)")
            }
        }
        print("power cut while opening: \(tally)")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        #expect(tally.runs > 1_000)
    }

    @Test("KillThenPowerCut after a failed fsync: what was read from clean but unwritten pages is rewritten")
    func failedSyncThenKillThenPowerCut() {
        let tally = CrashRig(CrashScript(count: 12)).failSyncsThenCutWhileOpening()
        print("failed fsync, kill, power cut while opening: \(tally)")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        #expect(tally.runs > 300)
    }

    @Test("one store through many lives: killed, cut off, out of space, its disk failing, and reopened")
    func manyLives() {
        var rig = CrashRig(CrashScript(count: 60, valueBytes: 20_000, longValueEvery: 2))
        rig.checkpointPages = 1_000
        var tally = CrashTally()
        for seed in 1...40 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            rig.reset(seed: seed)
            var reported = 0
            while reported < rig.script.steps.count, tally.losses == 0 {
                let effects: [DiskFault.Effect] = [.crash, .crash, .inputOutputError, .diskFull]
                rig.disk.setFailedSyncSurvival(.anything)
                let isAtSync = generator.chance(1, in: 2)
                // Short lives: it is in its first commits that a log goes on where another life ended.
                rig.disk.inject(
                    DiskFault(
                        effects[generator.below(4)], at: 1 + generator.below(isAtSync ? 14 : 90),
                        of: isAtSync ? .syncs : .writesAndSyncs))
                var life = rig.live(
                    through: min(reported + 1 + generator.below(6), rig.script.steps.count))
                // A life that did not get as far as to open the store knows nothing.
                life.reported = max(life.reported, reported)
                reported = life.reported
                rig.disk.restore(life.image, seed: generator.next())
                if generator.chance(1, in: 2) {
                    rig.disk.powerCut(keeping: .drawable[generator.below(Survival.drawable.count)])
                }
                tally.indices += 1
                // Half the time nobody looks, and the next life finds what this one left.
                guard generator.chance(1, in: 2) || life.reported == rig.script.steps.count else { continue }
                let verdict = rig.verdict(on: life)
                tally.add(verdict, life, "seed \(seed), life \(tally.indices)")
                if case .kept(let through) = verdict { reported = through }
            }
        }
        print("many lives: \(tally)")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        #expect(tally.runs > 300)
    }

    @Test("the log takes a new salt after every opening, and after a transaction that met a full disk")
    func newSalt() throws {
        // Else frames that were torn, or rolled back, might one day pass for later ones.
        let rig = CrashRig(CrashScript(count: 12))
        var salts: [[UInt8]] = []
        func commit(_ store: Store) throws {
            var outcome = try store.commit(CrashRig.step(rig.script.steps[Int(store.persistSequence)]))
            if case .diskFull = outcome { outcome = try store.retry() }
            guard case .committed = outcome else {
                Issue.record("the disk is still full")
                return
            }
            salts.append(Array(try #require(rig.disk.contents(of: CrashRig.log))[16..<24]))
        }
        rig.reset(seed: 1)
        try commit(rig.open())
        rig.disk.kill()
        let store = try rig.open()
        try commit(store)
        rig.disk.inject(DiskFault(.diskFull, at: 1, of: .write))
        try commit(store)
        try commit(store)
        #expect(salts[0] != salts[1] && salts[1] != salts[2] && salts[2] == salts[3])
    }

    // MARK: Controls: the same harness on stores that are less careful

    @Test(
        "control: without the syncs (synchronous=OFF) reported transactions are lost",
        arguments: ["", "-wal", "node.db", "/data/node1", "/data"])
    func controlWithoutSyncs(pathSuffix: String) {
        let rig = CrashRig(CrashScript(count: 20))
        var tally = CrashTally()
        rig.crashAtEveryIndex(prepare: { rig.disk.setSyncsIgnored(pathSuffix: pathSuffix) }) { index, life in
            tally.indices = index
            rig.cutPower(life.image, keeping: .nothing, seed: index)
            tally.add(rig.verdict(on: life), life, "\(index)")
        }
        print("control, syncs of *\(pathSuffix) ignored: \(tally)")
        #expect(tally.losses > 0)
    }

    @Test("control: without the rewrite at open, KillThenPowerCut tears the store")
    func controlWithoutRewrite() {
        var rig = CrashRig(CrashScript(count: 12))
        rig.files = FilesWithoutRewrite(SimulatedFiles(rig.disk))
        let tally = rig.failSyncsThenCutWhileOpening()
        print("control, no rewrite at open: \(tally)")
        #expect(tally.losses > 0)
    }
}

extension CrashRig {
    /// Lives the script again and again, crashing at the first, second, third… write or sync, until a life
    /// survives.
    func crashAtEveryIndex(
        prepare: () -> Void = {}, _ body: (_ index: Int, _ life: Progress) throws -> Void
    ) rethrows {
        for index in 1... {
            reset(seed: UInt64(index))
            prepare()
            disk.inject(DiskFault(.crash, at: index, of: .writesAndSyncs))
            let life = live()
            guard life.hasStruck else { return }
            try body(index, life)
        }
    }

    /// Fails every sync in turn, which leaves what was written readable, and never to be written again;
    /// then crashes the next opening at each of its writes and syncs.
    func failSyncsThenCutWhileOpening() -> CrashTally {
        var tally = CrashTally()
        for index in 1... {
            reset(seed: UInt64(index))
            disk.inject(DiskFault(.inputOutputError, at: index, of: .syncs))
            let life = live()
            guard life.hasStruck else { break }
            tally.indices = index
            for moment in 1... {
                disk.restore(life.image, seed: UInt64(index))
                disk.inject(DiskFault(.crash, at: moment, of: .writesAndSyncs))
                let opening = live(through: life.reported)
                guard opening.hasStruck else { break }
                cutPower(opening.image, keeping: .anything, seed: moment)
                tally.add(verdict(on: life), life, "sync \(index) failed, cut at \(moment)")
            }
        }
        return tally
    }

    /// Goes to `image`, and cuts its power.
    func cutPower(_ image: DiskImage, keeping survival: Survival, seed: Int) {
        disk.restore(image, seed: UInt64(seed))
        disk.powerCut(keeping: survival)
    }
}

/// Opens stores as they would be opened without the rewrite of the log.
private struct FilesWithoutRewrite: StoreFiles {
    private let files: SimulatedFiles

    init(_ files: SimulatedFiles) { self.files = files }

    func overwrite(_ path: String, with bytes: ArraySlice<UInt8>) throws(StoreError) {}

    func createDirectory(_ path: String) throws(StoreError) -> Bool { try files.createDirectory(path) }
    func syncDirectory(_ path: String) throws(StoreError) { try files.syncDirectory(path) }
    func lock(_ path: String, exclusively: Bool) throws(StoreError) -> (any StoreLock)? {
        try files.lock(path, exclusively: exclusively)
    }
    func size(of path: String) throws(StoreError) -> Int? { try files.size(of: path) }
    func identity(of path: String) throws(StoreError) -> FileIdentity? { try files.identity(of: path) }
    func watch(_ path: String) throws(StoreError) -> any WatchedFile { try files.watch(path) }
    func read(_ path: String) throws(StoreError) -> [UInt8] { try files.read(path) }
    func truncate(_ path: String) throws(StoreError) { try files.truncate(path) }
    func remove(_ path: String) throws(StoreError) { try files.remove(path) }
}
