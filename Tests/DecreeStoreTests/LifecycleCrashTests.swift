import DecreeSimulator
import Paxos
import Testing

@testable import DecreeStore

/// A store that keeps snapshots and deletes what they stand for, and whose machine stops at every write and every sync
/// there is (MidInstallKill, invariants FloorSafe and ApplyAtomic).
@Suite("Store: crashes amid snapshots")
struct LifecycleCrashTests {
    @Test(
        "a power cut at every write and sync of chunks, completions, installs, floors and trims loses nothing"
    )
    func powerCutAtEveryIndex() {
        let rig = CrashRig(.lifecycle())
        var tally = CrashTally()
        rig.crashAtEveryIndex { index, life in
            tally.indices = index
            // At every index one way to die, another at the next.
            for survival in [[.nothing, .anything], [.prefix, .tornSectors]][index % 2] as [Survival] {
                rig.cutPower(life.image, keeping: survival, seed: index)
                tally.add(rig.verdict(on: life), life, "\(survival) at \(index)")
            }
        }
        print("power cut amid snapshots: \(tally)")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        #expect(tally.indices > 400 && tally.completed > 10 && tally.undone > 50)
    }

    @Test(
        "killed at every write and sync, the store goes on in another life from where it was, and ends the same"
    )
    func killedAtEveryIndexAndResumed() throws {
        let rig = CrashRig(.lifecycle())
        var resumedPartials = 0
        var lives = 0
        try rig.crashAtEveryIndex { index, life in
            guard index % 4 == 1 else { return }
            rig.disk.restore(life.image, seed: UInt64(index))
            if index % 2 == 0 { rig.disk.powerCut(keeping: .anything) }
            let between = try rig.recover(rig.open())
            resumedPartials += between.groups.count { $0.partial != nil }
            rig.disk.kill()
            let next = rig.live()
            #expect(next.error == nil, "index \(index)")
            #expect(next.reported == rig.script.steps.count)
            let store = try rig.open()
            #expect(try rig.recover(store) == rig.script.contents[rig.script.steps.count], "index \(index)")
            while try store.trim(keeping: [], rows: 100) {}
            #expect(try store.connection.text("SELECT group_concat(kind) FROM violations") == "")
            lives += 1
        }
        print("killed and resumed: \(lives) lives, \(resumedPartials) beginnings of snapshots gone on with")
        #expect(lives > 100 && resumedPartials > 20)
    }

    @Test("EIO and ENOSPC at every write and sync: given up, or tried again; nothing is lost")
    func faultsAtEveryIndex() {
        let rig = CrashRig(.lifecycle())
        var tally = CrashTally()
        var diskFulls = 0
        for effect in [DiskFault.Effect.inputOutputError, .diskFull] {
            for index in stride(from: 1, through: .max, by: effect == .diskFull ? 1 : 2) {
                rig.reset(seed: UInt64(index))
                rig.disk.setFailedSyncSurvival(.anything)
                let kinds: DiskOperationKinds = effect == .diskFull ? .write : .writesAndSyncs
                rig.disk.inject(DiskFault(effect, at: index, of: kinds))
                let life = rig.live()
                guard life.hasStruck else { break }
                tally.indices += 1
                diskFulls += life.diskFulls
                rig.cutPower(life.image, keeping: .anything, seed: index)
                tally.add(rig.verdict(on: life), life, "\(effect) at \(index)")
            }
        }
        print("faults amid snapshots: \(tally); \(diskFulls) times full")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        #expect(tally.indices > 300 && diskFulls > 50)
    }

    @Test(
        "a disk that is full in the middle of a chunk: nothing of it is there, and the same chunk is written later"
    )
    func diskFullWithinAChunk() throws {
        let rig = CrashRig(.lifecycle())
        let chunk = try #require(
            rig.script.steps.firstIndex { step in
                step.contains { if case .snapshotChunk = $0 { true } else { false } }
            })
        rig.reset(seed: 1)
        #expect(rig.live(through: chunk).error == nil)
        let store = try rig.open()
        // The log's header is there, and the first of the two writes its frames are gathered in.
        rig.disk.inject(DiskFault(.diskFull, at: 3, of: .write, isSustained: true))
        guard case .diskFull = try store.commit(CrashRig.step(rig.script.steps[chunk])) else {
            Issue.record("there was room")
            return
        }
        #expect(try rig.recover(store) == rig.script.contents[chunk])
        guard case .diskFull = try store.retry() else {
            Issue.record("there was room")
            return
        }
        #expect(try !store.trim(keeping: [], rows: 10), "there is nothing to be deleted")
        #expect(rig.disk.struckOperation?.path.hasSuffix("-wal") == true)
        rig.disk.clearFaults()
        guard case .committed = try store.retry() else {
            Issue.record("there is no room")
            return
        }
        #expect(try rig.recover(store) == rig.script.contents[chunk + 1])
    }

    @Test(
        "control: without the syncs, snapshots and floors that were reported are lost",
        arguments: ["-wal", "node.db"])
    func controlWithoutSyncs(pathSuffix: String) {
        let rig = CrashRig(.lifecycle())
        var tally = CrashTally()
        rig.crashAtEveryIndex(prepare: { rig.disk.setSyncsIgnored(pathSuffix: pathSuffix) }) { index, life in
            guard index % 10 == 0 else { return }
            rig.cutPower(life.image, keeping: .nothing, seed: index)
            tally.add(rig.verdict(on: life), life, "\(index)")
        }
        print("control, syncs of *\(pathSuffix) ignored: \(tally)")
        #expect(tally.losses > 0)
    }
}
