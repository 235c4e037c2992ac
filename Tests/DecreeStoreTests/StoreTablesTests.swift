import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// The small tables: configurations, witnesses, floors, the rows of snapshots. Nothing in them can be had from others.
@Suite struct StoreTablesTests {
    let directory: TemporaryDirectory
    private let taken = snapshot(through: 500, bytes: 2 * SnapshotHeader.chunkBytes, seed: 3)
    private let fewer = Configuration(voters: [NodeID(1), NodeID(2)])
    private let witness = NodeWitness(node: NodeID(2), store: StoreID(rawValue: 77), persistSequence: 12)

    init() throws {
        directory = try TemporaryDirectory()
        let store = try openStore(directory)
        try store.fill(["a", "b"])
        try store.complete(taken, isInstalled: true)
        try store.expectCommit(step(.configuration(group, from: Slot(756), fewer), .witness(witness)))
        try store.close()
    }

    @Test func configurationsAndWitnessesAreReadBack() throws {
        var store = try openStore(directory)
        #expect(
            try store.configurations(group) == [
                .init(from: .zero, configuration: threeVoters), .init(from: Slot(756), configuration: fewer),
            ])
        #expect(try store.configurationGenesis(group) == threeVoters)
        #expect(try store.witnesses() == [witness])
        let later = NodeWitness(node: NodeID(2), store: StoreID(rawValue: 77), persistSequence: 13)
        let other = NodeWitness(node: NodeID(1), store: StoreID(rawValue: 5), persistSequence: 1)
        try store.expectCommit(step(.witness(later), .witness(other)))
        try store.close()
        store = try openStore(directory)
        #expect(try store.witnesses() == [other, later])
    }

    /// Else two idle nodes would go on for ever seeing that the other has written down what it saw.
    @Test func whatWasSeenOfOthersAloneDoesNotCountAsATransaction() throws {
        var store = try openStore(directory)
        let sequence = store.persistSequence
        let later = NodeWitness(node: NodeID(2), store: StoreID(rawValue: 77), persistSequence: 13)
        #expect(try store.expectCommit(step(.witness(later))).persistSequence == sequence)
        try store.close()
        store = try openStore(directory)
        #expect(try store.witnesses() == [later] && store.persistSequence == sequence)
    }

    @Test func whereNodesWereReachedIsReadBackUnlessItRotted() throws {
        var store = try openStore(directory)
        let sequence = store.persistSequence
        let (first, other) = (
            NodePlace(node: NodeID(2), address: "b:1"), NodePlace(node: NodeID(3), address: "c:1")
        )
        let later = NodePlace(node: NodeID(2), address: "b:2", configured: "b:1")
        try store.expectCommit(step(.place(first), .place(other)))
        try store.expectCommit(step(.place(later)))
        #expect(store.persistSequence == sequence, "it says nothing of this store")
        try store.close()
        store = try openStore(directory)
        #expect(try store.places() == [later, other])
        try store.close()
        #expect(try StoreInspector(directory: directory.path).verify().findings.isEmpty)
        try directory.sql("UPDATE place SET address = 'd:1' WHERE node_id = 3")
        #expect(try openStore(directory).places() == [later])
        let findings = try StoreInspector(directory: directory.path).verify().findings.map(\.description)
        #expect(findings == ["place: where node 3 was reached differs from its checksum"])
    }

    /// Each column of each row, but for a chunk's bytes, which are in the next test.
    @Test(
        arguments: [
            ("UPDATE floor SET slot = slot - 1", "floor"), ("UPDATE floor SET checksum = 0", "floor"),
            ("DELETE FROM floor", "floor"), ("UPDATE floor SET group_id = 2", "floor"),
            ("UPDATE witness SET node_id = 3", "witness"), ("UPDATE witness SET store_id = 76", "witness"),
            ("UPDATE witness SET persist_sequence = 11", "witness"),
            ("UPDATE witness SET incarnation = 3, process = 1, began_at = 2, is_voting = 0", "witness"),
            ("UPDATE witness SET checksum = 0", "witness"), ("UPDATE witness SET node_id = -1", "witness"),
            ("UPDATE configuration SET slot = 757 WHERE slot > 0", "configuration"),
            ("UPDATE configuration SET bytes = x'01' WHERE slot > 0", "configuration"),
            ("UPDATE configuration SET checksum = 0 WHERE slot > 0", "configuration"),
            ("DELETE FROM configuration WHERE slot = 0", "configuration"),
            ("UPDATE snapshot SET snapshot_id = 2", "snapshot"),
            ("UPDATE snapshot SET group_id = 2", "snapshot"),
            ("UPDATE snapshot SET slot = 501", "snapshot"), ("UPDATE snapshot SET chain = 1", "snapshot"),
            ("UPDATE snapshot SET byte_count = 9", "snapshot"),
            ("UPDATE snapshot SET byte_count = -9", "snapshot"),
            ("UPDATE snapshot SET digest = 9", "snapshot"),
            ("UPDATE snapshot SET is_complete = 0", "snapshot"),
            ("UPDATE snapshot SET checksum = 0", "snapshot"), ("DELETE FROM snapshot", "floor"),
            ("UPDATE snapshot_chunk SET checksum = 0 WHERE chunk = 1", "snapshot"),
            ("UPDATE snapshot_chunk SET key = key + 1 WHERE chunk = 1", "snapshot"),
            ("DELETE FROM snapshot_chunk WHERE chunk = 0", "snapshot"),
        ])
    func aRowThatIsNotWhatWasWrittenRefusesTheStore(sql: String, place: String) throws {
        try directory.sql(sql)
        #expect(corruption { try openStore(directory).recoverAll() }?.place == place)
        let findings = try StoreInspector(directory: directory.path).verify().findings.map(\.place)
        // Of a row that is not there, what it should belong to tells.
        let named = sql.hasPrefix("DELETE") ? "" : place
        #expect(findings.contains { $0.hasPrefix(named) }, "\(findings)")
    }

    @Test func aBitAnywhereInAChunkIsFound() throws {
        let store = try openStore(directory)
        try store.close()
        try FileManager.default.removeItem(atPath: directory.log)
        let sound = try directory.bytes(of: directory.database)
        for at in [0, 70_000, 131_071] {
            var rotten = sound
            for copy in sound.ranges(of: Array(taken.bytes[max(0, at - 7)...min(at + 7, 131_071)])) {
                rotten[copy.lowerBound + min(at, 7)] ^= 16
            }
            try #require(rotten != sound)
            try directory.write(rotten, to: directory.database)
            #expect(try directory.sql("PRAGMA integrity_check") == ["ok"])
            let found = corruption { try openStore(directory).recoverAll() }
            #expect(found?.place == "snapshot" && found?.slot == Slot(500))
            #expect(found?.detail == "chunk \(at / 65_536) differs from its checksum")
            #expect(
                try StoreInspector(directory: directory.path).verify().findings.map(\.description)
                    == ["snapshot_chunk group 1 slot 500: chunk \(at / 65_536) differs from its checksum"])
        }
    }

    // MARK: Inspection

    @Test func anInspectionTellsOfFloorsAndSnapshots() throws {
        let store = try openStore(directory)
        let after = vote(501, "after")
        let chain = taken.header.chain.chained(Slot(501), after.proposal.digest)
        try store.expectCommit(
            step(.accepted(group, after), .chosen(group, Slot(501), ballot, chain: chain)))
        try store.write(snapshot(through: 900, bytes: 70_000, seed: 4), chunks: 0..<1)
        try store.close()
        let inspector = try StoreInspector(directory: directory.path)
        #expect(try inspector.floor(of: group) == Slot(500))
        #expect(try inspector.snapshots(of: group).map(\.isComplete) == [true, false])
        #expect(try inspector.snapshots(of: group).map(\.chunks) == [2, 1])
        #expect(try inspector.latestSnapshot(of: group) == taken.header)
        #expect(try inspector.witnesses() == [witness])
        #expect(try inspector.chosenThrough(of: group) == Slot(501))
        #expect(try inspector.chain(of: group, at: Slot(500)) == taken.header.chain)
        #expect(try inspector.chain(of: group, at: Slot(501)) == chain)
        var slots: [UInt64] = []
        try inspector.forEachSlot(of: group) { slots.append($0.slot.rawValue) }
        #expect(slots == [501])
        let report = inspector.verify()
        #expect(report.findings == [])
        #expect(report.snapshots == 2 && report.chunks == 3 && report.chosen == 1)
    }

    /// Slots between the floor and the snapshot are kept for those who are a little behind.
    @Test func anInspectionHoldsTheKeptTailAgainstTheSnapshot() throws {
        for isSame in [true, false] {
            let directory = try TemporaryDirectory()
            let store = try openStore(directory)
            try store.fill((1...9).map { "value \($0)" })
            let chain = (1...6).reduce(Digest.zero) { $0.chained(Slot($1), proposal("value \($1)").digest) }
            try store.complete(
                snapshot(through: 6, bytes: 10, chain: isSame ? chain : Digest(rawValue: 8)))
            try store.expectCommit(step(.floor(group, Slot(4))))
            _ = try store.trimAll()
            try store.close()
            let inspector = try StoreInspector(directory: directory.path)
            let report = inspector.verify()
            #expect(report.chosen == 4)
            #expect(
                report.findings.map(\.description)
                    == (isSame
                        ? [] : ["snapshot group 1 slot 6: the chain of chosen slots through it is another"]))
            var slots: [UInt64] = []
            try inspector.forEachSlot(of: group) { slots.append($0.slot.rawValue) }
            #expect(slots == Array(5...9))
        }
    }
}
