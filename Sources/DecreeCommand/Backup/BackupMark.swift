import DecreeStore
import Foundation
import Paxos

/// The end mark of a backup: what is in it, written when all of it was there and durable. Without it a backup that was
/// broken off could pass for a whole one.
///
/// It is a file of two lines beside the store: JSON, and the digest of that line.
struct BackupMark: Codable, Equatable {
    /// What was copied of a group.
    struct Group: Codable, Equatable {
        var group: UInt32
        /// Of the snapshot that the log begins with, if it begins with one.
        var snapshotSlot: UInt64?
        var snapshotBytes: UInt64?
        /// The slots behind that.
        var slots: Int
        var slotBytes: Int
        /// The last slot, and the chain of the log through it.
        var through: UInt64
        var chain: String
    }

    /// Of this file.
    var version = 1
    var cluster: String
    /// The digest of what the cluster was created with.
    var genesis: String
    var groups: [Group]
    /// Of `node.db`: its size, and the digest of its bytes.
    var bytes: Int
    var digest: String

    static let file = "backup.json"
    private static let store = "node.db"
    /// `node.db` is digested in pieces of this size.
    private static let pieceBytes = 1 << 20

    /// What to do about one that is not what was written.
    static let advice = "do not rely on such a backup; copy it again, or take another with `decree backup`"

    /// What a directory says of itself.
    enum Reading: Equatable {
        case sound(BackupMark)
        /// There is none: the backup is not finished, or made by a version that wrote none.
        case missing
        /// It is not what was written, or `node.db` is not what it tells of.
        case broken(String)
    }

    // MARK: Writing

    /// Marks a store that is closed and whose write-ahead log is copied into it.
    static func write(
        to directory: String, cluster: String, genesis: Digest, groups: [Group]
    ) throws {
        let (bytes, digest) = try digest(of: directory + "/" + store)
        let mark = BackupMark(
            cluster: cluster, genesis: genesis.description, groups: groups, bytes: bytes,
            digest: digest.description)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Array(try encoder.encode(mark))
        let files = PosixFiles()
        try files.create(
            directory + "/" + file, with: line + [0x0a] + Array("\(Digest(of: line))\n".utf8))
        try files.syncDirectory(directory)
    }

    // MARK: Reading

    /// Whether a directory says that it is a backup, or was to be one, whatever its store says.
    static func isBackup(_ directory: String) -> Bool {
        UnfinishedDirectory.isName(directory)
            || FileManager.default.fileExists(atPath: directory + "/" + file)
    }

    /// Reads the mark, and holds the store's bytes against it.
    static func read(in directory: String) -> Reading {
        let path = directory + "/" + file
        guard FileManager.default.fileExists(atPath: path) else { return .missing }
        guard let text = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
            return .broken("it cannot be read")
        }
        let lines = text.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard lines.count == 3, lines[2].isEmpty,
            String(decoding: lines[1], as: UTF8.self) == Digest(of: Array(lines[0])).description
        else { return .broken("it is not what was written") }
        guard let mark = try? JSONDecoder().decode(BackupMark.self, from: Data(lines[0])), mark.version == 1
        else { return .broken("a later version of the tool wrote it: use that version") }
        guard let (bytes, digest) = try? digest(of: directory + "/" + store) else {
            return .broken("\(store) cannot be read")
        }
        guard bytes == mark.bytes, digest.description == mark.digest else {
            return .broken(
                "it tells of a \(store) of \(mark.bytes) bytes with digest \(mark.digest), and there are \(bytes) bytes "
                    + "with digest \(digest)")
        }
        return .sound(mark)
    }

    /// The digest of a file's pieces, one chained to the other.
    private static func digest(of path: String) throws -> (bytes: Int, digest: Digest) {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        var (bytes, digest, piece) = (0, Digest.zero, Slot.zero)
        while let data = try file.read(upToCount: pieceBytes), !data.isEmpty {
            piece = piece.next
            bytes += data.count
            digest = digest.chained(piece, Digest(of: Array(data)))
        }
        return (bytes, digest)
    }
}
