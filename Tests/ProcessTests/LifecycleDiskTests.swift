import Decree
import Foundation
import Testing

/// A disk that is full while a node runs on it. It needs the right to mount a small one, and is skipped without.
@Suite(.serialized, .timeLimit(.minutes(6)), .enabled(if: SmallDisk.isPossible))
struct LifecycleDiskTests {
    @Test func aFullDiskLosesTheLeadAndNothingElse() async throws {
        let cluster = try ProcessCluster()
        let disk = try SmallDisk(at: cluster.dataDirectory(of: 1), mebibytes: 8)
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "0").status == 0)
        try await cluster.converge()
        let transfer = try await cluster.tool("leader", "transfer", "1")
        #expect(transfer.status == 0, "\(transfer.error)")

        try disk.fill()
        var deposited = 0
        let isReadOnly = try await eventually {
            try await cluster.deposit(200)
            deposited += 200
            return try await cluster.statuses().contains { $0.node == 1 && $0.isReadOnly }
        }
        #expect(isReadOnly)
        #expect(
            cluster.log(of: 1).contains("the disk is full: this node is read-only"), "\(cluster.log(of: 1))")
        let hasMoved = try await eventually {
            try await cluster.statuses().contains {
                $0.node != 1 && $0.groups.contains { $0.role == "leader" }
            }
        }
        #expect(hasMoved, "another leads")
        #expect(try await cluster.balance() == "a holds \(deposited)\n", "nothing is lost, and reads go on")
        let alone = "127.0.0.1:\(cluster.configurations[0].nodes[0].port)"
        let stale = try await Tool.run(["bank", "balance", "a", "--stale", "--nodes", alone])
        #expect(stale.status == 0, "\(stale.error)")

        // Room again: it goes on by itself.
        try disk.empty()
        let isBack = try await eventually {
            try await cluster.statuses().allSatisfy { !$0.isReadOnly }
        }
        #expect(isBack)
        try await cluster.deposit(10)
        try await cluster.converge()
        #expect(try await cluster.balance() == "a holds \(deposited + 10)\n")
        #expect(try await cluster.stop() == [0, 0, 0])
        let verified = try await Tool.run(["log", "verify"] + cluster.ids.map(cluster.dataDirectory(of:)))
        #expect(verified.status == 0, "\(verified.output)")
    }
}

/// A disk in memory, mounted as long as somebody holds it.
final class SmallDisk {
    private let path: String

    private struct MountFailed: Error {}

    /// Whether this process may mount.
    static let isPossible: Bool = {
        let path = NSTemporaryDirectory() + "decree-mount-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        return (try? SmallDisk(at: path, mebibytes: 1)) != nil
    }()

    init(at path: String, mebibytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard try Self.run("mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", path) else {
            throw MountFailed()
        }
    }

    deinit { _ = try? Self.run("umount", "--lazy", path) }

    /// Takes all the room that is left.
    func fill() throws {
        _ = FileManager.default.createFile(atPath: path + "/filler", contents: nil)
        let filler = try FileHandle(forWritingTo: URL(fileURLWithPath: path + "/filler"))
        for size in [64 << 10, 4 << 10] {
            while (try? filler.write(contentsOf: Data(count: size))) != nil {}
        }
        try filler.close()
    }

    /// Gives it back.
    func empty() throws { try FileManager.default.removeItem(atPath: path + "/filler") }

    private static func run(_ command: String...) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
