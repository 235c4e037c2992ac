import DecreeSimulator
import Paxos
import Testing

@testable import DecreeStore

/// A store whose disk fails it: an error, or no room, at every sync and write there is.
@Suite("Store: faults")
struct StoreFaultTests {
    @Test("EIO at every write, sync and read: the store is given up, and nothing is lost")
    func inputOutputErrorAtEveryIndex() {
        let rig = CrashRig(CrashScript(count: 50))
        var tally = CrashTally()
        var swallowed = 0
        for (kinds, name) in [(DiskOperationKinds.writesAndSyncs, "change"), (.read, "read")] {
            for index in 1... {
                rig.reset(seed: UInt64(index))
                rig.disk.setFailedSyncSurvival(.anything)
                rig.disk.inject(DiskFault(.inputOutputError, at: index, of: kinds))
                let life = rig.live()
                guard life.hasStruck else { break }
                tally.indices += 1
                let place = "\(name) \(index)"
                switch life.error {
                case nil:
                    // SQLite does not look at what the sync of a new journal's directory returns.
                    #expect(life.struck?.kind == .syncDirectory)
                    swallowed += 1
                case .ioError, .settingRefused: break
                case let error?: Issue.record("\(place): \(error)")
                }
                // The process starts again on the same kernel, or after a power cut.
                rig.disk.restore(life.image, seed: UInt64(index))
                tally.add(rig.verdict(on: life), life, "\(place), restarted")
                for survival in [.nothing, .everything, .anything] as [Survival] {
                    rig.cutPower(life.image, keeping: survival, seed: index)
                    tally.add(rig.verdict(on: life), life, "\(place), \(survival)")
                }
            }
        }
        print("EIO: \(tally); \(swallowed) errors were swallowed")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        #expect(tally.indices > 300)
    }

    @Test("ENOSPC at every write: the same rows are retried, and nothing is lost or sent early")
    func diskFullAtEveryIndex() {
        let rig = CrashRig(CrashScript(count: 64))
        var tally = CrashTally()
        var retried = 0
        for index in 1... {
            rig.reset(seed: UInt64(index))
            // Every other time the disk stays full, for the third retry to find it otherwise.
            rig.disk.inject(DiskFault(.diskFull, at: index, of: .write, isSustained: index % 2 == 0))
            var whileFull: CrashRig.Progress?
            let life = rig.live { progress in
                whileFull = progress
                if progress.diskFulls == 3 { rig.disk.clearFaults() }
                return true
            }
            guard life.hasStruck else { break }
            tally.indices = index
            if life.diskFulls > 0 { retried += 1 }
            if let error = life.error {
                // Only an opening gives up, for nobody waits for it.
                #expect(life.storeID == nil, "\(index): \(error)")
            } else {
                #expect(life.reported == rig.script.steps.count)
            }
            rig.cutPower(life.image, keeping: .nothing, seed: index)
            tally.add(rig.verdict(on: life), life, "write \(index)")
            guard let whileFull else { continue }
            rig.cutPower(whileFull.image, keeping: .anything, seed: index)
            tally.add(rig.verdict(on: whileFull), whileFull, "power cut while full, write \(index)")
        }
        print("ENOSPC: \(tally); \(retried) steps were retried")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
        #expect(retried > 100)
    }

    @Test("a disk that is full again and again: every retry fails until there is room, then commits go on")
    func capacity() {
        let rig = CrashRig(CrashScript(count: 100))
        var tally = CrashTally()
        var diskFulls = 0
        for growth in [4_096, 12_000, 30_000] {
            rig.reset(seed: 1)
            rig.disk.setCapacity(bytes: 236_000)
            var reported: [Int] = []
            let life = rig.live { progress in
                // Twice in vain, the third time there is room for a little more.
                reported.append(progress.reported)
                if reported.count % 3 == 0 { rig.disk.setCapacity(bytes: rig.disk.usedBytes + growth) }
                return true
            }
            #expect(life.error == nil && life.reported == rig.script.steps.count)
            #expect(reported.count > 6)
            diskFulls += reported.count
            rig.cutPower(life.image, keeping: .nothing, seed: growth)
            tally.add(rig.verdict(on: life), life, "growing by \(growth)")
        }
        print("capacity: \(tally); \(diskFulls) times full")
        #expect(tally.losses == 0, "\(tally.firstLoss)")
    }
}
