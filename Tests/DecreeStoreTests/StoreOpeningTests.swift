import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// How a store is opened, and what is refused.
@Suite struct StoreOpeningTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func aFreshStoreRunsUnderEverySettingDurabilityRestsOn() throws {
        let store = try openStore(directory)
        try Settings.verify(store.connection, file: store.file)
        #expect(try store.connection.text("PRAGMA synchronous") == "2")
        #expect(try store.connection.text("PRAGMA journal_mode") == "wal")
        #expect(!FileManager.default.fileExists(atPath: directory.database + "-shm"))
    }

    @Test(
        arguments: [
            ("locking_mode", "NORMAL"), ("secure_delete", "ON"), ("cache_spill", "ON"),
            ("temp_store", "FILE"),
            ("mmap_size", "1000000"), ("synchronous", "NORMAL"), ("wal_autocheckpoint", "1000"),
        ])
    func aSettingThatDoesNotHoldIsRefused(name: String, value: String) throws {
        let store = try openStore(directory)
        try store.connection.execute("PRAGMA \(name) = \(value)")
        #expect {
            try Settings.verify(store.connection, file: store.file)
        } throws: {
            if case StoreError.settingRefused(name, _, _)? = $0 as? StoreError { true } else { false }
        }
    }

    @Test func aDatabaseOfAnotherPageSizeIsRefused() throws {
        try openStore(directory).close()
        try directory.sql("PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM")
        #expect(throws: StoreError.settingRefused(setting: "page_size", wanted: "4096", found: "8192")) {
            try openStore(directory)
        }
    }

    @Test func aSecondOpenerIsToldWhoHasTheStore() throws {
        let store = try openStore(directory)
        #expect(
            throws: StoreError.inUse(
                directory: directory.path, processID: ProcessInfo.processInfo.processIdentifier)
        ) { try openStore(directory) }
        try store.close()
        try openStore(directory).close()
    }

    @Test func aMissingDirectoryIsMadeWithThoseAboveIt() throws {
        let path = directory.path + "/a/b/"
        let store = try Store.open(
            directory: path, identity: StoreIdentity(cluster: "bank", node: NodeID(1)),
            groups: [StoreGroup(id: group, kind: "bank", configuration: threeVoters)])
        try store.close()
        #expect(FileManager.default.fileExists(atPath: path + "node.db"))
    }

    @Test func theStoreOfAnotherClusterNodeOrGenesisIsRefused() throws {
        try openStore(directory).close()
        #expect(
            throws: StoreError.foreignCluster(directory: directory.path, wanted: "shop", found: "bank")
        ) { try openStore(directory, cluster: "shop") }
        #expect(throws: StoreError.foreignNode(directory: directory.path, wanted: NodeID(2), found: 1)) {
            try openStore(directory, node: 2)
        }
        let genesis = NodeRow.genesis(
            cluster: "bank", groups: [StoreGroup(id: group, kind: "bank", configuration: threeVoters)])
        let other = Digest(rawValue: 7)
        #expect(throws: StoreError.foreignGenesis(directory: directory.path, wanted: other, found: genesis)) {
            try openStore(directory, genesis: other)
        }
        try openStore(directory, genesis: genesis).close()
        #expect {
            try openStore(directory, kind: "shop")
        } throws: {
            if case StoreError.foreignGenesis? = $0 as? StoreError { true } else { false }
        }
        #expect {
            try openStore(directory, groups: [group, GroupID(2)])
        } throws: {
            if case StoreError.foreignGenesis? = $0 as? StoreError { true } else { false }
        }
        try openStore(directory).close()
    }

    /// Members change through the log: the list a node is started with tells where to find them, no more.
    @Test func anotherListOfMembersOpensTheStoreAsItWasCreated() throws {
        try openStore(directory).close()
        let store = try openStore(directory, configuration: Configuration(voters: [NodeID(1), NodeID(7)]))
        #expect(try store.configurationGenesis(group) == threeVoters)
    }

    /// A node that joins is told all this by the cluster.
    @Test func aJoiningNodesStoreIsCreatedUnderTheClustersGenesis() throws {
        let genesis = try openStore(TemporaryDirectory()).genesis
        let options = StoreOptions(makeStoreID: { StoreID(rawValue: 4711) })
        let store = try openStore(directory, node: 9, genesis: genesis, options: options)
        #expect(store.genesis == genesis && store.storeID == StoreID(rawValue: 4711))
        #expect(try store.configurationGenesis(group) == threeVoters)
        try store.close()
        try openStore(directory, node: 9).close()
    }

    /// The configurations it was told are not those the digest is of: nothing is created.
    @Test func aJoiningNodeThatWasToldAnotherGenesisCreatesNothing() throws {
        let genesis = try openStore(TemporaryDirectory()).genesis
        #expect {
            try openStore(directory, genesis: genesis, configuration: Configuration(voters: [NodeID(1)]))
        } throws: {
            guard case StoreError.foreignGenesis(_, genesis, _)? = $0 as? StoreError else { return false }
            return true
        }
        try openStore(directory, genesis: genesis).close()
    }

    @Test func theStoreKeepsItsRandomName() throws {
        let first = try openStore(directory)
        let name = first.storeID
        try first.close()
        #expect(try openStore(directory).storeID == name)
        #expect(try openStore(TemporaryDirectory()).storeID != name)
    }

    @Test func anotherProgramsDatabaseIsRefusedAndLeftAsItWas() throws {
        try directory.sql("PRAGMA application_id = 7; CREATE TABLE t (a)")
        let before = try directory.bytes(of: directory.database)
        #expect {
            try openStore(directory)
        } throws: {
            if case StoreError.notAStore? = $0 as? StoreError { true } else { false }
        }
        #expect(try directory.bytes(of: directory.database) == before)
    }

    @Test func aFileThatIsNoDatabaseIsRefused() throws {
        try directory.write([UInt8](repeating: 65, count: 5_000), to: directory.database)
        #expect {
            try openStore(directory)
        } throws: {
            if case StoreError.notAStore? = $0 as? StoreError { true } else { false }
        }
    }

    @Test func migrationsAreRecordedWithTheirDigest() throws {
        try openStore(directory).close()
        #expect(
            try directory.sql("SELECT version, name, digest FROM migration")
                == zip(1...6, ["initial", "lifecycle", "unexecuted", "starts", "founding", "places"]).map {
                    version, name in
                    let text = try directory.bytes(of: migration("000\(version)_\(name).sql"))
                    return "\(version)|\(name)|\(Int64(bitPattern: Digest(of: text).rawValue))"
                })
        #expect(try directory.sql("PRAGMA user_version") == ["\(Schema.format)"])
        #expect(try directory.sql("PRAGMA application_id") == ["\(Schema.applicationID)"])
        #expect(try directory.sql("SELECT format FROM node") == ["\(Schema.format)"])
    }

    @Test func aNewerFormatIsRefused() throws {
        try openStore(directory).close()
        let next = Schema.format + 1
        try directory.sql("PRAGMA user_version = \(next)")
        #expect(
            throws: StoreError.newerFormat(file: directory.database, found: next, supported: Schema.format)
        ) {
            try openStore(directory)
        }
    }

    @Test func anAlteredMigrationIsRefused() throws {
        try openStore(directory).close()
        try directory.sql("UPDATE migration SET digest = digest - 1 WHERE version = 1")
        #expect(throws: StoreError.alteredMigration(file: directory.database, version: 1)) {
            try openStore(directory)
        }
    }

    @Test func theNodesRowIsHeldAgainstItsChecksum() throws {
        try openStore(directory).close()
        try directory.sql("UPDATE node SET persist_sequence = persist_sequence + 1")
        #expect(corruption { try openStore(directory) }?.place == "node")
        try directory.sql("DELETE FROM node")
        #expect(corruption { try openStore(directory) }?.detail == "0 rows, not 1")
    }

    @Test func aConfigurationThatWasChangedIsRefused() throws {
        try openStore(directory).close()
        try directory.sql("UPDATE configuration SET bytes = x'00'")
        #expect(corruption { try openStore(directory) }?.place == "configuration")
    }

    /// SQLite would delete the log without a word.
    @Test func aLogWithoutItsDatabaseIsRefused() throws {
        let store = try openStore(directory)
        try store.fill(["a", "b"])
        try store.close()
        let log = try directory.bytes(of: directory.log)
        try FileManager.default.removeItem(atPath: directory.database)
        #expect(corruption { try openStore(directory) }?.place == directory.database)
        #expect(try directory.bytes(of: directory.log) == log)
    }

    private func migration(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path + "/migrations/" + name
    }
}
