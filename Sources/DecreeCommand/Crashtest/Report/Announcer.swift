import Foundation

/// Tells a person how it goes: on a terminal a line that changes, in a pipe a plain line now and then.
final class Announcer {
    /// What is worth a line of its own.
    enum Detail {
        /// Each kill, each restart.
        case everything
        /// Only what was not planned.
        case surprises
    }

    private let detail: Detail
    private let handle: FileHandle
    private let isTerminal: Bool
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var lastUpdate: ContinuousClock.Instant
    private var status = ""

    /// Between two lines of progress: a terminal's, a pipe's.
    private static let pauses = (terminal: Duration.milliseconds(100), pipe: Duration.seconds(5))

    /// Speaks on standard output, or beside it.
    init(_ detail: Detail, onStandardError: Bool = false) {
        self.detail = detail
        handle = onStandardError ? .standardError : .standardOutput
        isTerminal = isatty(handle.fileDescriptor) == 1
        start = clock.now
        lastUpdate = start
    }

    /// What is going on.
    func update(_ text: @autoclosure () -> String) {
        guard clock.now - lastUpdate >= (isTerminal ? Self.pauses.terminal : Self.pauses.pipe) else { return }
        lastUpdate = clock.now
        status = stamped(text())
        if isTerminal {
            redraw()
        } else if detail == .surprises {
            write(status + "\n")
        }
    }

    /// Something planned has happened.
    func event(_ text: @autoclosure () -> String) {
        if detail == .everything { line(stamped(text())) }
    }

    /// Something has happened that nobody planned.
    func notice(_ text: String) { line(stamped(text)) }

    /// Lines as they are; what changed before is gone.
    func line(_ text: String) {
        write((isTerminal ? "\r\u{1b}[K" : "") + text + "\n")
        if isTerminal && !status.isEmpty { redraw() }
    }

    /// No more progress.
    func finish() {
        guard isTerminal, !status.isEmpty else { return }
        status = ""
        write("\r\u{1b}[K")
    }

    private func stamped(_ text: String) -> String {
        let seconds = (clock.now - start) / .seconds(1)
        return Format.fixed(seconds, 1).leftPadded(to: 6) + " s  " + text
    }

    private func redraw() { write("\r\u{1b}[K" + status) }

    private func write(_ text: String) {
        // Whoever reads may be gone (`decree demo | head`): the run goes on.
        try? handle.write(contentsOf: Data(text.utf8))
    }
}
