import Synchronization
import UnixSignals

/// SIGINT and SIGTERM, noticed where it suits: so that nodes are stopped and temporary files removed.
final class Interruption: Sendable {
    private let isInterrupted = Atomic<Bool>(false)

    /// What `check` throws.
    struct Interrupted: Error {}

    /// Runs `body`, trapping the signals meanwhile.
    static func watched<Result>(_ body: (Interruption) async throws -> Result) async throws -> Result {
        let interruption = Interruption()
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let watcher = Task {
            for await _ in signals { interruption.isInterrupted.store(true, ordering: .relaxed) }
        }
        defer { watcher.cancel() }
        return try await body(interruption)
    }

    func check() throws {
        if isInterrupted.load(ordering: .relaxed) { throw Interrupted() }
    }
}
