import DecreeStore
import Foundation

/// A lock on a directory itself, which leaves no file behind. It ends with the process at the latest.
final class DirectoryLock {
    /// False where the file system knows no such locks: no process is kept out then, and nothing is known of others.
    let isHeld: Bool
    private let descriptor: Int32

    /// Locks a directory.
    ///
    /// - Parameter waits: whether to wait for another holder; else nil is given when there is one.
    init?(_ path: String, waits: Bool = false) throws {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError.ioError(
                file: path, operation: "opening the directory", detail: String(cString: strerror(errno)))
        }
        var code: Int32
        repeat { code = flock(descriptor, LOCK_EX | (waits ? 0 : LOCK_NB)) } while code != 0 && errno == EINTR
        isHeld = code == 0
        if !isHeld, errno == EWOULDBLOCK { return nil }
    }

    deinit { close(descriptor) }
}
