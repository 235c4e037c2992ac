import DecreeSimulator
import Dispatch
import Paxos
import Synchronization

/// Everything the clients did, gathered from all of them; and how soon writes came back after a fault.
final class History: Sendable {
    /// Nanoseconds of a clock that never goes back.
    static func now() -> UInt64 { DispatchTime.now().uptimeNanoseconds }

    /// What shows while it runs.
    struct Counts: Sendable {
        /// Writes the bank answered.
        var acknowledged = 0
        /// Reads the bank answered.
        var reads = 0
        /// Outcomes that are no answers.
        var unanswered = 0
        /// Writes answered since the last mark that were also invoked after it.
        var sinceMark = 0
    }

    private struct State {
        var operations: [DecreeSimulator.Operation] = []
        var counts = Counts()
        var mark: UInt64 = 0
        var firstSinceMark: UInt64?
    }

    private let state = Mutex(State())

    func append(_ operation: DecreeSimulator.Operation) {
        state.withLock { state in
            state.operations.append(operation)
            guard operation.outcome.isAnswered else {
                state.counts.unanswered += 1
                return
            }
            guard operation.command != nil else {
                state.counts.reads += 1
                return
            }
            state.counts.acknowledged += 1
            guard operation.invoked >= state.mark else { return }
            state.counts.sinceMark += 1
            state.firstSinceMark = state.firstSinceMark ?? operation.completed
        }
    }

    /// From now on only what is invoked later counts as a sign of life. Returns the time.
    @discardableResult
    func mark() -> UInt64 {
        state.withLock { state in
            state.mark = Self.now()
            state.firstSinceMark = nil
            state.counts.sinceMark = 0
            return state.mark
        }
    }

    /// Nanoseconds from the mark to the first acknowledgement of a write invoked after it.
    var resumedAfter: UInt64? {
        state.withLock { state in state.firstSinceMark.map { $0 - state.mark } }
    }

    var counts: Counts { state.withLock { $0.counts } }

    var operations: [DecreeSimulator.Operation] { state.withLock { $0.operations } }
}
