import Decree
import DecreeStore
import Foundation

/// The data directory that a new store is for. The store is made within it, in an `UnfinishedDirectory`, and moved to its
/// place in one step: so the directory may be a mount point or a symbolic link to one, and nothing is written elsewhere.
struct StorePlace {
    /// The directory, without symbolic links.
    let path: String
    private let isNew: Bool

    /// What a file system keeps in the directory it is mounted on.
    private static let ofFileSystem: Set<String> = ["lost+found"]
    private static let name = ".restore"

    /// - Throws: `StoreError` if there is anything in it; nothing was written then.
    init(_ path: String) throws {
        self.path = try Self.resolve(path)
        isNew = !FileManager.default.fileExists(atPath: self.path)
        guard !isNew else { return }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: self.path)
        } catch {
            throw StoreError.badDirectory(directory: path, detail: "it is no directory that can be read")
        }
        let others = names.filter { name in
            !Self.ofFileSystem.contains(name) && !name.hasPrefix(Self.name + UnfinishedDirectory.infix)
        }
        guard let first = others.sorted().first else { return }
        throw StoreError.badDirectory(
            directory: path, detail: "there is something in it already (\(first)): empty it, or name another")
    }

    /// The path that symbolic links lead to.
    ///
    /// - Throws: `NodeError` if they lead nowhere: what they are to stand for, a disk mostly, is not mounted.
    static func resolve(_ path: String) throws -> String {
        let url = URL(fileURLWithPath: path).standardizedFileURL
        try DataDirectory.refuseDanglingLink(url.path, to: url.path)
        return url.resolvingSymlinksInPath().path
    }

    /// Stores that were being made here when the process was killed.
    static func unfinished(in path: String) -> [String] { UnfinishedDirectory.all(in: path, for: name) }

    /// Makes the store: all of it, or nothing.
    ///
    /// - Parameter body: makes a store in the directory that it is given, and closes it with its write-ahead log copied.
    func make<Result>(_ body: (_ unfinished: String) throws -> Result) throws -> Result {
        var unfinished: UnfinishedDirectory?
        do {
            _ = try PosixFiles().createDirectory(path)
            let made = try UnfinishedDirectory.make(in: path, for: Self.name)
            unfinished = made
            let result = try body(made.path)
            try Self.place(made.path, in: path)
            made.remove()
            return result
        } catch {
            unfinished?.remove()
            if isNew, unfinished != nil { rmdir(path) }
            throw WholeDirectory.explain(error)
        }
    }

    /// Moves a store that is closed to where it belongs. Its database comes last: until it is there, there is no store.
    static func place(_ made: String, in path: String) throws {
        let files = PosixFiles()
        try files.syncDirectory(made)
        // What is in the write-ahead log is in the database.
        let names = try FileManager.default.contentsOfDirectory(atPath: made)
            .filter { !["node.db", "node.db-wal", "node.lock"].contains($0) }
        for name in names + ["node.db"] {
            guard rename(made + "/" + name, path + "/" + name) == 0 else {
                throw StoreError.ioError(
                    file: path + "/" + name, operation: "rename", detail: String(cString: strerror(errno)))
            }
        }
        try files.syncDirectory(path)
    }
}
