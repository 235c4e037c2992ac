import HeapModule

/// What is going to happen, in the order of virtual time. Of two things at the same time, the one that was
/// planned first comes first: nothing is left to chance that a seed would not repeat.
struct EventQueue<Event> {
    private struct Entry: Comparable {
        let time: UInt64
        let number: UInt64
        let event: Event

        static func < (left: Self, right: Self) -> Bool {
            (left.time, left.number) < (right.time, right.number)
        }
        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    private var heap = Heap<Entry>()
    private var planned: UInt64 = 0

    /// Plans `event` for `time`.
    mutating func plan(_ event: Event, at time: UInt64) {
        heap.insert(Entry(time: time, number: planned, event: event))
        planned += 1
    }

    /// Takes what comes next, if it comes by `end`.
    mutating func next(by end: UInt64) -> (time: UInt64, event: Event)? {
        guard let first = heap.min, first.time <= end else { return nil }
        heap.removeMin()
        return (first.time, first.event)
    }
}
