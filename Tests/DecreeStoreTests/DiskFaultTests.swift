import CSQLite
import DecreeSimulator
import DecreeStore
import Testing

/// The simulated disk by itself, and under a plain SQLite connection: what later tests lean on.
@Suite("Simulated disk")
struct DiskFaultTests {
    @Test("a row committed with synchronous=FULL survives every power cut; with OFF, not")
    func synchronousFullAndOff() throws {
        for (synchronous, mayLose) in [("FULL", false), ("OFF", true)] {
            var lost = 0
            for seed in 0..<40 as Range<UInt64> {
                let disk = SimulatedDisk(seed: seed)
                do {
                    let database = try PlainDatabase(disk, synchronous: synchronous)
                    try database.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)")
                    try SimulatedFiles(disk).syncDirectory("")
                    for row in 0..<5 { try database.run("INSERT INTO t VALUES(\(row), randomblob(900))") }
                    disk.powerCut(keeping: .anything)
                }
                let rows = try? PlainDatabase(disk, synchronous: synchronous).count("t")
                if rows != 5 { lost += 1 }
            }
            #expect((lost > 0) == mayLose, "synchronous=\(synchronous) lost rows in \(lost) of 40")
        }
    }

    @Test("one seed, one behaviour")
    func determinism() throws {
        func run(_ seed: UInt64) throws -> ([DiskOperation], Int?) {
            let disk = SimulatedDisk(seed: seed)
            disk.startTrace()
            let database = try PlainDatabase(disk, synchronous: "OFF")
            try database.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)")
            for row in 0..<9 { try database.run("INSERT INTO t VALUES(\(row), zeroblob(5000))") }
            disk.powerCut(keeping: .anything)
            return (disk.takeTrace(), disk.contents(of: PlainDatabase.path + "-wal")?.count)
        }
        var sizes: [Int] = []
        for seed in 0..<12 as Range<UInt64> {
            let (trace, size) = try run(seed)
            let again = try run(seed)
            #expect(trace == again.0 && size == again.1)
            sizes.append(size ?? -1)
        }
        #expect(sizes.contains { $0 != sizes[0] }, "all seeds did the same")
    }

    @Test("SQLite's own chance follows the seed")
    func sqliteRandomness() {
        // Other tests use SQLite at the same time and draw from the same generator: some tries are theirs.
        let disk = SimulatedDisk(seed: 7)
        let image = disk.image
        let draws = (0..<50).map { _ in
            disk.restore(image, seed: 7)
            disk.seedSQLite()
            var draw: UInt64 = 0
            sqlite3_randomness(8, &draw)
            return draw
        }
        #expect(Dictionary(draws.map { ($0, 1) }, uniquingKeysWith: +).values.contains { $0 > 25 })
    }

    @Test("a second connection is kept out by the exclusive lock, and a kill frees it")
    func locks() throws {
        let disk = SimulatedDisk()
        let first = try PlainDatabase(disk, synchronous: "FULL")
        try first.run("CREATE TABLE t(a)")
        #expect(throws: PlainDatabase.Failure(code: SQLITE_BUSY)) {
            try PlainDatabase(disk, synchronous: "FULL").run("INSERT INTO t VALUES(1)")
        }
        disk.kill()
        try PlainDatabase(disk, synchronous: "FULL").run("INSERT INTO t VALUES(1)")
        #expect(throws: PlainDatabase.Failure(code: SQLITE_IOERR)) {
            try first.run("INSERT INTO t VALUES(1)")
        }
    }

    @Test("a full disk is SQLITE_FULL until there is room, and overwriting needs none")
    func capacity() throws {
        let disk = SimulatedDisk()
        let database = try PlainDatabase(disk, synchronous: "FULL")
        try database.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)")
        disk.setCapacity(bytes: disk.usedBytes)
        #expect(throws: PlainDatabase.Failure(code: SQLITE_FULL)) {
            try database.run("INSERT INTO t VALUES(1, zeroblob(50000))")
        }
        disk.setCapacity(bytes: nil)
        try database.run("INSERT INTO t VALUES(1, zeroblob(50000))")
        try database.run("PRAGMA wal_checkpoint(RESTART)")
        disk.setCapacity(bytes: disk.usedBytes)
        try database.run("UPDATE t SET b = zeroblob(9000)")
    }
}

/// A connection opened as the store opens its own, and no more.
final class PlainDatabase {
    struct Failure: Error, Equatable { let code: Int32 }

    static let path = "plain.db"
    private var connection: OpaquePointer?

    init(_ disk: SimulatedDisk, synchronous: String) throws(Failure) {
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        try check(sqlite3_open_v2(Self.path, &connection, flags, disk.vfsName))
        try run("PRAGMA locking_mode=EXCLUSIVE")
        try run("PRAGMA journal_mode=WAL")
        try run("PRAGMA synchronous=\(synchronous)")
        try run("PRAGMA wal_autocheckpoint=0")
    }

    deinit { sqlite3_close_v2(connection) }

    func run(_ sql: String) throws(Failure) { try check(sqlite3_exec(connection, sql, nil, nil, nil)) }

    func count(_ table: String) throws(Failure) -> Int {
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        try check(sqlite3_prepare_v2(connection, "SELECT count(b) FROM \(table)", -1, &statement, nil))
        guard sqlite3_step(statement) == SQLITE_ROW else { throw Failure(code: sqlite3_errcode(connection)) }
        return Int(sqlite3_column_int64(statement, 0))
    }

    private func check(_ code: Int32) throws(Failure) {
        guard code & 0xff == SQLITE_OK else { throw Failure(code: code & 0xff) }
    }
}
