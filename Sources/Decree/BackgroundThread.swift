import Foundation

/// Work that may take seconds, and that nobody waits for: it gets what the processors have left.
enum BackgroundThread {
    /// Does `body` on a thread of its own.
    static func run(named name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread {
            #if os(Linux)
                // On Linux a thread has a priority of its own, against what POSIX says.
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            #endif
            body()
        }
        thread.name = name
        thread.qualityOfService = .utility
        thread.stackSize = 8 << 20
        thread.start()
    }
}
