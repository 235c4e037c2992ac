import Synchronization

/// When writes were acknowledged, as all clients together see it: how long nobody's was, around an event.
final class WriteTimeline: Sendable {
    private struct State {
        var last: UInt64 = 0
        var longest: UInt64 = 0
        var count = 0
    }

    private let state = Mutex(State())

    /// A write was acknowledged now.
    func acknowledged() {
        state.withLock { state in
            let now = History.now()
            if state.last > 0 { state.longest = max(state.longest, now - state.last) }
            state.last = now
            state.count += 1
        }
    }

    /// Forgets the gaps of before.
    func mark() { state.withLock { $0.longest = 0 } }

    /// The longest time since the mark without an acknowledgement; the one that lasts included.
    var longestGap: Duration {
        state.withLock { .nanoseconds(max($0.longest, $0.last > 0 ? History.now() - $0.last : 0)) }
    }

    /// Writes so far.
    var count: Int { state.withLock { $0.count } }
}
