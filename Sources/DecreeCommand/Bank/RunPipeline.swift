import Bank
import DecreeClient
import Dispatch
import Foundation
import NIOCore
import Paxos
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
        var inputFailure: String?
        /// Whether results are of use to anybody.
        var isOutputClosed = false
    }

    private let sessions: [Session]
    private let consistency: ReadConsistency
    private let state = Mutex(State())
    private let permits = DispatchSemaphore(value: 0)
    /// Signalled when there is something for the writer to look at, where there was nothing.
    private let news = DispatchSemaphore(value: 0)

    init(sessions: [Session], consistency: ReadConsistency, concurrency: Int) {
        self.sessions = sessions
        self.consistency = consistency
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

    // MARK: The reader's thread

    private func read(_ descriptor: Int32) {
        var lines = LineReader(descriptor: descriptor)
        var failure: String?
        do throws(LineReader.Failure) {
            while let line = try lines.next() {
                guard accept() else { break }
                take(line, number: lines.number)
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
            guard !state.isOutputClosed else { return false }
            state.accepted += 1
            return true
        }
    }

    private func take(_ line: LineReader.Line, number: Int) {
        guard case .whole(let bytes) = line else {
            return add(
                .badLine(
                    number: number,
                    reason: "line \(number) has more than \(LineReader.limitBytes) bytes; it was skipped"),
                id: nil)
        }
        let operation: BankOperation
        do throws(BankOperationError) {
            operation = try BankOperation(line: bytes)
        } catch {
            return add(
                error.rejection.map { .impossible($0) }
                    ?? .badLine(number: number, reason: "line \(number): \(error)"), id: error.id)
        }
        let session = sessions[number % sessions.count]
        let id = operation.id
        let invoked = NIODeadline.now()
        switch operation.request {
        case .command(let command):
            session.submit(command.bytes[...]) { outcome in
                self.add(.outcome(.command, outcome, invoked: invoked, completed: .now()), id: id)
            }
        case .query(let query):
            let kind: RunResult.Operation = if case .total = query { .total } else { .balance }
            session.query(query.bytes[...], consistency: consistency) { outcome in
                self.add(.outcome(kind, outcome, invoked: invoked, completed: .now()), id: id)
            }
        }
    }

    /// From any thread.
    private func add(_ kind: RunResult.Kind, id: String?) {
        let isFirst = state.withLock {
            $0.results.append(RunResult(id: id, kind: kind))
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
                return (state.isInputOver || state.isOutputClosed) && done == state.accepted
            }
            for _ in results { permits.signal() }
            if isOver { return summary }
            lines.removeAll()
            results.removeAll(keepingCapacity: true)
        }
    }
}
