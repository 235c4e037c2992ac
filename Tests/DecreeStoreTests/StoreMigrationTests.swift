import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// Stores of older formats, as older versions wrote them: they stay test data.
@Suite struct StoreMigrationTests {
    let directory: TemporaryDirectory
    private let groups = [GroupID(1), GroupID(2)]

    init() throws {
        directory = try TemporaryDirectory()
        for file in ["node.db", "node.db-wal"] {
            try FileManager.default.copyItem(
                atPath: Self.fixture + "/" + file, toPath: directory.path + "/" + file)
        }
    }

    private static let fixture =
        URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().path
        + "/Fixtures/format-1"

    private func text(_ group: GroupID, _ slot: UInt64) -> String {
        "group \(group) slot \(slot)" + (slot % 5 == 0 ? String(repeating: "x", count: 6_000) : "")
    }

    private func expectEverything(in store: Store) throws {
        for (group, count) in zip(groups, [12, 3] as [UInt64]) {
            let written = (1...count).map { vote($0, text(group, $0)) }
            let found = try store.recoverAll(group)
            #expect(found.chosen == Array(written.dropLast(2)))
            #expect(found.votes == RecoveredVotes(promised: ballot, accepted: Array(written.suffix(2))))
        }
    }

    /// Some of it in the database, some in its log alone.
    @Test func aStoreOfTheFirstFormatIsTakenOver() throws {
        #expect(WALScan.scan(try directory.bytes(of: directory.log)).transactions == 5)
        var store = try openStore(directory, groups: groups)
        #expect(store.storeID == StoreID(rawValue: 0xDEC2EE))
        let sequence = store.persistSequence
        try expectEverything(in: store)
        #expect(try store.connection.integer("PRAGMA user_version") == Int64(Schema.format))
        #expect(try directory.isSound(store))
        // It is a store like any other from here on.
        try store.complete(snapshot(through: 50, bytes: 100), isInstalled: true, group: groups[1])
        _ = try store.trimAll()
        try store.close()
        store = try openStore(directory, groups: groups)
        #expect(store.persistSequence == sequence + 2)
        #expect(try store.recoverAll(groups[1]).votes.floor == Slot(50))
        #expect(try store.recoverAll(groups[0]).votes.floor == .zero)
        try store.close()
        #expect(try StoreInspector(directory: directory.path).verify().findings == [])
    }

    /// A tool that only looks takes nothing over.
    @Test func anInspectionReadsTheFirstFormatAsItIs() throws {
        let before = try directory.bytes(of: directory.database)
        let inspector = try StoreInspector(directory: directory.path)
        #expect(try inspector.node().format == 1)
        #expect(try inspector.floor(of: groups[0]) == .zero && inspector.snapshots(of: groups[0]) == [])
        let report = inspector.verify()
        #expect(report.findings == [] && report.chosen == 11 && report.accepted == 4)
        #expect(try directory.bytes(of: directory.database) == before)
    }

    /// What is wrong with an old store is found before it is changed.
    @Test func aRottenStoreIsNotTakenOver() throws {
        var rotten = try directory.bytes(of: directory.log)
        rotten[32 + 4_120 + 900] ^= 1
        try directory.write(rotten, to: directory.log)
        let before = try directory.bytes(of: directory.database)
        #expect(corruption { try openStore(directory, groups: groups) }?.place == directory.log)
        #expect(try directory.bytes(of: directory.database) == before)
    }

    @Test func theFloorsOfAStoreTakenOverHaveTheirChecksums() throws {
        try openStore(directory, groups: groups).close()
        #expect(
            try directory.sql("SELECT group_id, slot, checksum FROM floor")
                == groups.map { "\($0)|0|\(RowChecksum.floor($0, .zero))" })
    }
}
