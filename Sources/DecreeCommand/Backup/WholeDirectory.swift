import DecreeStore
import Foundation

/// A directory that has its name only when all of it is there, and durable.
struct WholeDirectory {
    private let path: String
    /// Where it is made.
    let partial: String

    /// Clears away what an attempt that was broken off has left.
    ///
    /// - Throws: `StoreError` if there is something of that name already, but for an empty directory.
    init(_ path: String) throws {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        partial = self.path + ".partial"
        guard try Self.isFree(self.path) else {
            throw StoreError.badDirectory(directory: path, detail: "there is something in it already")
        }
        if FileManager.default.fileExists(atPath: partial) {
            try FileManager.default.removeItem(atPath: partial)
        }
    }

    /// Gives it its name.
    func publish() throws {
        if FileManager.default.fileExists(atPath: path), try Self.isFree(path) {
            try FileManager.default.removeItem(atPath: path)
        }
        try FileManager.default.moveItem(atPath: partial, toPath: path)
        try PosixFiles().syncDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    }

    private static func isFree(_ path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return true }
        return (try? FileManager.default.contentsOfDirectory(atPath: path).isEmpty) ?? false
    }
}
