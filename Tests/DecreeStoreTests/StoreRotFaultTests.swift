import DecreeSimulator
import Paxos
import Testing

@testable import DecreeStore

/// A store whose files have a bit that is not what was written.
@Suite("Store: rot")
struct StoreRotFaultTests {
    /// A store whose log holds every transaction of the script, closed.
    private let rig: CrashRig
    private let life: CrashRig.Progress
    private let log: [UInt8]
    private let scan: WALScan

    init() throws {
        var rig = CrashRig(CrashScript(count: 14, valueBytes: 6_000))
        rig.checkpointPages = 10_000
        rig.reset(seed: 1)
        let life = rig.live { _ in false }
        #expect(life.error == nil)
        self.rig = rig
        self.life = life
        log = try #require(rig.disk.contents(of: CrashRig.log))
        scan = WALScan.scan(log)
        #expect(scan.transactions >= 12)
    }

    private static let frameBytes = 4_120

    private func offset(of frame: Int) -> Int { 32 + (frame - 1) * Self.frameBytes }

    /// The first frame of the last transaction.
    private var lastTransaction: Int {
        var first = scan.liveFrames
        while first > 1, log[offset(of: first - 1) + 4..<offset(of: first - 1) + 8].allSatisfy({ $0 == 0 }) {
            first -= 1
        }
        return first
    }

    /// Bytes of a frame to be flipped: all of its header, some of its page.
    private func places(in frame: Int, _ generator: inout SeededGenerator) -> [Int] {
        let header = Array(0..<24).map { offset(of: frame) + $0 }
        return header + (0..<8).map { _ in offset(of: frame) + 24 + generator.below(4_096) }
    }

    @Test("WalRot: before the log's last transaction it is found, and the frame named")
    func logBeforeLastTransaction() throws {
        var generator = SeededGenerator(seed: 2)
        var flips = 0
        for frame in 1..<lastTransaction {
            for place in places(in: frame, &generator) {
                rig.disk.restore(life.image, seed: 0)
                rig.disk.flipBit(generator.below(8), ofByteAt: place, in: CrashRig.log)
                flips += 1
                expectRot(frame: frame, "byte \(place - offset(of: frame)) of frame \(frame)")
            }
        }
        print("rot in the log: \(flips) bits in \(lastTransaction - 1) frames, all found")
    }

    @Test("HeaderRot: every bit of the log's header")
    func logHeader() throws {
        for place in 0..<32 {
            for bit in 0..<8 {
                rig.disk.restore(life.image, seed: 0)
                rig.disk.flipBit(bit, ofByteAt: place, in: CrashRig.log)
                expectRot(frame: 0, "bit \(bit) of byte \(place) of the header")
            }
        }
    }

    private func expectRot(frame: Int, _ place: String) {
        do {
            let store = try rig.open()
            Issue.record("\(place): not found; the store is at \(store.persistSequence)")
        } catch {
            guard case .corrupt(CrashRig.log, nil, nil, let detail) = error else {
                Issue.record("\(place): \(error)")
                return
            }
            #expect(detail.hasPrefix("frame \(frame):"), "\(place): \(detail)")
        }
    }

    @Test(
        "within the last transaction it passes for a torn tail: the store went back, and its sequence shows it"
    )
    func logLastTransaction() throws {
        var generator = SeededGenerator(seed: 3)
        let through = rig.script.steps.count
        var found = 0
        var flips = 0
        for frame in lastTransaction...scan.liveFrames {
            for place in places(in: frame, &generator) {
                rig.disk.restore(life.image, seed: 0)
                rig.disk.flipBit(generator.below(8), ofByteAt: place, in: CrashRig.log)
                flips += 1
                do throws(StoreError) {
                    let store = try rig.open()
                    #expect(store.persistSequence == PersistSequence(through - 1))
                    expectContents(of: store, after: through - 1)
                } catch {
                    // A mark that a transaction ends where none does makes two of one: that is seen.
                    guard case .corrupt(CrashRig.log, nil, nil, _) = error else {
                        Issue.record("frame \(frame): \(error)")
                        continue
                    }
                    found += 1
                }
            }
        }
        print("rot in the last transaction: \(flips) bits, the store went back in all but \(found)")
        #expect(found < flips / 4)
    }

    private func expectContents(of store: Store, after transactions: Int) {
        #expect(throws: Never.self) {
            let contents = try rig.recover(store)
            #expect(contents == rig.script.contents[transactions])
        }
    }

    @Test("RowRot: a bit of a value in the database is found, and the slot named")
    func valueInDatabase() throws {
        let image = try checkpointed()
        let database = try #require(rig.disk.contents(of: CrashRig.database))
        var rows = 0
        for contents in rig.script.contents[rig.script.steps.count].groups {
            for vote in contents.chosen.map(\.accepted) + contents.accepted {
                let bytes = vote.proposal.bytes
                // The stamp at its end tells a value from every other; a long one lies in several pages.
                guard bytes.count < 300 else { continue }
                // Pages keep what rows left behind when they moved: every copy is flipped.
                rig.disk.restore(image, seed: 0)
                for place in database.ranges(of: bytes).map(\.lowerBound) {
                    rig.disk.flipBit(3, ofByteAt: place + bytes.count / 2, in: CrashRig.database)
                }
                let store = try rig.open()
                let found = try store.recoverAll(contents.group).votes
                #expect(found.damagedThrough == vote.slot)
                #expect(store.damage.map(\.slot) == [vote.slot])
                rows += 1
            }
        }
        print("rot in values: \(rows) rows, all found")
        #expect(rows > 10)
    }

    @Test("a bit anywhere in the database: refused, or known to be lost, or of no consequence, never served")
    func anywhereInDatabase() throws {
        let image = try checkpointed()
        let size = try #require(rig.disk.contents(of: CrashRig.database)).count
        var generator = SeededGenerator(seed: 4)
        let sound = try CrashScript.groups.map { try rig.open().recoverAll($0) }
        var refused = 0
        var admitted = 0
        let flips = 1_500
        for _ in 0..<flips {
            rig.disk.restore(image, seed: 0)
            let (place, bit) = (generator.below(size), generator.below(8))
            rig.disk.flipBit(bit, ofByteAt: place, in: CrashRig.database)
            do {
                let store = try rig.open()
                for (group, sound) in zip(CrashScript.groups, sound) {
                    let found = try store.recoverAll(group)
                    #expect(found.missed(of: sound) == nil, "bit \(bit) of byte \(place)")
                    if found.votes.damagedThrough != nil { admitted += 1 }
                }
            } catch is StoreError {
                refused += 1
            }
        }
        print(
            "rot in the database: \(flips) bits, \(refused) refused, \(admitted) admitted, the others of no consequence"
        )
        #expect(refused > flips / 50 && admitted > flips / 50)
    }

    /// The disk when everything is in the database and nothing in the log.
    private func checkpointed() throws -> DiskImage {
        rig.disk.restore(life.image, seed: 0)
        let store = try rig.open()
        try store.close()
        // Else it would be copied once more, and heal what is to be found.
        try SimulatedFiles(rig.disk).truncate(CrashRig.log)
        return rig.disk.image
    }
}
