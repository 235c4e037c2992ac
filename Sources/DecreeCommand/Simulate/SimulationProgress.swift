import Foundation

/// One line on standard error that says how far it is; nothing where that is no terminal, but for a line now and
/// then.
final class SimulationProgress {
    private let total: UInt64
    private let isTerminal = isatty(2) == 1
    private var lastShown = 0.0

    init(total: UInt64) { self.total = total }

    func show(_ tally: SimulationTally, elapsed: Double, again: Bool = false) {
        guard elapsed - lastShown >= (isTerminal ? 0.2 : 30) else { return }
        lastShown = elapsed
        status(
            "\(again ? "again, " : "")\(tally.seeds.grouped) of \(total.grouped) seeds, "
                + "\(Format.count(Double(tally.seeds) / elapsed * 60)) a minute, "
                + "\(Format.fixed(tally.hours, 2)) simulated hours, \(tally.failures.count) failed")
    }

    func status(_ text: String) {
        write(isTerminal ? "\r\u{1B}[K\(text)" : text + "\n")
    }

    func line(_ text: String) {
        clear()
        write(text + "\n")
    }

    func clear() { if isTerminal { write("\r\u{1B}[K") } }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
