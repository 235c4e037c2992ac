/// The states found so far, each once, in the order they were found, and how each was first reached. It is
/// made of plain memory: a debug build calls a generic collection's every accessor.
final class StateTable {
    private(set) var count: UInt64 = 0
    private var capacity: UInt64 = 1 << 16
    private var words: UnsafeMutablePointer<UInt64>
    private var parents: UnsafeMutablePointer<UInt32>
    /// Open addressing: the number of a state plus one, or 0.
    private var buckets: UnsafeMutablePointer<UInt32>

    init() {
        words = .allocate(capacity: Int(4 * capacity))
        parents = .allocate(capacity: Int(capacity))
        buckets = .allocate(capacity: Int(2 * capacity))
        buckets.initialize(repeating: 0, count: Int(2 * capacity))
    }

    deinit {
        words.deallocate()
        parents.deallocate()
        buckets.deallocate()
    }

    subscript(number: UInt64) -> SearchState {
        let word = words + Int(truncatingIfNeeded: 4 &* number)
        return SearchState(first: word[0], second: word[1], third: word[2], proposers: word[3])
    }

    func parent(of number: UInt64) -> UInt64 { UInt64(parents[Int(number)]) }

    /// Adds a state reached from `parent`. Returns whether it is new.
    func insert(_ state: SearchState, parent: UInt64) -> Bool {
        if count == capacity { grow() }
        let mask = 2 &* capacity &- 1
        var bucket = Self.hash(state) & mask
        while true {
            let found = buckets[Int(truncatingIfNeeded: bucket)]
            if found == 0 { break }
            let word = words + Int(truncatingIfNeeded: 4 &* (UInt64(found) &- 1))
            if word[3] == state.proposers, word[0] == state.first, word[1] == state.second,
                word[2] == state.third
            {
                return false
            }
            bucket = (bucket &+ 1) & mask
        }
        let word = words + Int(truncatingIfNeeded: 4 &* count)
        word[0] = state.first
        word[1] = state.second
        word[2] = state.third
        word[3] = state.proposers
        parents[Int(truncatingIfNeeded: count)] = UInt32(truncatingIfNeeded: parent)
        count &+= 1
        buckets[Int(truncatingIfNeeded: bucket)] = UInt32(truncatingIfNeeded: count)
        return true
    }

    private static func hash(_ state: SearchState) -> UInt64 {
        var hash = state.first &* 0x9E37_79B1_85EB_CA87
        hash = (hash ^ hash >> 29 ^ state.second) &* 0xC2B2_AE3D_27D4_EB4F
        hash = (hash ^ hash >> 31 ^ state.third) &* 0x1656_67B1_9E37_79F9
        hash = (hash ^ hash >> 30 ^ state.proposers) &* 0x85EB_CA77_C2B2_AE63
        return hash ^ hash >> 32
    }

    private func grow() {
        let old = (words, parents, buckets)
        capacity *= 2
        words = .allocate(capacity: Int(4 * capacity))
        words.initialize(from: old.0, count: Int(4 * count))
        parents = .allocate(capacity: Int(capacity))
        parents.initialize(from: old.1, count: Int(count))
        buckets = .allocate(capacity: Int(2 * capacity))
        buckets.initialize(repeating: 0, count: Int(2 * capacity))
        old.0.deallocate()
        old.1.deallocate()
        old.2.deallocate()
        let mask = 2 &* capacity &- 1
        var number: UInt64 = 0
        while number < count {
            var bucket = Self.hash(self[number]) & mask
            while buckets[Int(truncatingIfNeeded: bucket)] != 0 { bucket = (bucket &+ 1) & mask }
            number &+= 1
            buckets[Int(truncatingIfNeeded: bucket)] = UInt32(truncatingIfNeeded: number)
        }
    }
}
