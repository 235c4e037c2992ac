import DecreeStore
import Foundation

/// A directory that is being written, beside or within the one that it is for. Its name says that it is not finished, and
/// the process that writes it has it locked: one that is not locked was broken off.
struct UnfinishedDirectory {
    /// What stands in the name of every one.
    static let infix = ".incomplete-"

    /// Where it is.
    let path: String
    private let lock: DirectoryLock

    /// Makes one, and clears away what attempts have left that were broken off.
    ///
    /// - Parameters:
    ///   - parent: where to make it; it must be there.
    ///   - name: what it is for.
    /// - Throws: `StoreError` when another process writes one of that name.
    static func make(in parent: String, for name: String) throws -> UnfinishedDirectory {
        // Of two that begin at once one is first.
        let beginning = try DirectoryLock(parent, waits: true)
        defer { withExtendedLifetime(beginning) {} }
        for other in all(in: parent, for: name) {
            guard let lock = try DirectoryLock(other) else {
                throw StoreError.badDirectory(
                    directory: other, detail: "another process is writing it; wait until it is done")
            }
            guard lock.isHeld else {
                throw StoreError.badDirectory(
                    directory: other,
                    detail:
                        "whether another process is writing it cannot be told on this file system; remove it if none is"
                )
            }
            try FileManager.default.removeItem(atPath: other)
        }
        let path = parent + "/" + name + infix + String(UInt32.random(in: 0...UInt32.max), radix: 16)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        guard let lock = try DirectoryLock(path) else {
            throw StoreError.badDirectory(directory: path, detail: "another process has locked it")
        }
        return UnfinishedDirectory(path: path, lock: lock)
    }

    /// Those that there are.
    static func all(in parent: String, for name: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return names.filter { $0.hasPrefix(name + infix) }.sorted().map { parent + "/" + $0 }
    }

    /// Whether a path names one.
    static func isName(_ path: String) -> Bool {
        URL(fileURLWithPath: path).lastPathComponent.contains(infix)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
