import Paxos

/// The search of `Linearizability`: depth first, over the sets of operations placed and the states they lead
/// to, each of which is tried once.
struct LinearizationSearch {
    enum Result {
        case found
        case none
        /// Given up at the limit.
        case exhausted
    }

    private struct Call {
        let request: Operation.Request
        let invoked: UInt64
        /// When it must have taken effect; nil if it need not at all.
        let completed: UInt64?
        let operation: Operation
    }

    /// A configuration under way: a state, and what may come next.
    private struct Frame {
        let state: any StateMachine
        let digest: Digest
        /// What may come next, and how much of it was tried: first what must come some time, then what need
        /// not.
        var candidates: [Int]
        let optional: Int
        var next = 0
        /// What led here; nil at the root.
        let call: Int?
    }

    /// A configuration that was tried: the operations placed, and the state's digest.
    private struct Configuration: Hashable {
        let placed: [UInt64]
        let digest: Digest
    }

    // Those that must be placed, by invocation; then those that may be, by invocation.
    private let calls: [Call]
    private let required: Int
    private let limit: Int
    private let model: any StateMachine
    private var placed: [UInt64]
    private var left: Int
    private var seen: Set<Configuration> = []

    /// Configurations tried so far.
    var configurations: Int { seen.count }

    /// - Parameter answeredBy: what was answered later counts as not answered.
    init(_ history: [Operation], model: any StateMachine, limit: Int, answeredBy: UInt64 = .max) {
        var required: [Call] = []
        var optional: [Call] = []
        for operation in history where !operation.isFailed && !operation.isStaleRead {
            let completed = operation.completed ?? .max
            let isRequired = operation.outcome.isAnswered && completed <= answeredBy
            // A read without an answer changes nothing, whatever became of it.
            guard isRequired || operation.command != nil else { continue }
            let call = Call(
                request: operation.request, invoked: operation.invoked,
                completed: isRequired ? completed : nil, operation: operation)
            if isRequired { required.append(call) } else { optional.append(call) }
        }
        required.sort { $0.invoked < $1.invoked }
        optional.sort { $0.invoked < $1.invoked }
        calls = required + optional
        self.required = required.count
        self.limit = limit
        self.model = model
        placed = Array(repeating: 0, count: calls.count / 64 + 1)
        left = required.count
    }

    mutating func run() -> Result {
        guard left > 0 else { return .found }
        var stack = [frame(model, model.digest(), call: nil)]
        while var frame = stack.popLast() {
            guard frame.next < frame.candidates.count else {
                if let call = frame.call { take(back: call) }
                continue
            }
            if frame.next == frame.optional { putHelpfulFirst(&frame) }
            let call = frame.candidates[frame.next]
            frame.next += 1
            guard let (state, digest) = execute(call, frame) else {
                stack.append(frame)
                continue
            }
            if digest == frame.digest {
                // It changes nothing and fits here: nothing is lost by placing it now, and no other
                // candidate need be tried in its stead. (If it need not be placed, it is not: see execute.)
                frame.next = frame.candidates.count
            }
            stack.append(frame)
            place(call)
            if left == 0 { return .found }
            guard seen.insert(configuration(digest)).inserted else {
                take(back: call)
                continue
            }
            if seen.count > limit { return .exhausted }
            stack.append(self.frame(state, digest, call: call))
        }
        return .none
    }

    /// The state after a call; nil if the model answers otherwise than the servers did, or if placing a call
    /// that need not be placed would change nothing.
    private func execute(_ index: Int, _ frame: Frame) -> (any StateMachine, Digest)? {
        let call = calls[index]
        switch call.request {
        case .query(let bytes, _):
            return call.operation.isAnswered(frame.state.query(bytes[...]))
                ? (frame.state, frame.digest) : nil
        case .command(let bytes), .batch(let bytes):
            var state = frame.state
            let place = placed.reduce(1) { $0 + $1.nonzeroBitCount }
            let position = LogPosition(slot: Slot(UInt64(place)), index: 0)
            let reply =
                if case .batch = call.request {
                    state.executeAsSpecified(batch: bytes[...], at: position)
                } else {
                    state.execute(bytes[...], at: position)
                }
            guard call.completed != nil else {
                let digest = state.digest()
                return digest == frame.digest ? nil : (state, digest)
            }
            return call.operation.isAnswered(reply) ? (state, state.digest()) : nil
        }
    }

    // MARK: Configurations

    private func frame(_ state: any StateMachine, _ digest: Digest, call: Int?) -> Frame {
        let candidates = candidates()
        let optional = candidates.firstIndex { $0 >= required } ?? candidates.count
        return Frame(state: state, digest: digest, candidates: candidates, optional: optional, call: call)
    }

    /// Where nothing that must come fits, something that nobody knows of must have come before. It is tried
    /// first where something fits after it: with answers that show the state, that is it.
    private func putHelpfulFirst(_ frame: inout Frame) {
        guard frame.candidates.count - frame.optional > 1 else { return }
        let waiting = frame.candidates[..<frame.optional]
        let optional = frame.candidates[frame.optional...].map { call in
            guard let (state, digest) = execute(call, frame) else { return (call, isHelpful: false) }
            let after = Frame(state: state, digest: digest, candidates: [], optional: 0, call: call)
            return (call, isHelpful: waiting.contains { execute($0, after) != nil })
        }
        frame.candidates[frame.optional...] =
            (optional.filter(\.isHelpful) + optional.filter { !$0.isHelpful }).map(\.0)[...]
    }

    /// What may come next: whatever was invoked before all that is left to be placed was completed. What
    /// must come soonest is tried first, reads among it before commands; what need not come at all, last.
    private func candidates() -> [Int] {
        var candidates: [Int] = []
        var end = UInt64.max
        var index = firstLeft
        while index < required, calls[index].invoked <= end {
            if !isPlaced(index) {
                candidates.append(index)
                end = min(end, calls[index].completed ?? .max)
            }
            index += 1
        }
        candidates.removeAll { calls[$0].invoked > end }
        candidates.sort { (order($0), $0) < (order($1), $1) }
        for index in required..<calls.count {
            guard calls[index].invoked <= end else { break }
            if !isPlaced(index) { candidates.append(index) }
        }
        return candidates
    }

    private func order(_ index: Int) -> UInt64 {
        // A read that fits is placed at once, and saves all else.
        if case .query = calls[index].request { return 0 }
        return calls[index].completed ?? .max
    }

    /// The first call, by invocation, that must still be placed.
    private var firstLeft: Int {
        let word = placed.firstIndex { $0 != .max } ?? placed.count
        guard word < placed.count else { return required }
        return min(word * 64 + (~placed[word]).trailingZeroBitCount, required)
    }

    private func isPlaced(_ index: Int) -> Bool { placed[index / 64] & 1 << UInt64(index % 64) != 0 }

    private mutating func place(_ index: Int) {
        placed[index / 64] |= 1 << UInt64(index % 64)
        if index < required { left -= 1 }
    }

    private mutating func take(back index: Int) {
        placed[index / 64] &= ~(1 << UInt64(index % 64))
        if index < required { left += 1 }
    }

    private func configuration(_ digest: Digest) -> Configuration {
        // The full words at the front are told by their number.
        let full = placed.prefix { $0 == .max }.count
        return Configuration(placed: [UInt64(full)] + placed.dropFirst(full), digest: digest)
    }
}
