import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// Reading a stopped node's store from outside.
@Suite struct StoreInspectorTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        let store = try openStore(directory)
        try store.fill((1...30).map { "value number \($0) " + String(repeating: "x", count: 200) })
        try store.close()
    }

    private func inspect() throws(StoreError) -> StoreInspector {
        try StoreInspector(directory: directory.path)
    }

    /// Names, sizes, times and contents of all files.
    private func fingerprint() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().map { name in
            let path = directory.path + "/" + name
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            return "\(name) \(time) \(Digest(of: try directory.bytes(of: path)))"
        }
    }

    private func removeLog() throws {
        let store = try openStore(directory)
        try store.close()
        try FileManager.default.removeItem(atPath: directory.log)
    }

    @Test func itTellsWhoseStoreItIsAndWhatIsInIt() throws {
        let inspector = try inspect()
        let node = try inspector.node()
        #expect(node.cluster == "bank" && node.node == 1 && node.persistSequence == 31)
        #expect(try inspector.groups().map(\.id) == [group])
        #expect(try inspector.groups().map(\.kind) == ["bank"])
        #expect(try inspector.promise(of: group) == ballot)
        var slots: [InspectedSlot] = []
        try inspector.forEachSlot(of: group) { slots.append($0) }
        #expect(slots.map(\.slot.rawValue) == Array(1...30))
        #expect(slots.dropLast().allSatisfy { $0.chosen?.ballot == ballot })
        #expect(slots.last?.chosen == nil)
        var chain = Digest.zero
        for slot in slots.dropLast() { chain = chain.chained(slot.slot, slot.proposal.digest) }
        #expect(slots.dropLast().last?.chosen?.chain == chain)
    }

    @Test func itTellsTheChainAtASlot() throws {
        let inspector = try inspect()
        var chains: [Slot: Digest] = [:]
        try inspector.forEachSlot(of: group) { chains[$0.slot] = $0.chosen?.chain }
        #expect(try inspector.chosenThrough(of: group) == Slot(29))
        #expect(try inspector.chain(of: group, at: Slot(1)) == chains[Slot(1)])
        #expect(try inspector.chain(of: group, at: Slot(29)) == chains[Slot(29)])
        #expect(try inspector.chain(of: group, at: Slot(30)) == nil)
        #expect(try inspector.chosenThrough(of: GroupID(2)) == .zero)
    }

    @Test(arguments: [true, false]) func nothingIsChangedByLooking(withLog: Bool) throws {
        if !withLog { try removeLog() }
        let before = try fingerprint()
        do {
            let inspector = try inspect()
            #expect((inspector.walScan.liveFrames > 0) == withLog)
            #expect(inspector.verify().isHealthy)
            try inspector.forEachSlot(of: group) { _ in }
            #expect(try fingerprint() == before, "while it is open")
        }
        #expect(try fingerprint() == before)
    }

    /// SQLite deletes the log of an empty database, even for one that opened it to read.
    @Test func aLogThatIsAllThereIsOfAStoreIsNotTouched() throws {
        try directory.write([], to: directory.database)
        let before = try fingerprint()
        let found = corruption { _ = try inspect() }
        #expect(found?.detail.hasPrefix("the database is missing or empty, its log holds ") == true)
        #expect(try fingerprint() == before)
        #expect(corruption { _ = try openStore(directory) }?.detail == found?.detail)
    }

    @Test func aStoreInUseIsNotRead() throws {
        let store = try openStore(directory)
        #expect(
            throws: StoreError.inUse(
                directory: directory.path, processID: ProcessInfo.processInfo.processIdentifier)
        ) { try inspect() }
        try store.close()
        let inspector = try inspect()
        #expect {
            try openStore(directory)
        } throws: {
            if case StoreError.inUse? = $0 as? StoreError { true } else { false }
        }
        #expect(inspector.verify().isHealthy)
    }

    @Test func whereThereIsNoStoreItSaysSo() throws {
        #expect(throws: StoreError.missing(directory: "/nowhere")) {
            try StoreInspector(directory: "/nowhere")
        }
    }

    @Test func aHealthyStoreVerifies() throws {
        let report = try inspect().verify()
        #expect(report.findings == [])
        #expect(report.groups == 1 && report.chosen == 29 && report.accepted == 1)
        #expect(report.walFrames > 0)
    }

    @Test func verifyGoesOnAfterAFinding() throws {
        try directory.sql("UPDATE accepted SET value = x'0105' WHERE slot IN (3, 17, 30)")
        #expect(
            try inspect().verify().findings.map(\.description) == [
                "accepted group 1 slot 3: the row differs from its checksum",
                "chosen group 1 slot 4: the chosen slot before it is 2",
                "accepted group 1 slot 17: the row differs from its checksum",
                "chosen group 1 slot 18: the chosen slot before it is 16",
                "accepted group 1 slot 30: the row differs from its checksum",
            ])
    }

    @Test(
        arguments: [
            ("UPDATE chosen SET chain = chain + 1 WHERE slot = 9", "chosen"),
            ("UPDATE promise SET ballot = ballot + 65536", "promise"),
            ("UPDATE node SET persist_sequence = 1", "node"),
            ("UPDATE configuration SET bytes = x'01'", "configuration"),
            ("UPDATE groups SET kind = 'shop'", "groups"),
            ("UPDATE migration SET name = 'x', digest = 0", "store"),
            ("UPDATE accepted SET ballot = ballot + 65536 WHERE slot = 30", "accepted"),
        ])
    func verifyFindsWhatTheViewCannotSee(sql: String, place: String) throws {
        try directory.sql(sql)
        #expect(try inspect().verify().findings.map(\.place).contains(place))
        if place != "accepted" { #expect(try directory.sql("SELECT * FROM violations") == []) }
    }

    @Test func verifyFindsALogThatRots() throws {
        var rotten = try directory.bytes(of: directory.log)
        rotten[32 + 10 * 4_120 + 100] ^= 1
        try directory.write(rotten, to: directory.log)
        let report = try inspect().verify()
        #expect(report.findings.first?.place == directory.log)
        #expect(report.findings.first?.detail.hasPrefix("frame 11:") == true)
    }

    @Test func verifyFindsPagesThatMakeNoSense() throws {
        try removeLog()
        var rotten = try directory.bytes(of: directory.database)
        let page = try #require(
            Int(directory.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'chosen'")[0]))
        for offset in 0..<100 { rotten[(page - 1) * 4_096 + offset] = 0xff }
        try directory.write(rotten, to: directory.database)
        let report = try inspect().verify()
        #expect(report.findings.contains { $0.place == directory.database })
    }
}
