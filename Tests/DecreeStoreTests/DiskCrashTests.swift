import DecreeSimulator
import DecreeStore
import Testing

/// What the simulated disk does to files that nobody synced, or whose sync failed.
@Suite("Simulated disk: crashes")
struct DiskCrashTests {
    private let disk = SimulatedDisk(seed: 3)
    private var files: SimulatedFiles { SimulatedFiles(disk) }

    /// A durable file of `count` bytes of 1.
    private func makeFile(_ path: String, count: Int) throws {
        try files.lock(path, exclusively: true)?.release()
        try files.overwrite(path, with: ones(count)[...])
        try files.syncDirectory("/")
    }

    private func ones(_ count: Int) -> [UInt8] { [UInt8](repeating: 1, count: count) }

    /// Writes without the sync that follows: it fails.
    private func write(_ path: String, _ bytes: [UInt8]) {
        disk.inject(DiskFault(.crash, at: 1, of: .syncs))
        #expect(throws: StoreError.self) { try files.overwrite(path, with: bytes[...]) }
        disk.kill()
    }

    @Test("an unsynced write is there after a kill, and gone after the power cut that follows")
    func killThenPowerCut() throws {
        try makeFile("/file", count: 9_000)
        write("/file", [2, 2, 2])
        #expect(disk.contents(of: "/file")?.prefix(4) == [2, 2, 2, 1])
        disk.powerCut(keeping: .nothing)
        #expect(disk.contents(of: "/file") == ones(9_000))
    }

    @Test("a torn write leaves whole sectors, or whole pages, of it", arguments: [512, 4_096])
    func torn(pieceBytes: Int) throws {
        var mixtures = 0
        for seed in 0..<20 as Range<UInt64> {
            disk.restore(SimulatedDisk().image, seed: seed)
            try makeFile("/file", count: 20_000)
            write("/file", [UInt8](repeating: 2, count: 17_000))
            disk.powerCut(keeping: pieceBytes == 512 ? .tornSectors : .tornPages)
            let content = try #require(disk.contents(of: "/file"))
            #expect(content.count == 20_000)
            for start in stride(from: 0, to: 17_000, by: pieceBytes) {
                let piece = content[start..<min(17_000, start + pieceBytes)]
                #expect(piece.allSatisfy { $0 == piece.first })
            }
            #expect(content[17_000...].allSatisfy { $0 == 1 })
            if Set(content[..<17_000]).count == 2 { mixtures += 1 }
        }
        #expect(mixtures > 10)
    }

    @Test("what a failed sync forgot, no later sync writes; the file's size is remembered")
    func failedSync() throws {
        try makeFile("/file", count: 100)
        disk.inject(DiskFault(.inputOutputError, at: 1, of: .syncs))
        #expect(throws: StoreError.self) {
            try files.overwrite("/file", with: [UInt8](repeating: 2, count: 9_000)[...])
        }
        try files.overwrite("/file", with: [3])
        #expect(disk.contents(of: "/file") == [3] + [UInt8](repeating: 2, count: 8_999))
        disk.powerCut(keeping: .everything)
        #expect(
            disk.contents(of: "/file") == [3] + ones(99) + [UInt8](repeating: 0, count: 8_900))
    }

    @Test("a name that was not synced may vanish, and with its directory all that it holds")
    func names() throws {
        _ = try files.createDirectory("/data/store")
        try files.lock("/data/store/file", exclusively: true)?.release()
        try files.overwrite("/data/store/file", with: [1, 2])
        let image = disk.image
        disk.powerCut(keeping: .nothing)
        #expect(disk.contents(of: "/data/store/file") == nil)
        disk.restore(image, seed: 0)
        try files.syncDirectory("/data/store")
        disk.powerCut(keeping: .nothing)
        #expect(disk.contents(of: "/data/store/file") == [1, 2])

        // The directory's own name this time, kept from being synced by a crash.
        disk.inject(DiskFault(.crash, at: 1, of: .syncs))
        #expect(throws: StoreError.self) { try files.createDirectory("/other") }
        disk.kill()
        try files.lock("/other/file", exclusively: true)?.release()
        try files.overwrite("/other/file", with: [1])
        try files.syncDirectory("/other")
        disk.powerCut(keeping: .nothing)
        #expect(disk.contents(of: "/other/file") == nil)
        #expect(try files.createDirectory("/other"))
    }

    @Test("a machine that is down answers nothing, and what it held open stays closed after it is back")
    func down() throws {
        try makeFile("/file", count: 10)
        let lock = try files.lock("/lock", exclusively: true)
        #expect(throws: StoreError.inUse(directory: "/", processID: nil)) {
            _ = try files.lock("/lock", exclusively: true)
        }
        disk.inject(DiskFault(.crash, at: 3, of: .all))
        #expect(throws: StoreError.self) { _ = try files.read("/file") }
        #expect(disk.isDown && disk.struckOperation?.kind == .read)
        let asked = disk.counts
        #expect(throws: StoreError.self) { _ = try files.size(of: "/file") }
        #expect(disk.counts == asked && disk.unansweredCount > 0)
        disk.kill()
        let taken = try files.lock("/lock", exclusively: true)
        lock?.release()
        #expect(throws: StoreError.inUse(directory: "/", processID: nil)) {
            _ = try files.lock("/lock", exclusively: true)
        }
        taken?.release()
    }

    @Test("a flipped bit is seen by the process, and after a power cut")
    func rot() throws {
        try makeFile("/file", count: 10)
        #expect(disk.flipBit(1, ofByteAt: 4, in: "/file") && !disk.flipBit(1, ofByteAt: 10, in: "/file"))
        #expect(disk.contents(of: "/file")?[4] == 3)
        disk.powerCut(keeping: .nothing)
        #expect(disk.contents(of: "/file")?[4] == 3)
    }
}
