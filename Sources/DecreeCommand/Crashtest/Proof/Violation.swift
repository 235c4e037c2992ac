/// Something that must never happen, and happened.
struct Violation: Hashable, Sendable, CustomStringConvertible {
    enum Kind: String, CaseIterable, Sendable {
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
        /// Money came or went.
        case total = "total not conserved"
        /// Two nodes hold different logs.
        case logs = "logs differ"
        /// A state differs from what the log makes of it.
        case state = "states differ"
        /// A store is not sound.
        case store
        /// A node stopped of itself, or did not stop when asked.
        case node
        /// The cluster did not come back.
        case stalled
    }

    let kind: Kind
    let detail: String

    init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    var description: String { "\(kind.rawValue): \(detail)" }
}
