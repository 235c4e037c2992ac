import CSQLite
import DecreeSimulator
import Testing

@testable import DecreeStore

/// A gathering write-ahead log by itself, called as SQLite calls it, over a disk that counts.
@Suite("Gathering file")
struct GatheringFileTests {
    private let disk = SimulatedDisk(seed: 5)

    private func open() throws -> OpenLog {
        let log = try OpenLog(disk)
        // With its first sync the directory is synced.
        _ = log.sync()
        disk.startTrace()
        return log
    }

    @Test("writes that continue one another are one, and it goes out before the sync")
    func gathers() throws {
        let log = try open()
        for (place, size) in [(32, 24), (56, 4_096), (4_152, 24), (4_176, 4_096)] {
            #expect(log.write(size, of: 7, at: place) == SQLITE_OK)
        }
        #expect(disk.takeTrace() == [])
        #expect(log.sync() == SQLITE_OK)
        #expect(trace() == ["write 32+8240", "sync 0+0"])
        #expect(disk.contents(of: OpenLog.path)?.filter { $0 == 7 }.count == 8_240)
    }

    @Test("a write elsewhere, even over what is held, comes after it")
    func elsewhere() throws {
        let log = try open()
        _ = log.write(100, of: 1, at: 0)
        _ = log.write(50, of: 2, at: 0)
        _ = log.write(50, of: 3, at: 200)
        _ = log.sync()
        #expect(trace() == ["write 0+100", "write 0+50", "write 200+50", "sync 0+0"])
        let bytes = [(2, 50), (1, 50), (0, 100), (3, 50)] as [(UInt8, Int)]
        #expect(disk.contents(of: OpenLog.path) == bytes.flatMap { [UInt8](repeating: $0, count: $1) })
    }

    @Test("no write is longer than the unix VFS can write")
    func long() throws {
        let log = try open()
        for frame in 0..<40 {
            _ = log.write(24, of: 1, at: frame * 4_120)
            _ = log.write(4_096, of: 2, at: frame * 4_120 + 24)
        }
        _ = log.write(70_000, of: 3, at: 40 * 4_120)
        _ = log.sync()
        let writes = disk.takeTrace().filter { $0.kind == .write }
        #expect(writes.count == 4 && writes.prefix(3).allSatisfy { $0.length <= GatheringFile.bufferBytes })
        #expect(
            writes.map(\.offset) == writes.reduce(into: [0]) { $0.append($0.last! + $1.length) }.dropLast())
        #expect(disk.contents(of: OpenLog.path)?.count == 40 * 4_120 + 70_000)
    }

    @Test("what is held is read, counted, cut off, and not forgotten when the file is closed")
    func seen() throws {
        var log = try open()
        _ = log.write(100, of: 9, at: 0)
        #expect(log.read(100, at: 0) == [UInt8](repeating: 9, count: 100))
        _ = log.write(100, of: 9, at: 100)
        #expect(log.size() == 200)
        _ = log.write(100, of: 9, at: 200)
        #expect(log.truncate(to: 250) == SQLITE_OK && log.size() == 250)
        _ = log.write(100, of: 9, at: 250)
        #expect(log.close() == SQLITE_OK)
        #expect(disk.contents(of: OpenLog.path) == [UInt8](repeating: 9, count: 350))
        log = try open()
        #expect(log.size() == 350)
    }

    @Test(
        "an error of what was held is the answer to the call that flushes it, and what failed is never written",
        arguments: [(DiskFault.Effect.diskFull, SQLITE_FULL), (.inputOutputError, SQLITE_IOERR | 3 << 8)])
    func errors(effect: DiskFault.Effect, code: Int32) throws {
        let calls: [(OpenLog) -> Int32] = [
            { $0.sync() }, { $0.truncate(to: 0) }, { $0.sizeCode() }, { $0.readCode() }, { $0.close() },
            { $0.write(1, of: 2, at: 900) }, { $0.write(GatheringFile.bufferBytes, of: 2, at: 200) },
        ]
        for (index, call) in calls.enumerated() {
            let log = try open()
            _ = log.write(100, of: 1, at: 100)
            _ = disk.takeTrace()
            disk.inject(DiskFault(effect, at: 1, of: .write))
            #expect(call(log) == code, "call \(index)")
            #expect(disk.takeTrace().map(\.kind) == (index == 4 ? [.write, .close] : [.write]))
            guard index != 4 else { continue }
            #expect(log.sync() == SQLITE_OK && log.close() == SQLITE_OK)
            #expect(disk.takeTrace().map(\.kind) == [.sync, .close], "call \(index)")
        }
    }

    @Test("an error of the sync itself stays one, and a full disk there is no full disk")
    func syncError() throws {
        let log = try open()
        _ = log.write(100, of: 1, at: 0)
        disk.inject(DiskFault(.inputOutputError, at: 1, of: .syncs))
        #expect(log.sync() == SQLITE_IOERR | 4 << 8)
        #expect(log.sync() == SQLITE_OK)
        #expect(disk.takeTrace().map(\.kind) == [.write, .sync, .sync])
    }

    @Test("a log that cannot be opened is not, and holds no file open")
    func refused() throws {
        disk.inject(DiskFault(.inputOutputError, at: 1, of: DiskOperationKinds(.create)))
        #expect(throws: OpenLog.Refused(code: SQLITE_IOERR)) { try OpenLog(disk) }
        #expect(GatheringVFS(over: "there is none of that name") == nil)
    }

    /// The operations since the last look, without the path.
    private func trace() -> [String] {
        disk.takeTrace().map { "\($0.kind) \($0.offset)+\($0.length)" }
    }
}

