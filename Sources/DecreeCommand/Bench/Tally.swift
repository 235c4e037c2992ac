import Paxos

/// What became of requests.
struct Tally: Sendable {
    /// From the intended start to the outcome, of those inside the measured time.
    var latencies = Latencies()
    /// Requests answered inside the measured time.
    private(set) var answered: UInt64 = 0
    /// Of those, the ones the state machine refused: results like any other.
    private(set) var rejected: UInt64 = 0
    /// Requests that came to nothing, or to nobody knows what, whenever it was.
    private(set) var errors: UInt64 = 0
    /// Why, and how often.
    private(set) var reasons: [String: UInt64] = [:]

    /// Reasons remembered apart; the rest are only counted.
    private static let reasonLimit = 16

    mutating func countAnswer(_ outcome: Outcome) {
        answered += 1
        if case .rejected = outcome { rejected += 1 }
    }

    mutating func countError(_ reason: String) {
        errors += 1
        guard reasons[reason] != nil || reasons.count < Self.reasonLimit else { return }
        reasons[reason, default: 0] += 1
    }

    mutating func add(_ other: Tally) {
        latencies.add(other.latencies)
        answered += other.answered
        rejected += other.rejected
        errors += other.errors
        for (reason, count) in other.reasons { reasons[reason, default: 0] += count }
    }
}

extension Outcome {
    /// Why there is no answer; nil if there is one.
    var trouble: String? {
        switch self {
        case .ok, .rejected: nil
        case .failed(let reason): reason.description
        case .unknown(let reason, _): reason.description
        }
    }
}
