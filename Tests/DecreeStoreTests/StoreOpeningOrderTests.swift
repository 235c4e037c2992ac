import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// Nothing that is read at open counts as durable.
@Suite struct StoreOpeningOrderTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func theLiveLogIsWrittenOverItselfAndSyncedBeforeSQLiteOpens() throws {
        let store = try openStore(directory)
        try store.fill(["a", "b", "c"])
        try store.close()
        let log = try directory.bytes(of: directory.log)
        let live = WALScan.scan(log).liveBytes
        try #require(live < log.count)
        let files = RecordingFiles()
        let reopened = try openStore(directory, options: StoreOptions(files: files))
        #expect(
            files.calls == [
                "createDirectory", "lock node.lock", "read node.db-wal", "overwrite node.db-wal \(live)",
                "syncDirectory",
            ])
        #expect(files.overwritten == Array(log.prefix(live)))
        #expect(try reopened.recoverAll().chosen.count == 2)
    }

    @Test func openingCopiesTheWholeLogSoThatTheNextCommitTakesANewSalt() throws {
        let store = try openStore(directory)
        try store.fill(["a", "b", "c"])
        try store.close()
        let salts = try directory.bytes(of: directory.log)[16..<24]
        try openStore(directory).close()
        try openStore(directory).expectCommit(step(.promise(group, ballot)))
        #expect(try directory.bytes(of: directory.log)[16..<24] != salts)

        try openStore(directory).close()
        try FileManager.default.removeItem(atPath: directory.log)
        #expect(try openStore(directory).recoverAll().chosen.count == 2, "it is all in the database")
    }

    @Test func aNewStoreHasNoLogToBeWritten() throws {
        let files = RecordingFiles()
        let store = try openStore(directory, options: StoreOptions(files: files))
        #expect(files.calls == ["createDirectory", "lock node.lock", "syncDirectory"])
        try store.close()
    }

    @Test func aLogThatHoldsNothingButATornFirstTransactionIsCutOff() throws {
        try openStore(directory).close()
        var log = try directory.bytes(of: directory.log)
        log[40] ^= 1
        log = Array(log.prefix(32 + 4_120))
        try directory.write(log, to: directory.log)
        let files = RecordingFiles()
        try openStore(directory, options: StoreOptions(files: files)).close()
        #expect(files.calls.contains("truncate node.db-wal"))
    }

    /// Power goes after the overwriting, before anything else: the store opens as if nothing had been.
    @Test func aDiskThatFailsWhileOpeningLeavesTheStoreAsItWas() throws {
        try openStore(directory).fill(["a", "b"])
        let log = try directory.bytes(of: directory.log)
        let files = RecordingFiles()
        let failure = StoreError.ioError(file: "node.db-wal", operation: "fdatasync", detail: "EIO")
        files.failure = failure
        #expect(throws: failure) { try openStore(directory, options: StoreOptions(files: files)) }
        #expect(try directory.bytes(of: directory.log) == log)
        #expect(try openStore(directory).recoverAll().chosen.count == 1)
    }
}

/// The real files, and a list of what was asked of them.
private final class RecordingFiles: StoreFiles {
    private let files = PosixFiles()
    private(set) var calls: [String] = []
    private(set) var overwritten: [UInt8] = []
    /// Thrown instead of overwriting.
    var failure: StoreError?

    private func note(_ call: String, _ path: String = "") {
        calls.append(path.isEmpty ? call : call + " " + (path.split(separator: "/").last ?? ""))
    }

    func createDirectory(_ path: String) throws(StoreError) -> Bool {
        note("createDirectory")
        return try files.createDirectory(path)
    }

    func syncDirectory(_ path: String) throws(StoreError) {
        note("syncDirectory")
        try files.syncDirectory(path)
    }

    func lock(_ path: String, exclusively: Bool) throws(StoreError) -> (any StoreLock)? {
        note("lock", path)
        return try files.lock(path, exclusively: exclusively)
    }

    func size(of path: String) throws(StoreError) -> Int? { try files.size(of: path) }
    func identity(of path: String) throws(StoreError) -> FileIdentity? { try files.identity(of: path) }
    func watch(_ path: String) throws(StoreError) -> any WatchedFile { try files.watch(path) }

    func read(_ path: String) throws(StoreError) -> [UInt8] {
        note("read", path)
        return try files.read(path)
    }

    func overwrite(_ path: String, with bytes: ArraySlice<UInt8>) throws(StoreError) {
        note("overwrite", path + " \(bytes.count)")
        overwritten = Array(bytes)
        if let failure { throw failure }
        try files.overwrite(path, with: bytes)
    }

    func truncate(_ path: String) throws(StoreError) {
        note("truncate", path)
        try files.truncate(path)
    }

    func remove(_ path: String) throws(StoreError) {
        note("remove", path)
        try files.remove(path)
    }
}
