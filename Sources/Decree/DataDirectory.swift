import DecreeStore
import Foundation

/// Where a node's store lies.
package enum DataDirectory {
    /// The same directory, named from the root.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), !path.isEmpty else { return path }
        return FileManager.default.currentDirectoryPath + "/" + path
    }

    /// Refuses a symbolic link that leads nowhere: what it is to stand for, a disk mostly, is not mounted.
    package static func refuseDanglingLink(_ path: String, to directory: String) throws(NodeError) {
        guard !FileManager.default.fileExists(atPath: path),
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
        else { return }
        throw .store(
            .badDirectory(
                directory: directory,
                detail:
                    "\(path == directory ? "it" : path) is a symbolic link to \(target), which is not there; "
                    + "mount or make that first"))
    }

    /// Whether a node can have its store there, and whether there is one. Nothing is written: what cannot start leaves
    /// nothing behind.
    static func check(_ directory: String) throws(NodeError) -> FoundDirectory {
        let files = FileManager.default
        var isDirectory: ObjCBool = false
        // One that is not there is made in the nearest above it that is.
        var place = directory
        while place.count > 1, place.hasSuffix("/") { place.removeLast() }
        while !files.fileExists(atPath: place, isDirectory: &isDirectory), place != "/", !place.isEmpty {
            try refuseDanglingLink(place, to: directory)
            place = (place as NSString).deletingLastPathComponent
        }
        guard isDirectory.boolValue else {
            throw .store(.badDirectory(directory: directory, detail: "\(place) is a file"))
        }
        guard access(place, W_OK | X_OK) == 0 else {
            throw .store(
                .badDirectory(
                    directory: directory,
                    detail: "\(place) cannot be written (\(String(cString: strerror(errno))))"))
        }
        do throws(StoreError) {
            return try FoundDirectory.look(at: directory)
        } catch {
            throw .store(error)
        }
    }
}
