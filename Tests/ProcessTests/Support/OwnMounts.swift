#if os(Linux)
    import Foundation

    /// Mounts that the processes of one test see, and no others.
    enum OwnMounts {
        /// Whether this process may make any.
        static var arePossible: Bool {
            guard geteuid() == 0 else { return false }
            let probe = Process()
            probe.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
            probe.arguments = ["-m", "/bin/sh", "-c", "mount -t tmpfs tmpfs /mnt"]
            probe.standardError = FileHandle.nullDevice
            guard (try? probe.run()) != nil else { return false }
            probe.waitUntilExit()
            return probe.terminationStatus == 0
        }
    }
#endif
