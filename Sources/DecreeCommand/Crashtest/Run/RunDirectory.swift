import Foundation

/// Where a run keeps its nodes' files: a directory the user names, or a temporary one, which is gone after
/// a run that ended well.
struct RunDirectory {
    let path: String
    let isTemporary: Bool

    /// - Throws: `ToolError` if the directory the user names holds anything.
    init(_ chosen: String?) throws {
        let files = FileManager.default
        guard let chosen else {
            let name =
                "decree-crash-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
            path = files.temporaryDirectory.appendingPathComponent(name).path
            isTemporary = true
            return
        }
        path = URL(fileURLWithPath: chosen).standardizedFileURL.path
        isTemporary = false
        var isDirectory: ObjCBool = false
        guard files.fileExists(atPath: path, isDirectory: &isDirectory) else { return }
        guard isDirectory.boolValue else {
            throw ToolError(.usage, "\(path) is a file; give a directory that is empty or does not exist")
        }
        let contents: [String]
        do {
            contents = try files.contentsOfDirectory(atPath: path)
        } catch {
            throw ToolError(.usage, "cannot read \(path): \(error.localizedDescription)")
        }
        guard contents.isEmpty else {
            throw ToolError(
                .usage,
                "\(path) is not empty, and a run needs fresh stores; give an empty directory, or none for a "
                    + "temporary one")
        }
    }

    /// Removes it if it was made for this run alone.
    func discard() {
        if isTemporary { try? FileManager.default.removeItem(atPath: path) }
    }
}
