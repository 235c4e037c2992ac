import DecreeSimulator
import Paxos
import Testing

@testable import DecreeStore

/// Bits that flip in the database's pages, not in what rows say but in how they are found: counts, pointers, keys.
/// SQLite believes them. A store that has lost a vote so must not open as if it had never voted (invariant
/// CorruptIsNotAbsent).
@Suite struct DatabaseRotTests {
    private static let texts = (1...60).map { "value number \($0)" }

    /// A disk with a store at rest: chosen slots, and votes above them.
    private static func storeAtRest() throws -> (SimulatedDisk, DiskImage, pages: Int) {
        let disk = SimulatedDisk(seed: 1)
        let store = try open(disk)
        try store.fill(texts)
        try store.expectCommit(step((61...90).map { .accepted(group, vote($0, "open \($0)")) }))
        try store.checkpointIfIdle()
        try store.close()
        return (disk, disk.image, (disk.contents(of: database)?.count ?? 0) / 4_096)
    }

    private static let database = "/data/node.db"

    private static func open(_ disk: SimulatedDisk) throws -> Store {
        try Store.open(
            directory: "/data", identity: StoreIdentity(cluster: "bank", node: NodeID(1)),
            groups: [StoreGroup(id: group, kind: "bank", configuration: threeVoters)],
            options: StoreOptions(vfs: disk.vfsName, files: SimulatedFiles(disk)))
    }

    /// Half the bits of each page's header and of its first pointers to cells, and a sample of the rest.
    @Test func whatIsLostIsMissed() throws {
        let (disk, image, pages) = try Self.storeAtRest()
        let sound = try Self.open(disk).recoverAll()
        #expect(sound.votes.accepted.count == 31)
        var random = SeededGenerator(seed: 3)
        var tried = 0
        var refused = 0
        var unseen: [String] = []
        for page in 0..<pages {
            let header = page == 0 ? 100 : 0
            let bytes =
                Array(header..<header + 40) + (0..<8).map { _ in header + 40 + random.below(4_056 - header) }
            for byte in bytes {
                for bit in 0..<8 where random.chance(1, in: 2) {
                    disk.restore(image, seed: 1)
                    disk.flipBit(bit, ofByteAt: page * 4_096 + byte, in: Self.database)
                    tried += 1
                    do {
                        let found = try Self.open(disk).recoverAll()
                        guard found.chosen != sound.chosen || found.votes != sound.votes else { continue }
                        unseen.append("page \(page + 1), byte \(byte), bit \(bit)")
                    } catch {
                        refused += 1
                    }
                }
            }
        }
        print("\(tried) bits of \(pages) pages: \(refused) refused, \(unseen.count) unseen")
        #expect(unseen == [])
        #expect(refused > 0)
    }
}