/// A log opened through a gathering VFS, without SQLite.
private final class OpenLog {
    struct Refused: Error, Equatable { let code: Int32 }

    static let path = "a-wal"
    private let vfs: GatheringVFS
    private let file: UnsafeMutablePointer<sqlite3_file>

    init(_ disk: SimulatedDisk) throws {
        vfs = try #require(GatheringVFS(over: disk.vfsName))
        let found = try #require(sqlite3_vfs_find(vfs.name))
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Int(found.pointee.szOsFile), alignment: 8)
        file = memory.assumingMemoryBound(to: sqlite3_file.self)
        let flags = SQLITE_OPEN_WAL | SQLITE_OPEN_CREATE | SQLITE_OPEN_READWRITE
        let code = found.pointee.xOpen(found, Self.path, file, flags, nil)
        guard code == SQLITE_OK else { throw Refused(code: code) }
    }

    deinit {
        if file.pointee.pMethods != nil { _ = close() }
        vfs.free()
        UnsafeMutableRawPointer(file).deallocate()
    }

    private var methods: sqlite3_io_methods { file.pointee.pMethods.pointee }

    func write(_ size: Int, of byte: UInt8, at place: Int) -> Int32 {
        methods.xWrite(file, [UInt8](repeating: byte, count: size), Int32(size), sqlite3_int64(place))
    }

    func read(_ size: Int, at place: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        #expect(methods.xRead(file, &bytes, Int32(size), sqlite3_int64(place)) == SQLITE_OK)
        return bytes
    }

    func readCode() -> Int32 {
        var byte: UInt8 = 0
        return methods.xRead(file, &byte, 1, 0)
    }

    func size() -> Int {
        var size: sqlite3_int64 = -1
        #expect(methods.xFileSize(file, &size) == SQLITE_OK)
        return Int(size)
    }

    func sizeCode() -> Int32 {
        var size: sqlite3_int64 = -1
        return methods.xFileSize(file, &size)
    }

    func sync() -> Int32 { methods.xSync(file, SQLITE_SYNC_NORMAL) }
    func truncate(to size: Int) -> Int32 { methods.xTruncate(file, sqlite3_int64(size)) }
    func close() -> Int32 { methods.xClose(file) }
}
