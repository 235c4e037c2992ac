import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// Invariant 26, OneProcess, on disk: each start has its row, and a store that is fenced stays so.
@Suite struct StoreStartsTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func start(_ process: UInt64) throws -> [NodeStart] {
        let store = try openStore(directory)
        defer { try? store.close() }
        return try store.begin(process: process)
    }

    @Test func eachStartHasANumberAndAProcess() throws {
        #expect(try start(77) == [NodeStart(incarnation: 1, process: 77, beganAt: 0)])
        let store = try openStore(directory)
        try store.fill(["a", "b"])
        let sequence = store.persistSequence
        try store.close()
        let starts = try start(78)
        #expect(starts.last == NodeStart(incarnation: 2, process: 78, beganAt: sequence))
        #expect(try start(79).dropLast() == starts[...])
        // A start is no transaction, and a process that only looks makes none.
        #expect(try openStore(directory).persistSequence == sequence)
        let inspector = try StoreInspector(directory: directory.path)
        #expect(inspector.verify().findings == [])
        #expect(try inspector.starts().map(\.incarnation) == [1, 2, 3])
        #expect(try directory.sql("SELECT * FROM violations") == [])
    }

    /// Two copies of one store that start are told apart by their processes alone.
    @Test func copiesOfOneStoreAreToldApart() throws {
        _ = try start(1)
        let copy = try TemporaryDirectory()
        for file in [directory.database, directory.log] {
            let name = URL(fileURLWithPath: file).lastPathComponent
            try FileManager.default.copyItem(atPath: file, toPath: copy.path + "/" + name)
        }
        let one = try start(2)
        let store = try openStore(copy)
        let other = try store.begin(process: 3)
        try store.close()
        #expect(one.dropLast() == other.dropLast() && one.last?.incarnation == other.last?.incarnation)
        #expect(one.last != other.last)
    }

    @Test func theLastThousandAreKept() throws {
        let store = try openStore(directory)
        for process in 1...1_005 { _ = try store.begin(process: UInt64(process)) }
        try store.close()
        let starts = try start(9)
        #expect(starts.count == 1_001 && starts[0].incarnation == 6)
        #expect(try directory.sql("SELECT count(*), min(incarnation) FROM start") == ["1000|7"])
        #expect(try directory.sql("SELECT * FROM violations") == [])
    }

    @Test(
        arguments: [
            "UPDATE start SET process = process + 1 WHERE incarnation = 1",
            "UPDATE start SET began_at = 1 WHERE incarnation = 2", "UPDATE start SET checksum = 0",
            "DELETE FROM start WHERE incarnation = 2",
        ])
    func aRottenStartIsRefused(_ sql: String) throws {
        for process in 1...3 { _ = try start(UInt64(process)) }
        try directory.sql(sql)
        #expect(corruption { try openStore(directory) }?.place == "start")
        #expect(
            try StoreInspector(directory: directory.path).verify().findings.contains { $0.place == "start" })
    }

    @Test func noNodeStartsOnAStoreThatIsFenced() throws {
        var store = try openStore(directory)
        try store.fill(["a"])
        store.fence("another process runs as node 1")
        store.fence("and again")
        try store.close()
        for _ in 0..<2 {
            #expect(
                throws: StoreError.fenced(
                    directory: directory.path, reason: "another process runs as node 1")
            ) { try openStore(directory) }
        }
        // What is in it can be read, and says why.
        let inspector = try StoreInspector(directory: directory.path)
        #expect(try inspector.fence() == "another process runs as node 1")
        #expect(inspector.verify().findings == [])
        // A row that rotted is no less a fence.
        try directory.sql("UPDATE fence SET reason = 'none'")
        #expect(throws: StoreError.self) { store = try openStore(directory) }
    }

    @Test func whichStartWasSeenIsReadBack() throws {
        let seen = NodeWitness(
            node: NodeID(2), store: StoreID(rawValue: 77), persistSequence: 12,
            seen: SeenStart(NodeStart(incarnation: 4, process: 9, beganAt: 11), isVoting: true))
        let plain = NodeWitness(node: NodeID(3), store: StoreID(rawValue: 78), persistSequence: 1)
        let store = try openStore(directory)
        try store.expectCommit(step(.witness(seen), .witness(plain)))
        try store.close()
        #expect(try openStore(directory).witnesses() == [seen, plain])
        #expect(try StoreInspector(directory: directory.path).witnesses() == [seen, plain])
        try directory.sql("UPDATE witness SET is_voting = 0 WHERE node_id = 2")
        #expect(corruption { try openStore(directory) }?.place == "witness")
    }

    private static let formatThree =
        URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().path
        + "/Fixtures/format-3"

    /// Node 1 of three that was killed, with ten chosen slots and what it saw of the other two.
    @Test func aStoreOfTheThirdFormatIsTakenOver() throws {
        for file in ["node.db", "node.db-wal"] {
            try FileManager.default.copyItem(
                atPath: Self.formatThree + "/" + file, toPath: directory.path + "/" + file)
        }
        let before = try StoreInspector(directory: directory.path)
        #expect(try before.node().format == 3)
        #expect(before.verify().findings == [] && before.verify().chosen == 10)
        let witnesses = try before.witnesses()
        #expect(witnesses.map(\.node) == [NodeID(2), NodeID(3)] && witnesses.allSatisfy { $0.seen == nil })
        #expect(try before.starts() == [] && before.fence() == nil)
        var store = try openStore(directory)
        #expect(try store.connection.integer("PRAGMA user_version") == Int64(Schema.format))
        #expect(try store.witnesses() == witnesses)
        #expect(try store.recoverAll().chosen.count == 10)
        #expect(
            try store.begin(process: 5) == [NodeStart(incarnation: 1, process: 5, beganAt: 13)])
        try store.close()
        store = try openStore(directory)
        #expect(try store.begin(process: 6).count == 2)
        try store.close()
        #expect(try StoreInspector(directory: directory.path).verify().findings == [])
    }
}
