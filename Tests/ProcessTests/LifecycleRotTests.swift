import Decree
import Foundation
import Testing

/// A bit of a stopped node's files is another when it starts again: the node mends itself, and says so, or refuses to
/// run, and says what helps.
@Suite(.serialized, .timeLimit(.minutes(6))) struct LifecycleRotTests {
    /// What is spoilt, in SQL: one bit of one row.
    enum Rot: String, CaseIterable, Sendable {
        case value =
            "UPDATE accepted SET value = CAST(substr(value, 1, 9) || x'7f' || substr(value, 11) AS BLOB) WHERE key = (SELECT max(key) FROM accepted)"
        case key = "UPDATE accepted SET key = key | (1 << 20) WHERE key = (SELECT max(key) FROM accepted)"
        case decision = "UPDATE chosen SET ballot = ballot + 65536 WHERE key = (SELECT max(key) FROM chosen)"
        case chunk =
            "UPDATE snapshot_chunk SET bytes = CAST(substr(bytes, 1, 9) || x'7f' || substr(bytes, 11) AS BLOB)"
        case promise = "UPDATE promise SET ballot = ballot + 65536"
    }

    /// Three nodes that have taken snapshots; the third is stopped.
    private func cluster() async throws -> ProcessCluster {
        let cluster = try ProcessCluster(snapshotCommands: 1_000)
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "0").status == 0)
        try await cluster.deposit(1_500)
        let hasSnapshots = try await eventually {
            let statuses = try await cluster.statuses()
            return statuses.flatMap(\.groups).allSatisfy { $0.snapshot != nil }
        }
        try #require(hasSnapshots)
        try await cluster.deposit(20)
        try await cluster.converge()
        return cluster
    }

    /// The node is started on what is left, while the others write; it is level with them in the end, and sound.
    private func expectMended(_ cluster: ProcessCluster, saying message: String) async throws {
        try await cluster.deposit(5)
        try await cluster.startAndWait([3])
        try await cluster.converge()
        #expect(cluster.log(of: 3).contains(message), "\(cluster.log(of: 3))")
        #expect(try await cluster.balance() == "a holds 1525\n")
        #expect(try await cluster.stop() == [0, 0, 0])
        let verified = try await Tool.run(["log", "verify"] + cluster.ids.map(cluster.dataDirectory(of:)))
        #expect(verified.status == 0, "\(verified.output) \(verified.error)")
    }

    private func expectRefusal(_ cluster: ProcessCluster, _ message: String) async throws {
        try cluster.start([3])
        let result = try await cluster.end(of: 3)
        #expect(result.status == 4)
        #expect(result.error.contains(message), "\(result.error)")
        #expect(result.error.contains("run `decree member replace N HOST:PORT --nodes …`"), "\(result.error)")
        #expect(result.error.contains("then `decree node --join HOST:PORT` with an empty directory"))
        #expect(try await cluster.balance() == "a holds 1520\n", "the others go on")
    }

    private func rot(_ rot: Rot, _ cluster: ProcessCluster) async throws {
        #expect(try await cluster.stop(3).status == 0)
        let directory = cluster.dataDirectory(of: 3)
        try sql(rot.rawValue, on: directory + "/node.db")
        let verified = try await Tool.run(["log", "verify", directory])
        #expect(verified.status == 1, "\(verified.output)")
        #expect(verified.error.contains("decree member replace"), "\(verified.error)")
    }

    @Test(arguments: [Rot.value, .decision]) func aRowIsLearntAnewFromTheOthers(rot: Rot) async throws {
        let cluster = try await cluster()
        try await self.rot(rot, cluster)
        try await expectMended(cluster, saying: "to be learnt from others through slot")
    }

    @Test(arguments: [
        (Rot.key, "decree: corrupt: accepted group 1 slot "), (.chunk, "chunk 0 differs from its checksum"),
        (.promise, "decree: corrupt: promise group 1: the row differs from its checksum"),
    ])
    func whatOthersCannotMendIsRefused(rot: Rot, message: String) async throws {
        let cluster = try await cluster()
        try await self.rot(rot, cluster)
        try await expectRefusal(cluster, message)
    }

    @Test func theHeadOfTheDatabaseIsRefused() async throws {
        let cluster = try await cluster()
        #expect(try await cluster.stop(3).status == 0)
        let directory = cluster.dataDirectory(of: 3)
        try FileManager.default.removeItem(atPath: directory + "/node.db-wal")
        try flip(3, of: directory + "/node.db")
        try await expectRefusal(cluster, "node.db is not a Decree store")
    }

    // MARK: The write-ahead log

    @Test func theMiddleOfTheLogIsRefused() async throws {
        let cluster = try await cluster()
        try await killInTheMiddle(cluster)
        let log = cluster.dataDirectory(of: 3) + "/node.db-wal"
        let frames = try liveFrames(of: log)
        try #require(frames > 8)
        try flip(32 + frames / 2 * (24 + 4_096) + 1_000, of: log)
        try await expectRefusal(cluster, "decree: corrupt: ")
    }

    /// It cannot be told from a commit that was cut short by the kill. Peers who saw that commit know better.
    @Test func theTailOfTheLogIsFencedOrLearntAnew() async throws {
        let cluster = try await cluster()
        try await killInTheMiddle(cluster)
        let log = cluster.dataDirectory(of: 3) + "/node.db-wal"
        try flip(32 + (try liveFrames(of: log)) * (24 + 4_096) - 1_000, of: log)
        try cluster.start([3])
        let isKnown = try await eventually {
            if cluster.log(of: 3).contains("decree: this node is fenced") { return true }
            let statuses = try await cluster.statuses()
            return statuses.count == 3 && Set(statuses.flatMap(\.groups).map(\.executedThrough)).count == 1
        }
        #expect(isKnown, "\(cluster.log(of: 3))")
        if cluster.log(of: 3).contains("decree: this node is fenced") {
            let result = try await cluster.end(of: 3)
            #expect(result.status == 4)
            // Where it has learnt something from another peer first, it is no shorter than it was seen.
            let reasons = ["the store of node 3 went back in time", "and this one lacks what that one did"]
            #expect(reasons.contains(where: result.error.contains), "\(result.error)")
            #expect(result.error.contains("run `decree member replace 3 HOST:PORT --nodes …`"))
        } else {
            #expect(try await cluster.stop() == [0, 0, 0])
            let verified = try await Tool.run(
                ["log", "verify"] + cluster.ids.map(cluster.dataDirectory(of:)))
            #expect(verified.status == 0, "\(verified.output)")
        }
    }

    /// kill -9 when commits stand in the log that were not copied into the database yet.
    private func killInTheMiddle(_ cluster: ProcessCluster) async throws {
        for number in 0..<12 {
            #expect(try await cluster.tool("bank", "open", "b\(number)", "0").status == 0)
        }
        try await cluster.kill(3)
    }

    /// Frames from the beginning that carry the head's salts.
    private func liveFrames(of log: String) throws -> Int {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: log)))
        let salts = Array(bytes[16..<24])
        var count = 0
        while 32 + (count + 1) * (24 + 4_096) <= bytes.count {
            let frame = 32 + count * (24 + 4_096)
            guard Array(bytes[frame + 8..<frame + 16]) == salts else { break }
            count += 1
        }
        return count
    }

    /// Another bit.
    private func flip(_ offset: Int, of file: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[offset] ^= 1
        try bytes.write(to: URL(fileURLWithPath: file))
    }
}
