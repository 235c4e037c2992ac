import DecreeSimulator
import Testing

@testable import DecreeStore
@testable import Paxos

/// The production store on a simulated disk, and the script it is put through.
struct CrashRig {
    static let directory = "/data/node1"
    static let database = directory + "/node.db"
    static let log = database + "-wal"

    let script: CrashScript
    /// One disk for all runs, set back before each.
    private(set) var disk = SimulatedDisk()
    /// Small, so that the log is copied and started anew many times in a script.
    var checkpointPages = 24
    /// Stands in for the disk's files, for controls.
    var files: any StoreFiles

    private let blank: DiskImage

    init(_ script: CrashScript) {
        self.script = script
        files = SimulatedFiles(disk)
        blank = disk.image
    }

    /// How far a life of the store got before something ended it.
    struct Progress {
        /// Transactions whose commit returned: what they say may have been told to anybody.
        var reported = 0
        /// The identity, once the store has been opened: peers know it.
        var storeID: StoreID?
        /// What ended it; nil if nothing did.
        var error: StoreError?
        /// Commits that met a full disk.
        var diskFulls = 0
        /// The disk as the end of the life left it.
        var image: DiskImage
        /// What the fault struck that was injected, if it did.
        var struck: DiskOperation?
        var hasStruck: Bool { struck != nil }
    }

    /// The same on another disk.
    func on(_ disk: SimulatedDisk) -> CrashRig {
        var rig = self
        rig.disk = disk
        rig.files = SimulatedFiles(disk)
        return rig
    }

    /// An empty disk, whose chance comes from `seed`.
    func reset(seed: UInt64) { disk.restore(blank, seed: seed) }

    func open() throws(StoreError) -> Store {
        let groups = CrashScript.groups.map {
            StoreGroup(id: $0, kind: "test", configuration: CrashScript.configuration)
        }
        return try Store.open(
            directory: Self.directory, identity: StoreIdentity(cluster: "crash", node: NodeID(1)),
            groups: groups,
            options: StoreOptions(
                vfs: disk.vfsName, files: files, makeStoreID: { StoreID(rawValue: 0xDEC2EE) },
                checkpointPages: checkpointPages))
    }

    /// A life of the store, from open to close: every step of the script that is not yet there, or up to
    /// `last`. `onDiskFull` says whether a step is worth trying again.
    func live(through last: Int? = nil, onDiskFull: (Progress) -> Bool = { _ in true }) -> Progress {
        var progress = Progress(image: blank)
        var store: Store?
        do throws(StoreError) {
            let opened = try open()
            store = opened
            progress.storeID = opened.storeID
            progress.reported = Int(opened.persistSequence)
            try play(through: last ?? script.steps.count, on: opened, &progress, onDiskFull)
            try opened.close()
        } catch {
            progress.error = error
            if let store, error != .closed { expectGivenUp(store, error) }
        }
        progress.image = disk.image
        progress.struck = disk.struckOperation
        if let store, progress.error != nil {
            // A store that was given up leaves its memory to the end of the process, which for a test is
            // far away. After a kill, nothing of this reaches the disk.
            disk.kill()
            try? store.connection.close()
        }
        return progress
    }

    private func play(
        through last: Int, on store: Store, _ progress: inout Progress, _ onDiskFull: (Progress) -> Bool
    ) throws(StoreError) {
        while store.persistSequence < PersistSequence(last) {
            let index = Int(store.persistSequence)
            for case .snapshotComplete(let group, let header, _) in script.steps[index] {
                try verify(group, header, in: store)
            }
            try commit(script.steps[index], to: store, &progress, onDiskFull)
            progress.reported = index + 1
            // Some logs are copied between two commits, some at the beginning of one.
            if index % 3 == 0 { try store.checkpointIfDue() }
            if index % 17 == 16 { try store.checkpointIfIdle() }
            // In small bites; what is left goes later, in another life maybe.
            if index % 2 == 1 { _ = try store.trim(keeping: [], rows: 3) }
        }
    }

    /// Reads a snapshot back, as whoever completes one must.
    private func verify(_ group: GroupID, _ header: SnapshotHeader, in store: Store) throws(StoreError) {
        var verification = SnapshotVerification(group: group, header: header)
        while true {
            switch try store.verify(verification, chunks: 1) {
            case .more(let next): verification = next
            case .good: return
            case .bad(let detail):
                Issue.record("a snapshot that was written is bad: \(detail)")
                return
            }
        }
    }

    /// What the store says it holds when it is opened: all of it is answered for from then on.
    func recover(_ store: Store) throws -> StoreContents {
        var contents = StoreContents(groups: CrashScript.groups)
        for group in CrashScript.groups {
            var chosen: [StoreContents.Chosen] = []
            var restored: SnapshotHeader?
            let votes = try store.recover(
                group, restore: { restored = $0.header },
                replay: { chosen.append(StoreContents.Chosen(accepted: $0, chain: $1)) })
            #expect(votes.snapshot == restored && votes.damagedThrough == nil && store.damage == [])
            contents[group].chosen = chosen
            contents[group].promised = votes.promised
            contents[group].accepted = votes.accepted
            contents[group].floor = votes.floor
            contents[group].snapshot = votes.snapshot
            contents[group].partial = votes.partial
            contents.configurations[group] = try store.configurations(group)
        }
        contents.witnesses = try store.witnesses()
        contents.places = try store.places()
        return contents
    }

    private func commit(
        _ writes: [Write], to store: Store, _ progress: inout Progress, _ onDiskFull: (Progress) -> Bool
    ) throws(StoreError) {
        var outcome = try store.commit(Self.step(writes))
        while true {
            switch outcome {
            case .committed(let committed):
                #expect(committed.messages.count == 1)
                return
            case .diskFull:
                progress.diskFulls += 1
                progress.image = disk.image
                guard onDiskFull(progress) else { throw .closed }
                outcome = try store.retry()
            }
        }
    }

    /// A step of these rows, and a vote that waits for them.
    static func step(_ writes: [Write]) -> Step {
        var step = Step()
        for write in writes { step.write(write) }
        let vote = Accepted(ballot: .zero, from: Slot(1), through: Slot(1))
        step.withhold(
            Envelope(group: CrashScript.groups[0], to: NodeID(2), message: .accepted(vote)))
        return step
    }

    /// A store that met an error answers with it ever after, and leaves the disk alone.
    private func expectGivenUp(_ store: Store, _ error: StoreError) {
        guard error != .closed else { return }
        let counts = disk.counts
        let unanswered = disk.unansweredCount
        #expect(throws: error) { _ = try store.commit(Self.step(script.steps[0])) }
        #expect(throws: error) { try store.checkpointIfIdle() }
        #expect(throws: error) { try store.close() }
        #expect(disk.counts == counts && disk.unansweredCount == unanswered, "a dead store used its disk")
    }
}
