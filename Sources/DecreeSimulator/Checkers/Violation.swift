/// Something that must never happen, and happened.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// What kind of thing.
    public enum Kind: String, CaseIterable, Sendable {
        /// An acknowledged write is not where its receipt says.
        case lost
        /// A command had its effect twice.
        case doubled
        /// An effect that nobody submitted, or whose client was told that it was not done.
        case ghost
        /// An answer differs from that of the model.
        case wrongAnswer = "wrong answer"
        /// Something stands before what was acknowledged before it was asked.
        case stale
        /// No order of the operations explains their answers, whatever positions the nodes claim.
        case notLinearizable = "not linearizable"
        /// What the state machine promises of its own does not hold: for the bank, money came or went.
        case total = "total not conserved"
        /// Two nodes hold different logs.
        case logs = "logs differ"
        /// A state differs from what the log makes of it.
        case state = "states differ"
        /// An invariant of `docs/invariants.md`, looked at from outside, does not hold.
        case invariant
        /// A store is not sound.
        case store
        /// A node stopped of itself, or did not stop when asked.
        case node
        /// The cluster did not come back.
        case stalled
        /// The recorded history contradicts itself: whoever recorded it is wrong, or the clock.
        case history
    }

    /// What kind of thing.
    public let kind: Kind
    /// What and where.
    public let detail: String

    /// A violation.
    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// Kind and detail.
    public var description: String { "\(kind.rawValue): \(detail)" }
}
