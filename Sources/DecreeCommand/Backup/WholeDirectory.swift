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

    /// Makes it: all of it, or nothing.
    func make<Result>(_ body: (_ partial: String) async throws -> Result) async throws -> Result {
        let result: Result
        do {
            result = try await body(partial)
        } catch {
            try? FileManager.default.removeItem(atPath: partial)
            throw Self.explain(error)
        }
        try publish()
        return result
    }

    /// What a store says of a disk is meant for a node that runs on it. Here none does.
    static func explain(_ error: any Error) -> any Error {
        switch error {
        case StoreError.diskFull(let file):
            ToolError(
                .store, "\(file): the disk is full, and nothing was kept. Make room, then run this again")
        case StoreError.ioError(let file, let operation, let detail):
            ToolError(
                .store,
                "\(file): \(operation) failed (\(detail)), and nothing was kept. Check the disk, then run this again"
            )
        default: error
        }
    }

    /// Gives it its name.
    private func publish() throws {
        if FileManager.default.fileExists(atPath: path), try Self.isFree(path) {
            try FileManager.default.removeItem(atPath: path)
        }
        try FileManager.default.moveItem(atPath: partial, toPath: path)
        try PosixFiles().syncDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    }

    static func isFree(_ path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return true }
        return (try? FileManager.default.contentsOfDirectory(atPath: path).isEmpty) ?? false
    }
}
