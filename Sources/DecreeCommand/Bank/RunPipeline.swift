import Dispatch
import Foundation
import Synchronization

/// From lines to results: one thread reads and submits, the client's loop completes, one thread writes.
///
/// A permit is taken for each line before it is submitted, and given back when its result was written. So
/// whichever of producer, cluster and consumer is slowest slows the others, and memory is bounded by the
/// number of permits. Reading and writing block, which the cooperative pool must not.
final class RunPipeline: Sendable {
    private struct State {
        /// Results that wait to be written.
        var results: [RunResult] = []
        /// Lines that were or will be given a result.
        var accepted = 0
        /// Whether no line comes any more.
        var isInputOver = false
        /// The signal that ended the input.
        var signal: Int32?
        var inputFailure: String?
        /// Whether results are of use to anybody.
        var isOutputClosed = false
    }

    /// Does what a line asks, and tells the result, once, from any thread.
    typealias Doing =
        @Sendable (_ line: LineReader.Line, _ number: Int, _ tell: @escaping @Sendable (RunResult) -> Void) ->
        Void

    private let lines: LineReader.Form
    private let perform: Doing
    private let state = Mutex(State())
    private let permits = DispatchSemaphore(value: 0)
    /// Signalled when there is something for the writer to look at, where there was nothing.
    private let news = DispatchSemaphore(value: 0)

    init(lines: LineReader.Form = .operations, concurrency: Int, perform: @escaping Doing) {
        self.lines = lines
        self.perform = perform
        for _ in 0..<concurrency { permits.signal() }
    }

    /// Runs until the input is over and every outcome was written, or nobody takes results any more.
    func run(input: Int32, output: OutputFile) async -> RunSummary {
        let reader = Thread { self.read(input) }
        reader.name = "decree-reader"
        reader.start()
        return await withUnsafeContinuation { continuation in
            let writer = Thread { continuation.resume(returning: self.write(to: output)) }
            writer.name = "decree-writer"
            writer.start()
        }
    }

    /// No more lines are taken; what was taken has its results.
    func stop(by signal: Int32) {
        state.withLock {
            $0.isInputOver = true
            $0.signal = signal
        }
        news.signal()
    }

    // MARK: The reader's thread

    private func read(_ descriptor: Int32) {
        var lines = LineReader(descriptor: descriptor, form: self.lines)
        var failure: String?
        do throws(LineReader.Failure) {
            while let line = try lines.next() {
                guard accept() else { break }
                perform(line, lines.number, add)
            }
        } catch {
            failure = error.reason
        }
        state.withLock {
            $0.isInputOver = true
            $0.inputFailure = failure
        }
        news.signal()
    }

    /// Waits for a permit. False when no results are wanted any more.
    private func accept() -> Bool {
        permits.wait()
        return state.withLock { state in
            guard !state.isOutputClosed, state.signal == nil else { return false }
            state.accepted += 1
            return true
        }
    }

    /// From any thread.
    @Sendable private func add(_ result: RunResult) {
        let isFirst = state.withLock {
            $0.results.append(result)
            return $0.results.count == 1
        }
        if isFirst { news.signal() }
    }

    // MARK: The writer's thread

    private func write(to output: OutputFile) -> RunSummary {
        var summary = RunSummary()
        var lines = JSONWriter()
        var results: [RunResult] = []
        var done = 0
        while true {
            news.wait()
            state.withLock { swap(&$0.results, &results) }
            for result in results {
                summary.count(result)
                lines.line { result.write(to: &$0) }
            }
            if summary.outputFailure == nil {
                do throws(OutputFile.Failure) {
                    try output.write(lines.bytes)
                } catch {
                    summary.outputFailure = error
                }
            }
            if summary.outputFailure != nil { summary.unwritten += results.count }
            done += results.count
            let isOver = state.withLock { state in
                state.isOutputClosed = summary.outputFailure != nil
                summary.inputFailure = state.inputFailure
                summary.signal = state.signal
                return (state.isInputOver || state.isOutputClosed) && done == state.accepted
            }
            for _ in results { permits.signal() }
            if isOver { return summary }
            lines.removeAll()
            results.removeAll(keepingCapacity: true)
        }
    }
}
