import DecreeStore
import Foundation

/// A directory that has its name only when all of it is there, and durable. Until then it is an `UnfinishedDirectory`
/// beside that name.
struct WholeDirectory {
    private let path: String

    /// - Throws: `StoreError` if there is something of that name already.
    init(_ path: String) throws {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        guard Self.isFree(self.path) else {
            throw StoreError.badDirectory(directory: path, detail: "there is something of that name already")
        }
    }

    /// Makes it: all of it, or nothing.
    func make<Result>(_ body: (_ unfinished: String) async throws -> Result) async throws -> Result {
        let files = PosixFiles()
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        _ = try files.createDirectory(parent)
        let unfinished = try UnfinishedDirectory.make(
            in: parent, for: URL(fileURLWithPath: path).lastPathComponent)
        do {
            let result = try await body(unfinished.path)
            try publish(unfinished)
            try files.syncDirectory(parent)
            return result
        } catch {
            unfinished.remove()
            throw Self.explain(error)
        }
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

    /// Gives it its name. What has come of that name meanwhile stays.
    private func publish(_ unfinished: UnfinishedDirectory) throws {
        guard rename(unfinished.path, path) == 0 else {
            switch errno {
            case EEXIST, ENOTEMPTY, ENOTDIR:
                throw StoreError.badDirectory(
                    directory: path, detail: "something of that name has come meanwhile, and is kept")
            default:
                throw StoreError.ioError(
                    file: path, operation: "rename", detail: String(cString: strerror(errno)))
            }
        }
    }

    private static func isFree(_ path: String) -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return true }
        return (try? FileManager.default.contentsOfDirectory(atPath: path).isEmpty) ?? false
    }
}
