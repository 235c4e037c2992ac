import DecreeStore
import Foundation

/// A directory that has its name only when all of it is there, and durable. Until then it is an `UnfinishedDirectory`
/// beside that name.
struct WholeDirectory {
    private let path: String

    /// - Throws: `ToolError` if there is something of that name already.
    init(_ path: String) throws {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        guard Self.isFree(self.path) else {
            throw ToolError(.usage, "\(path) is there already: name another directory")
        }
    }

    /// Makes it: all of it, or nothing.
    func make<Result>(_ body: (_ unfinished: String) async throws -> Result) async throws -> Result {
        let files = PosixFiles()
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var unfinished: UnfinishedDirectory?
        do {
            _ = try files.createDirectory(parent)
            let made = try UnfinishedDirectory.make(
                in: parent, for: URL(fileURLWithPath: path).lastPathComponent)
            unfinished = made
            let result = try await body(made.path)
            try publish(made)
            try files.syncDirectory(parent)
            return result
        } catch {
            unfinished?.remove()
            throw Self.explain(error)
        }
    }

    /// What a store says of a disk is meant for a node that runs on it. Here none does. What Foundation says is not
    /// meant for an operator.
    static func explain(_ error: any Error) -> any Error {
        switch error {
        case StoreError.badDirectory(let directory, let detail):
            ToolError(.store, "\(directory) cannot be written: \(detail)")
        case StoreError.diskFull(let file):
            ToolError(
                .store, "\(file): the disk is full, and nothing was kept. Make room, then run this again")
        case StoreError.ioError(let file, let operation, let detail):
            failure(file, operation, detail)
        case let error as CocoaError:
            failure(error.filePath ?? "a file", "writing", error.reason)
        default: error
        }
    }

    private static func failure(_ file: String, _ operation: String, _ detail: String) -> ToolError {
        ToolError(
            .store,
            "\(file): \(operation) failed (\(detail)), and nothing was kept. Check the path and the disk, then run this "
                + "again")
    }

    /// Gives it its name. What has come of that name meanwhile stays.
    private func publish(_ unfinished: UnfinishedDirectory) throws {
        guard rename(unfinished.path, path) == 0 else {
            switch errno {
            case EEXIST, ENOTEMPTY, ENOTDIR:
                throw StoreError.badDirectory(
                    directory: path,
                    detail: "something of that name has come meanwhile, and is kept; name another")
            default:
                throw StoreError.ioError(
                    file: path, operation: "rename", detail: String(cString: strerror(errno)))
            }
        }
    }

    private static func isFree(_ path: String) -> Bool {
        guard isThere(path) else { return true }
        return (try? FileManager.default.contentsOfDirectory(atPath: path).isEmpty) ?? false
    }

    /// Whether there is something of that name; a symbolic link is something, wherever it leads.
    static func isThere(_ path: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: path)) != nil
    }
}

extension CocoaError {
    /// What the system said, which Foundation wraps.
    fileprivate var reason: String {
        guard let cause = underlying.map({ $0 as NSError }), cause.domain == NSPOSIXErrorDomain else {
            return localizedDescription
        }
        return String(cString: strerror(Int32(cause.code)))
    }
}
